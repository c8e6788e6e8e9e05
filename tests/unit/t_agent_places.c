/*
 * t_agent_places: which next hop gets the next agent, and which agent makes
 * room.
 * wrap: deadline_now pool_take pool_fail pool_lost pool_again message_tell
 * wrap: message_lost message_untried message_tell_rcpt message_verdict spool_reader queue_stop route_find
 * wrap: schedule_dest_due schedule_dest_wait schedule_dest_hurry dispatch_kick
 */
#include "tests/unit/places.h"

/* New ones get three quarters; a good one finds a place beside them. */
static void
shares(void **state)
{
	size_t n = 0;

	(void)state;
	set_state(11, DEST_GOOD);
	for (size_t i = 0; i < 10; i++) {
		give(i, 1);
		n += asked(NULL);
	}
	assert_int_equal(n, 6);
	assert_true(pools[6]->is_starving);
	give(11, 5);
	assert_int_equal(asked(NULL), 2); /* its window */
	assert_int_equal(agents_count(agents), 8);
	/* Who is down gets a quarter, and nobody more than there are. */
	assert_false(pools[11]->is_starving);
}

static void
probes(void **state)
{
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < 10; i++) {
		set_state(i, DEST_DOWN);
		give(i, 3);
		n += asked(NULL);
		assert_true(pools[i]->nagents <= 1);
	}
	assert_int_equal(n, 2);
	for (size_t i = 10; i < HOPS; i++) {
		give(i, 3);
		n += asked(NULL);
	}
	assert_int_equal(n, 6);
}

/* One that becomes good has what it waits for without the others' end. */
static void
better_class(void **state)
{
	(void)state;
	for (size_t i = 0; i < 10; i++)
		give(i, 1);
	assert_int_equal(asked(NULL), 6);
	set_state(9, DEST_GOOD);
	turn();
	assert_int_equal(asked(NULL), 1);
	assert_int_equal(pools[9]->nagents, 1);
	assert_int_equal(agents->away.by_state[DEST_GOOD], 1);
	assert_int_equal(agents->away.by_state[DEST_NEW], 6);
}

/* An idle one goes when its connection is over, or its place is wanted. */
static void
idle(void **state)
{
	uint32_t serial = 0;
	union msg_job m;

	(void)state;
	give(0, 1);
	assert_int_equal(asked(&serial), 1);
	start(serial);
	(void)heard(&m);
	say(heard_job(), "2.0.0", 250, 0);
	now += 5999;
	event_active(agents->sweep, EV_TIMEOUT, 0);
	turn();
	assert_int_equal(pools[0]->nagents, 1);
	now += 1;
	event_active(agents->sweep, EV_TIMEOUT, 0);
	turn();
	assert_int_equal(dests[0]->agents, 0);
	chan_close(&job);
	turn();
	/* For a place that is wanted at once. */
	queue.settings.remote_agents = 1;
	set_state(5, DEST_GOOD);
	give(0, 1);
	assert_int_equal(asked(&serial), 1);
	start(serial);
	(void)heard(&m);
	say(heard_job(), "2.0.0", 250, 0);
	give(5, 1);
	turn();
	assert_int_equal(dests[0]->agents, 0);
	assert_int_equal(asked(NULL), 1);
	assert_int_equal(pools[5]->nagents, 1);
	chan_close(&job);
	turn();
}

#define T(f) cmocka_unit_test_setup_teardown(f, fresh, done)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(shares),
		T(probes),
		T(better_class),
		T(idle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
