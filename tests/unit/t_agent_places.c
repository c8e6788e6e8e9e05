/*
 * t_agent_places: which next hop gets the next agent, and which agent makes
 * room, also those that nobody answers.
 * wrap: deadline_now pool_take pool_fail pool_lost pool_again message_tell
 * wrap: message_lost message_moved message_tell_rcpt message_verdict spool_reader queue_stop route_find
 * wrap: pool_whos schedule_dest_due schedule_dest_wait schedule_dest_hurry dispatch_kick
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
	for (size_t i = 0; i < 8; i++) {
		set_state(i, DEST_DOWN);
		give(i, 3);
		n += asked(NULL);
		assert_true(pools[i]->nagents <= 1);
	}
	assert_int_equal(n, 2);
	for (size_t i = 8; i < HOPS; i++) {
		give(i, 1);
		n += asked(NULL);
	}
	assert_int_equal(n, 6);
}

/*
 * One sender's unknown hosts take no more places than he leaves to others, of
 * whom each finds one.
 */
static void
senders(void **state)
{
	size_t n = 0;

	(void)state;
	sender = 7;
	for (size_t i = 0; i < 8; i++) {
		give(i, 1);
		n += asked(NULL);
	}
	assert_int_equal(n, 3); /* of six */
	sender = 8;
	give(8, 1);
	give(9, 1);
	assert_int_equal(asked(NULL), 2);
	sender = 9;
	give(10, 1);
	assert_int_equal(asked(NULL), 1);
	assert_false(pools[10]->is_starving);
	/* Others may join who waits in vain: then it goes by their right. */
	set_state(0, DEST_GOOD);
	turn();
	assert_int_equal(asked(NULL), 0);
	assert_true(pools[7]->is_starving);
	sender = 10;
	agents_wake(agents, pools[7]);
	turn();
	assert_int_equal(asked(NULL), 1);
	assert_int_equal(pools[7]->nagents, 1);
}

/* A place that whoever waited for it does not want any more is another's. */
static void
passed_on(void **state)
{
	(void)state;
	queue.settings.remote_agents = 2;
	set_state(1, DEST_GOOD);
	set_state(2, DEST_GOOD);
	set_state(3, DEST_GOOD);
	give(1, 1);
	dests[1]->window = 1;
	give(0, 1);
	assert_int_equal(asked(NULL), 2);
	give(2, 1);
	give(3, 1);
	assert_true(pools[2]->is_starving && pools[3]->is_starving);
	/* The first in line is woken for a place, and has no work by then. */
	queue.settings.remote_agents = 3;
	set_waiting(pools[2], 0);
	agents_wake(agents, pools[2]);
	turn();
	assert_int_equal(asked(NULL), 1);
	assert_int_equal(pools[3]->nagents, 1);
}

static void
watch(void)
{
	assert_true(event_pending(agents->watch, EV_TIMEOUT, NULL));
	event_active(agents->watch, EV_TIMEOUT, 0);
	turn();
}

/* Starts an agent of each of the first n, none of whom says anything. */
static void
silent(size_t n, struct chan jobs[])
{
	uint32_t serial = 0;

	for (size_t i = 0; i < n; i++) {
		give(i, 1);
		assert_int_equal(asked(&serial), 1);
		other_hop = dests[i]->name;
		start(serial);
		assert_int_equal(dests[i]->outstanding, 1);
		jobs[i] = job;
	}
}

/* Those that nobody answers are given up for those who wait, in their turn. */
static void
stuck(void **state)
{
	static struct chan jobs[6];

	(void)state;
	silent(6, jobs);
	assert_false(event_pending(agents->watch, EV_TIMEOUT, NULL));
	give(6, 1);
	assert_true(pools[6]->is_starving);
	now += 4999;
	watch();
	assert_int_equal(verdicts, 0);
	now += 1;
	watch();
	/* The oldest, for one who waits. */
	assert_int_equal(verdicts, 1);
	assert_int_equal(dests[0]->state, DEST_DOWN);
	assert_int_equal(dests[1]->state, DEST_NEW);
	assert_int_equal(asked(NULL), 1);
	assert_int_equal(pools[6]->nagents, 1);
	assert_int_equal(dests[0]->outstanding, 0);
	assert_int_equal(losses, 0);
	assert_false(entry.alone);
	for (size_t i = 0; i < 6; i++)
		chan_close(&jobs[i]);
	turn();
}

/* A sign of life, or an answer, is enough; and a quarter may be stuck. */
static void
alive(void **state)
{
	const struct msg_job_ready ready = { 0 };
	static struct chan jobs[6];

	(void)state;
	silent(6, jobs);
	for (size_t i = 2; i < 6; i++)
		assert_int_equal(
		    chan_send(&jobs[i], JOB_T_READY, &ready, -1, 0), CHAN_OK);
	turn();
	give(6, 1);
	now += 100000;
	watch();
	assert_int_equal(verdicts, 0);
	assert_true(pools[6]->is_starving);
	for (size_t i = 0; i < 6; i++)
		chan_close(&jobs[i]);
	turn();
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
		T(senders),
		T(passed_on),
		T(stuck),
		T(alive),
		T(better_class),
		T(idle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
