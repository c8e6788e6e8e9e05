/*
 * t_map_wire: the socketmap protocol, and all that a server could send instead.
 */
#include "tests/unit/unit.h"

#include "common/map_wire.h"

static struct map_reply r;

static void
queries(void **state)
{
	char out[MAP_WIRE_QUERY], name[MAP_NAME_MAX + 1], key[MAP_KEY_MAX + 1];
	size_t n;

	(void)state;
	n = map_wire_query(out, "users", "a@x.test");
	assert_string_equal(out, "14:users a@x.test,");
	assert_int_equal(n, strlen(out));
	memset(name, 'n', sizeof(name));
	memset(key, 'k', sizeof(key));
	name[MAP_NAME_MAX] = key[MAP_KEY_MAX] = '\0';
	n = map_wire_query(out, name, key);
	assert_int_equal(n, strlen(out));
	assert_memory_equal(out, "501:nnn", 7);
	assert_int_equal(out[n - 1], ',');
}

/* Whole, and of each part of it that more is wanted. */
static void
good(void **state)
{
	static const struct {
		const char *text;
		enum map_status status;
		const char *value, *why;
	} rows[] = {
		{ "4:OK x,", MAP_FOUND, "x", "" },
		{ "3:OK ,", MAP_FOUND, "", "" },
		{ "2:OK,", MAP_FOUND, "", "" },
		{ "9:OK a b, c,", MAP_FOUND, "a b, c", "" },
		{ "9:NOTFOUND ,", MAP_NONE, "", "" },
		{ "8:NOTFOUND,", MAP_NONE, "", "" },
		{ "11:NOTFOUND no,", MAP_NONE, "", "" },
		{ "9:TEMP down,", MAP_LATER, "", "it says: TEMP down" },
		{ "8:TIMEOUT ,", MAP_LATER, "", "it says: TIMEOUT " },
		{ "7:PERM \x1b\xff,", MAP_LATER, "", "it says: PERM ??" },
	};
	size_t used;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *s = rows[i].text;
		size_t len = strlen(s);

		for (size_t part = 0; part < len; part++)
			assert_int_equal(
			    map_wire_reply(s, part, &used, &r), MAP_WIRE_MORE);
		assert_int_equal(
		    map_wire_reply(s, len, &used, &r), MAP_WIRE_REPLY);
		assert_int_equal(used, len);
		assert_int_equal(r.status, rows[i].status);
		assert_string_equal(r.value, rows[i].value);
		assert_string_equal(r.text, rows[i].why);
	}
	/* What is behind it is the next one's. */
	assert_int_equal(
	    map_wire_reply("2:OK,9:", 7, &used, &r), MAP_WIRE_REPLY);
	assert_int_equal(used, 5);
}

static void
bad(void **state)
{
	static const struct {
		const char *text;
		enum map_wire want;
	} rows[] = {
		{ "OK x\n", MAP_WIRE_GARBAGE },
		{ ":OK,", MAP_WIRE_GARBAGE },
		{ "-1:,", MAP_WIRE_GARBAGE },
		{ "+2:OK,", MAP_WIRE_GARBAGE },
		{ " 2:OK,", MAP_WIRE_GARBAGE },
		{ "02:OK,", MAP_WIRE_GARBAGE },
		{ "2;OK,", MAP_WIRE_GARBAGE },
		{ "2:OK;", MAP_WIRE_GARBAGE },
		{ "1:OK,", MAP_WIRE_GARBAGE },
		{ "0:,", MAP_WIRE_GARBAGE },
		{ "3:OKx,", MAP_WIRE_GARBAGE },
		{ "2:ok,", MAP_WIRE_GARBAGE },
		{ "5:MAYBE,", MAP_WIRE_GARBAGE },
		{ "8196:", MAP_WIRE_LONG },
		{ "99999999:", MAP_WIRE_LONG },
		{ "999999999:", MAP_WIRE_LONG },
		{ "999999999999999999999999999", MAP_WIRE_LONG },
		{ "99999999", MAP_WIRE_LONG },
	};
	size_t used;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		enum map_wire got = map_wire_reply(
		    rows[i].text, strlen(rows[i].text), &used, &r);

		if (got != rows[i].want)
			fail_msg("\"%s\": %d", rows[i].text, (int)got);
		assert_int_equal(r.status, MAP_LATER);
		assert_int_not_equal(r.text[0], '\0');
	}
	/* A NUL is the fault of one value, not of the connection. */
	assert_int_equal(
	    map_wire_reply("4:OK \0,", 7, &used, &r), MAP_WIRE_REPLY);
	assert_int_equal(used, 7);
	assert_int_equal(r.status, MAP_LATER);
}

static void
longest(void **state)
{
	static char text[MAP_WIRE_MAX + 1];
	size_t used, n;

	(void)state;
	n = (size_t)snprintf(text, sizeof(text), "%d:OK ", MAP_VALUE_MAX + 3);
	memset(text + n, 'v', MAP_VALUE_MAX);
	n += MAP_VALUE_MAX;
	assert_int_equal(map_wire_reply(text, n, &used, &r), MAP_WIRE_MORE);
	text[n++] = ',';
	assert_true(n <= MAP_WIRE_MAX);
	assert_int_equal(map_wire_reply(text, n, &used, &r), MAP_WIRE_REPLY);
	assert_int_equal(r.status, MAP_FOUND);
	assert_int_equal(strlen(r.value), MAP_VALUE_MAX);
	/* A reason of any length is cut. */
	memcpy(text + 5, "TEMP ", 5);
	assert_int_equal(map_wire_reply(text, n, &used, &r), MAP_WIRE_REPLY);
	assert_int_equal(r.status, MAP_LATER);
	assert_true(strlen(r.text) <= TEXT_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queries),
		cmocka_unit_test(good),
		cmocka_unit_test(bad),
		cmocka_unit_test(longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
