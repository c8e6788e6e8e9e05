/*
 * t_senders: whose turn it is among those who wait for places, and that nobody
 * is remembered for nothing.
 */
#include "tests/unit/unit.h"

#include "queue/pool.h"
#include "queue/senders.h"

static struct senders all;
static struct pool pools[6];

static void
wait_for(size_t i, uint32_t who)
{
	pools[i].who = who;
	assert_true(senders_wait(&all, &pools[i]));
}

static void
turns(void **state)
{
	(void)state;
	senders_init(&all);
	assert_null(senders_next(&all, 1));
	for (size_t i = 0; i < 4; i++)
		wait_for(i, 1);
	wait_for(4, 2);
	wait_for(5, 3);
	assert_int_equal(all.waiting, 6);
	static const size_t order[] = { 0, 4, 5, 1, 2, 3 };
	for (size_t i = 0; i < COUNT(order); i++) {
		struct pool *p = senders_next(&all, 1);

		assert_ptr_equal(p, &pools[order[i]]);
		senders_leave(&all, p);
	}
	assert_null(senders_next(&all, 1));
	assert_true(RB_EMPTY(&all.all));
}

/* Who holds much waits behind who holds little. */
static void
shares(void **state)
{
	(void)state;
	senders_init(&all);
	wait_for(0, 1);
	wait_for(1, 2);
	for (int i = 0; i < 3; i++)
		assert_true(senders_hold(&all, 1));
	assert_int_equal(senders_held(&all, 1), 3);
	assert_int_equal(senders_held(&all, 2), 0);
	assert_int_equal(senders_held(&all, 9), 0);
	assert_ptr_equal(senders_next(&all, 4), &pools[0]);
	assert_ptr_equal(senders_next(&all, 3), &pools[1]);
	assert_null(senders_next(&all, 0));
	senders_leave(&all, &pools[1]);
	assert_null(senders_next(&all, 3));
	senders_release(&all, 1);
	assert_ptr_equal(senders_next(&all, 3), &pools[0]);
	senders_leave(&all, &pools[0]);
	for (int i = 0; i < 2; i++)
		senders_release(&all, 1);
	assert_true(RB_EMPTY(&all.all));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(turns),
		cmocka_unit_test(shares),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
