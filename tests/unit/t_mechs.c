/*
 * Unit test of common/mechs.
 */
#include "tests/unit/cdb.h"

#include "common/mechs.h"

#define ALL "PLAIN LOGIN SCRAM-SHA-256 EXTERNAL CRAM-MD5 APOP"

/* clang-format off */
static const struct {
	const char *accounts; /* NULL: tables that do not say */
	struct mechs_line line;
	const char *want;
} cases[] = {
	{ NULL, { true, true, true, true }, "PLAIN LOGIN" },
	{ NULL, { false, true, true, true }, "" },
	{ "", { true, true, true, true }, "" },
	{ ALL, { true, true, true, true },
	    "EXTERNAL SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN CRAM-MD5" },
	{ ALL, { true, true, false, false },
	    "SCRAM-SHA-256 PLAIN LOGIN CRAM-MD5" },
	{ ALL, { true, true, true, false },
	    "SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN CRAM-MD5" },
	{ ALL, { false, true, true, true }, "EXTERNAL" },
	{ ALL, { false, false, false, false }, "" },
	{ "PLAIN LOGIN SCRAM-SHA-256", { true, true, true, true },
	    "SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN" },
	/* what could be bound is not wanted */
	{ ALL, { true, false, true, true },
	    "EXTERNAL SCRAM-SHA-256 PLAIN LOGIN CRAM-MD5" },
	{ "CRAM-MD5 APOP", { true, true, true, true }, "CRAM-MD5" },
	{ "APOP", { true, true, true, true }, "" },
	{ "ANONYMOUS", { true, true, true, true }, "" },
};
/* clang-format on */

static void
open_with(struct tables *t, const char *accounts)
{
	const struct cdb_row row = { TABLES_META, "mechanisms", accounts };
	char e[TABLES_ERR];

	cdb_file("t.cdb", &row, accounts != NULL);
	assert_true(tables_open(t, unit_path("t.cdb"), false, e));
}

static void
offered(void **state)
{
	char out[MECHS_MAX];
	struct tables t;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		open_with(&t, cases[i].accounts);
		mechs_offered(&t, &cases[i].line, out);
		assert_string_equal(out, cases[i].want);
		tables_close(&t);
	}
}

static void
has(void **state)
{
	static const char list[] = "PLAIN SCRAM-SHA-256 LOGIN";

	(void)state;
	assert_true(mechs_has(list, "PLAIN"));
	assert_true(mechs_has(list, "login"));
	assert_true(mechs_has(list, "Scram-SHA-256"));
	assert_false(mechs_has(list, "SCRAM-SHA-25"));
	assert_false(mechs_has(list, "SCRAM-SHA-256-PLUS"));
	assert_false(mechs_has(list, "PLAIN SCRAM-SHA-256"));
	assert_false(mechs_has(list, ""));
	assert_false(mechs_has("", "PLAIN"));
	assert_false(mechs_has("", ""));
}

static void
possible(void **state)
{
	struct tables t;

	(void)state;
	open_with(&t, "PLAIN SCRAM-SHA-256 APOP");
	assert_true(mechs_possible(&t, "plain"));
	assert_true(mechs_possible(&t, "SCRAM-SHA-256"));
	assert_true(mechs_possible(&t, "SCRAM-SHA-256-PLUS"));
	assert_true(mechs_possible(&t, "APOP"));
	assert_true(mechs_apop(&t));
	assert_false(mechs_possible(&t, "LOGIN"));
	assert_false(mechs_possible(&t, "EXTERNAL"));
	assert_false(mechs_possible(&t, "CRAM-MD5"));
	assert_false(mechs_possible(&t, "ANONYMOUS"));
	assert_false(mechs_possible(&t, ""));
	tables_close(&t);
	open_with(&t, NULL);
	assert_true(mechs_possible(&t, "LOGIN"));
	assert_false(mechs_possible(&t, "APOP"));
	assert_false(mechs_apop(&t));
	tables_close(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offered),
		cmocka_unit_test(has),
		cmocka_unit_test(possible),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
