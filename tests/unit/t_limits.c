/*
 * t_limits: what an account's mailbox may hold.
 */
#include "tests/unit/cdb.h"

#include "common/limits.h"

struct row {
	const char *quota, *messages, *tags; /* options; NULL: not set */
	const char *line;                    /* NULL: nothing said */
	bool good;
	struct account_limits limits;
};

/* clang-format off */
static const struct row rows[] = {
	{ NULL, NULL, NULL, NULL,			true, { 0, 0, true } },
	{ "1000", "20", "no", NULL,			true, { 1000, 20, false } },
	{ "1000", "20", "no", "bytes=5",		true, { 5, 20, false } },
	{ "1000", "20", "no", "bytes=0 messages=0",	true, { 0, 0, false } },
	{ "1", NULL, NULL, "quota=2k messages=10 tags=no", true, { 2048, 10, false } },
	{ "9", NULL, NULL, "quota=2q",			false, { 0, 0, false } },
	{ "1000", NULL, NULL, "tags=no",		true, { 1000, 0, false } },
	{ NULL, NULL, "no", "messages=7 tags=yes bytes=1", true, { 1, 7, true } },
	{ NULL, NULL, NULL, "bytes=9223372036854775807", true, { INT64_MAX, 0, true } },
	{ "9", NULL, NULL, "bytes=9223372036854775808",	false, { 0, 0, false } },
	{ "9", NULL, NULL, "bytes=-1",			false, { 0, 0, false } },
	{ "9", NULL, NULL, "bytes=",			false, { 0, 0, false } },
	{ "9", NULL, NULL, "",				false, { 0, 0, false } },
	{ "9", NULL, NULL, "bytes=1  messages=1",	false, { 0, 0, false } },
	{ "9", NULL, NULL, "bytes=1 ",			false, { 0, 0, false } },
	{ "9", NULL, NULL, "tags=maybe",		false, { 0, 0, false } },
	{ "9", NULL, NULL, "bites=1",			false, { 0, 0, false } },
	{ "9", NULL, NULL, "messages=00000000000000000000000000000000001", false, { 0, 0, false } },
	{ "much", NULL, NULL, NULL,			false, { 0, 0, false } },
	{ NULL, NULL, "maybe", "tags=no",		false, { 0, 0, false } },
};
/* clang-format on */

static size_t
option(struct cdb_row *out, const char *name, const char *value)
{
	if (value == NULL)
		return 0;
	*out = (struct cdb_row){ TABLES_OPTION, name, value };
	return 1;
}

static void
test_rows(void **state)
{
	struct cdb_row r[4];
	struct account_limits l;
	struct tables t;
	char err[TABLES_ERR];
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		n = option(r, "quota", rows[i].quota);
		n += option(r + n, "quota-messages", rows[i].messages);
		n += option(r + n, "tag-folders", rows[i].tags);
		if (rows[i].line != NULL)
			r[n++] = (struct cdb_row){ TABLES_LIMITS,
				"alice@example.org", rows[i].line };
		cdb_file("tables.cdb", r, n);
		assert_true(
		    tables_open(&t, unit_path("tables.cdb"), false, err));
		if (limits_get(&t, "alice@example.org", &l) != rows[i].good ||
		    l.bytes != rows[i].limits.bytes ||
		    l.messages != rows[i].limits.messages ||
		    l.tags != rows[i].limits.tags)
			fail_msg("row %zu: bytes=%ju messages=%ju tags=%d", i,
			    (uintmax_t)l.bytes, (uintmax_t)l.messages, l.tags);
		assert_int_equal(limits_quota(&l).bytes, l.bytes);
		assert_int_equal(limits_quota(&l).messages, l.messages);
		tables_close(&t);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
