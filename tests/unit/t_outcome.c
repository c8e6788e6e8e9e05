/*
 * t_outcome: diags and enhanced status codes.
 */
#include "tests/unit/unit.h"

#include "common/outcome.h"

static void
first_wins(void **state)
{
	struct diag d = DIAG_INIT;

	(void)state;
	assert_int_equal(d.outcome, OUT_OK);
	assert_string_equal(d.dsn, "2.0.0");
	assert_int_equal(diag_set(&d, "4.2.2", "full: %d%%", 100), OUT_TEMP);
	assert_string_equal(d.dsn, "4.2.2");
	assert_string_equal(d.text, "full: 100%");
	assert_int_equal(diag_set(&d, "5.1.1", "no such user"), OUT_TEMP);
	assert_string_equal(d.dsn, "4.2.2");
	assert_string_equal(d.text, "full: 100%");
	d = (struct diag)DIAG_INIT;
	assert_int_equal(diag_set(&d, "5.1.1", "no such user"), OUT_PERM);
	assert_int_equal(d.outcome, OUT_PERM);
}

static void
harmless(void **state)
{
	struct diag d = DIAG_INIT;
	char all[256], lots[1000];

	(void)state;
	for (int i = 0; i < 255; i++)
		all[i] = (char)(i + 1);
	all[255] = '\0';
	(void)diag_set(&d, "4.0.0", "%s", all);
	assert_int_equal(strlen(d.text), DIAG_TEXT);
	for (const char *p = d.text; *p != '\0'; p++)
		assert_true(*p >= ' ' && *p <= '~');
	assert_int_equal(d.text[0], '?');
	assert_int_equal(d.text[31], ' ');
	memset(lots, 'x', sizeof(lots));
	lots[999] = '\0';
	d = (struct diag)DIAG_INIT;
	(void)diag_set(&d, "4.0.0", "%s", lots);
	assert_int_equal(strlen(d.text), DIAG_TEXT);
	d = (struct diag)DIAG_INIT;
	(void)diag_set(&d, "4.999.9999999999", "x");
	assert_int_equal(strlen(d.dsn), DSN_LEN);
}

static const char *const good[] = { "2.0.0", "4.2.2", "5.7.999", "5.999.999",
	"2.1.5" };
static const char *const bad[] = { "", "2", "2.", "2.0", "2.0.", "2.0.0.",
	"2.0.0 ", "2.0.0.0", "3.0.0", "1.0.0", "0.0.0", "6.0.0", "2..0",
	"2.0..", "2.1234.0", "2.0.1234", "2.a.0", "2.0.a", " 2.0.0", "22.0.0",
	"2.-1.0", "2.0.0\n" };

static void
codes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(dsn_valid(good[i]));
	for (size_t i = 0; i < COUNT(bad); i++)
		if (dsn_valid(bad[i]))
			fail_msg("\"%s\"", bad[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_wins),
		cmocka_unit_test(harmless),
		cmocka_unit_test(codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
