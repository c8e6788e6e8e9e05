/*
 * t_recovery: when a message found in the spool is tried.
 */
#include "tests/unit/unit.h"

#include "queue/recovery.h"

static const struct retry_policy usual = { 300, 14400, 432000 };
static const struct retry_policy quick = { 2, 60, 600 };

static void
waits(void **state)
{
	static const struct {
		const struct retry_policy *p;
		uint32_t attempts, chance;
		int64_t want;
	} cases[] = {
		{ &usual, 0, 1023, 0 }, /* a new one: at once */
		{ &usual, 1, 0, 0 },
		{ &usual, 1, 512, 150000 },
		{ &usual, 30, 512, 150000 }, /* soon, however often tried */
		{ &usual, 99999, 0xffffffff, 299707 },
		{ &quick, 3, 512, 1000 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(recovery_wait(cases[i].p, cases[i].attempts,
				     cases[i].chance),
		    cases[i].want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(waits) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
