/*
 * t_map_source: where to look, as text.
 */
#include "tests/unit/unit.h"

#include "common/map_source.h"

static void
good(void **state)
{
	static const struct {
		const char *text;
		struct map_source want;
	} rows[] = {
		{ "cdb:/etc/postrider/users.cdb",
		    { MAP_CDB, "/etc/postrider/users.cdb", 0, "" } },
		{ "cdb:/a:b", { MAP_CDB, "/a:b", 0, "" } },
		{ "socketmap:unix:/run/m:users",
		    { MAP_UNIX, "/run/m", 0, "users" } },
		{ "socketmap:unix:/run/a:b:users",
		    { MAP_UNIX, "/run/a:b", 0, "users" } },
		{ "socketmap:inet:db.example.org:8080:u-1",
		    { MAP_INET, "db.example.org", 8080, "u-1" } },
		{ "socketmap:inet:192.0.2.1:1:u",
		    { MAP_INET, "192.0.2.1", 1, "u" } },
		{ "socketmap:inet:[2001:db8::1]:65535:u",
		    { MAP_INET, "2001:db8::1", 65535, "u" } },
	};
	struct map_source s;
	const char *wanted;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(map_source_parse(rows[i].text, &s, &wanted));
		assert_int_equal(s.kind, rows[i].want.kind);
		assert_string_equal(s.place, rows[i].want.place);
		assert_int_equal(s.port, rows[i].want.port);
		assert_string_equal(s.name, rows[i].want.name);
	}
}

static void
bad(void **state)
{
	static const struct {
		const char *text, *wanted;
	} rows[] = {
		{ "", "cdb:/path" },
		{ "mysql:/etc/x", "cdb:/path" },
		{ "CDB:/etc/x", "cdb:/path" },
		{ "socketmap:tcp:h:1:n", "cdb:/path" },
		{ "cdb:", "absolute path" },
		{ "cdb:users.cdb", "absolute path" },
		{ "cdb:/a b", "absolute path" },
		{ "cdb:/a\nb", "absolute path" },
		{ "socketmap:unix:/run/m", "name behind" },
		{ "socketmap:unix:/run/m:", "name behind" },
		{ "socketmap:unix:/run/m:a b", "name behind" },
		{ "socketmap:unix:run/m:u", "absolute path" },
		{ "socketmap:unix::u", "absolute path" },
		{ "socketmap:inet:host:u", "a port" },
		{ "socketmap:inet:host:0:u", "a port" },
		{ "socketmap:inet:host:65536:u", "a port" },
		{ "socketmap:inet:host:x:u", "a port" },
		{ "socketmap:inet:8080:u", "a port" },
		{ "socketmap:inet::25:u", "a host" },
		{ "socketmap:inet:[::1:25:u", "a host" },
		{ "socketmap:inet:[host]:25:u", "a host" },
		{ "socketmap:inet:::1:25:u", "a host" },
		{ "socketmap:inet:-x_:25:u", "a host" },
	};
	struct map_source s;
	const char *wanted;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (map_source_parse(rows[i].text, &s, &wanted))
			fail_msg("\"%s\" was taken", rows[i].text);
		if (strstr(wanted, rows[i].wanted) == NULL)
			fail_msg("\"%s\": wanted %s", rows[i].text, wanted);
	}
}

/* Each at its bound and one byte over it. */
static void
bounds(void **state)
{
	static const struct {
		const char *start, *end;
		size_t most; /* bytes between them, from the start's "/" on */
	} rows[] = {
		{ "cdb:/", "", MAP_SOURCE_MAX - 5 },
		{ "socketmap:unix:/", ":u", MAP_PATH_MAX - 1 },
		{ "socketmap:unix:/m:", "", MAP_NAME_MAX },
	};
	char text[2 * MAP_SOURCE_MAX];
	struct map_source s;
	const char *wanted;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t over = 0; over < 2; over++) {
			char middle[MAP_SOURCE_MAX + 1];

			memset(middle, 'x', sizeof(middle));
			middle[rows[i].most + over] = '\0';
			(void)snprintf(text, sizeof(text), "%s%s%s",
			    rows[i].start, middle, rows[i].end);
			assert_int_equal(
			    map_source_parse(text, &s, &wanted), over == 0);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(bad),
		cmocka_unit_test(bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
