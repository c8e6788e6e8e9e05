/*
 * t_recovery: when a message found in the spool is tried.
 */
#include "tests/unit/unit.h"

#include "queue/recovery.h"

static const struct retry_policy usual = { 300, 14400, 432000, 0 };
static const struct retry_policy quick = { 2, 60, 600, 0 };

static void
waits(void **state)
{
	static const struct {
		const struct retry_policy *p;
		uint32_t attempts;
		int64_t since;
		uint32_t chance;
		int64_t want;
	} cases[] = {
		{ &usual, 0, 0, 1023, 0 }, /* a new one: at once */
		/* What is left of its wait, */
		{ &usual, 1, 0, 0, 300000 },
		{ &usual, 1, 100, 1023, 200000 },
		{ &usual, 30, 14399, 0, 1000 },
		{ &usual, 99999, 4400, 0xffffffff, 10000000 },
		/* as much as it can be when the clock was set back, */
		{ &usual, 30, -1000000, 0, 14400000 },
		{ &usual, 30, INT64_MIN, 0, 14400000 },
		/* or soon, when none is left, however often tried. */
		{ &usual, 1, 300, 0, 0 },
		{ &usual, 1, 300, 512, 150000 },
		{ &usual, 30, 14400, 512, 150000 },
		{ &usual, 99999, INT64_MAX, 0xffffffff, 299707 },
		{ &quick, 3, 8, 512, 1000 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(recovery_wait(cases[i].p, cases[i].attempts,
				     cases[i].since, cases[i].chance),
		    cases[i].want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(waits) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
