/*
 * t_retry: when to try again and when to give up, as tables.
 */
#include "tests/unit/unit.h"

#include "queue/retry.h"

static const struct retry_policy usual = { 300, 14400, 432000, 14400 };
static const struct retry_policy quick = { 1, 30, 60, 10 };
static const struct retry_policy flat = { 600, 600, 3600, 0 };
static const struct retry_policy slow = { 300, 14400, 60, 1 };
static const struct retry_policy huge = { 86400, INT64_MAX, INT64_MAX, 1 };

static void
delays(void **state)
{
	static const struct {
		const struct retry_policy *p;
		uint32_t attempts;
		int64_t want;
	} cases[] = {
		{ &usual, 1, 300 },
		{ &usual, 2, 600 },
		{ &usual, 6, 9600 },
		{ &usual, 7, 14400 },
		{ &usual, 4000000000u, 14400 }, /* no overflow, no long loop */
		{ &flat, 1, 600 },
		{ &flat, 9, 600 },
		{ &slow, 1, 300 },
		{ &huge, 90, INT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(
		    retry_delay(cases[i].p, cases[i].attempts), cases[i].want);
}

static void
waits(void **state)
{
	static const struct {
		const struct retry_policy *p;
		uint32_t attempts;
		int64_t age;
		uint32_t chance;
		int64_t want;
	} cases[] = {
		{ &usual, 1, 0, 0, 300000 },
		{ &usual, 1, 0, 1023, 270030 }, /* a tenth less, almost */
		{ &usual, 1, 0, 512, 285000 },
		{ &usual, 1, 0, 0xfffffc00u, 300000 },
		/* The last try comes at the very end, */
		{ &usual, 9, 431000, 0, 1000000 },
		{ &usual, 9, 431000, 1023, 1000000 },
		{ &slow, 1, 0, 0, 60000 },
		/* and afterwards the waits are the usual ones. */
		{ &usual, 9, 432000, 0, 14400000 },
		{ &usual, 9, INT64_MAX, 0, 14400000 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(retry_wait_ms(cases[i].p, cases[i].attempts,
				     cases[i].age, cases[i].chance),
		    cases[i].want);
}

static void
giving_up(void **state)
{
	static const struct {
		const struct retry_policy *p;
		uint32_t attempts;
		int64_t age;
		bool want;
	} cases[] = {
		{ &usual, 40, 431999, false },
		{ &usual, 40, 432000, true },
		/* A clock that jumped years ahead takes no attempts away. */
		{ &usual, 1, 400000000, false },
		{ &usual, 19, 400000000, false },
		{ &usual, 20, 400000000, true },
		/* Short lifetimes end, too. */
		{ &quick, 4, 60, false },
		{ &quick, 5, 60, true },
		{ &slow, 1, 60, false },
		{ &slow, 2, 60, true },
		{ &flat, 3, 3600, false },
		{ &flat, 4, 3600, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(
		    retry_expired(cases[i].p, cases[i].attempts, cases[i].age),
		    cases[i].want);
}

/* What the waits allow is never less than what giving up asks for. */
static void
both_agree(void **state)
{
	static const struct retry_policy *const all[] = { &usual, &quick, &flat,
		&slow };
	uint32_t attempts;
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		ms = 0;
		for (attempts = 1; ms < all[i]->lifetime * 1000; attempts++)
			ms += retry_wait_ms(all[i], attempts, ms / 1000, 0);
		assert_true(retry_expired(all[i], attempts, ms / 1000));
	}
}

/* Once, when it is old and was tried, and not when it is given up. */
static void
warnings(void **state)
{
	static const struct {
		const struct retry_policy *p;
		uint32_t attempts;
		int64_t age;
		bool warned, want;
	} cases[] = {
		{ &usual, 9, 14399, false, false },
		{ &usual, 9, 14400, false, true },
		{ &usual, 9, 14400, true, false },
		{ &usual, 9, 431999, false, true },
		{ &usual, 9, 432000, false, false },
		/* A clock that jumped ahead is not believed: 300 s, 600 s,
		 * 1200 s, 2400 s fit into two hours. */
		{ &usual, 1, 100000, false, false },
		{ &usual, 4, 14400, false, false },
		{ &usual, 5, 14400, false, true },
		{ &flat, 9, 3000, false, false },
		{ &quick, 3, 10, false, true },
		{ &quick, 2, 10, false, false },
		{ &slow, 1, 1, false, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(retry_warn_due(cases[i].p, cases[i].attempts,
				     cases[i].age, cases[i].warned),
		    cases[i].want);
}

/* A wait for the destination counts as the attempts that it took away. */
static void
missed(void **state)
{
	static const struct {
		const struct retry_policy *p;
		uint32_t attempts;
		int64_t wait; /* seconds */
		uint32_t want;
	} cases[] = {
		{ &usual, 0, 0, 0 },
		{ &usual, 1, 299, 0 },
		{ &usual, 1, 300, 1 },
		{ &usual, 0, 300, 1 },
		{ &usual, 1, 899, 1 },
		{ &usual, 1, 900, 2 },
		{ &usual, 9, 14399, 0 },
		{ &usual, 9, 43200, 3 },
		{ &usual, 1, 300 + 600 + 1200 + 2400 + 4800 + 9600 + 28800, 8 },
		{ &flat, 5, 1800, 3 },
		{ &usual, 4000000000u, 14400, 1 },
		{ &huge, 1, 86400, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(retry_missed(cases[i].p, cases[i].attempts,
				     cases[i].wait * 1000),
		    cases[i].want);
}

static void
ages(void **state)
{
	(void)state;
	assert_int_equal(retry_age(100, 160), 60);
	assert_int_equal(retry_age(160, 100), 0); /* the clock was set back */
	assert_int_equal(retry_age(INT64_MAX, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(delays),
		cmocka_unit_test(waits),
		cmocka_unit_test(giving_up),
		cmocka_unit_test(both_agree),
		cmocka_unit_test(warnings),
		cmocka_unit_test(missed),
		cmocka_unit_test(ages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
