/*
 * Unit test of common/restart.
 */
#include "tests/unit/unit.h"

#include "common/restart.h"

static const struct {
	int64_t last, ran, want;
} cases[] = {
	{ 0, 0, 100 },
	{ 0, 1000000, 100 },
	{ 100, 0, 200 },
	{ 100, 999, 200 },
	{ 100, 1000, 100 }, /* it ran ten times its wait */
	{ 200, 1999, 400 },
	{ 200, 2000, 100 },
	{ 12800, 5, 25600 },
	{ 25600, 5, 30000 },
	{ 30000, 5, 30000 },
	{ 30000, 299999, 30000 },
	{ 30000, 300000, 100 },
	{ -5, -5, 100 },
	{ INT64_MAX, 0, 30000 },
};

static void
table(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(
		    restart_wait(cases[i].last, cases[i].ran), cases[i].want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(table) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
