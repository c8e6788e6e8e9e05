/*
 * t_agent_away: what an agent for another host is told, and what its answers
 * mean for its next hop.
 * wrap: deadline_now pool_take pool_fail pool_lost pool_again message_tell
 * wrap: message_lost message_moved message_tell_rcpt message_verdict spool_reader queue_stop route_find
 * wrap: pool_whos schedule_dest_due schedule_dest_wait schedule_dest_hurry dispatch_kick
 */
#include "tests/unit/places.h"

#include "common/hop_token.h"
#include "common/mac_key.h"

/* Its first words are the hop; it gets one message until it got through. */
static void
first_words(void **state)
{
	uint32_t serial = 0, number;
	union msg_job m;

	(void)state;
	dests[0]->window = 1;
	give(0, 9);
	assert_int_equal(asked(&serial), 1);
	start(serial);
	assert_int_equal(heard(&m), JOB_T_HOP);
	assert_string_equal(m.hop.hop, "hop00");
	number = heard_job();
	assert_int_equal(heard(&m), JOB_T_COUNT);
	assert_int_equal(dests[0]->outstanding, 1);
	now += 10;
	say(number, "2.0.0", 250, 0);
	assert_int_equal(verdicts, 1);
	assert_int_equal(dests[0]->state, DEST_GOOD);
	/* Some ahead now, and another agent. */
	for (int i = 0; i < 3; i++)
		number = heard_job();
	assert_int_equal(heard(&m), JOB_T_COUNT);
	assert_int_equal(asked(NULL), 1);
	chan_close(&job);
	turn();
}

/* It cannot be reached: nothing waits any more, and the agent goes. */
static void
down(void **state)
{
	uint32_t serial = 0, number;
	union msg_job m;
	struct verdict v;

	(void)state;
	dests[0]->window = 1;
	give(0, 9);
	assert_int_equal(asked(&serial), 1);
	start(serial);
	(void)heard(&m);
	number = heard_job();
	now += 10;
	say(number, "4.4.1", 0, OUTCOME_DOWN);
	assert_int_equal(verdicts, 9);
	assert_int_equal(dests[0]->state, DEST_DOWN);
	assert_int_equal(heard(&m), JOB_T_COUNT);
	assert_int_equal(dests[0]->agents, 0);
	assert_int_equal(due, 1);
	assert_int_equal(parked, 0);
	assert_true(is_down("hop00", &v));
	assert_string_equal(v.diag.dsn, "4.4.1");
	assert_false(is_down("hop01", &v));
	assert_false(is_down("hop99", &v));
	/* The first wait is a fifth of retry-first, or a little less. */
	now += 44000;
	assert_true(is_down("hop00", &v));
	now += 16000;
	assert_false(is_down("hop00", &v));
	assert_int_equal(parked, 1);
	/* It finds out that all is well. */
	chan_close(&job);
	give(0, 1);
	assert_int_equal(asked(&serial), 1);
	start(serial);
	(void)heard(&m);
	say(heard_job(), "4.2.0", 450, 0); /* which is a greeting, too */
	assert_int_equal(dests[0]->state, DEST_GOOD);
	assert_int_equal(hurried, 1);
	chan_close(&job);
	turn();
}

/* What one connection too many had goes over another one. */
static void
one_too_many(void **state)
{
	uint32_t serial = 0, number;
	struct chan first;
	union msg_job m;

	(void)state;
	dests[0]->window = 1;
	give(0, 1);
	assert_int_equal(asked(&serial), 1);
	start(serial);
	(void)heard(&m);
	say(heard_job(), "2.0.0", 250, 0);
	dests[0]->window = 4;
	now += 10;
	give(0, 4); /* three for the one, and another is asked for */
	first = job;
	assert_int_equal(asked(&serial), 1);
	start(serial);
	(void)heard(&m);
	number = heard_job();
	now += 10;
	say(number, "4.7.0", 421, OUTCOME_BUSY | OUTCOME_DOWN);
	assert_int_equal(verdicts, 1);
	assert_int_equal(again, 1);
	assert_int_equal(dests[0]->state, DEST_GOOD);
	assert_int_equal(dests[0]->window, 2);
	assert_int_equal(dests[0]->agents, 2); /* a new one is on its way */
	chan_close(&job);
	job = first;
	for (int i = 0; i < 3; i++)
		say(heard_job(), "2.0.0", 250, 0);
	say(heard_job(), "2.0.0", 250, 0);
	assert_int_equal(verdicts, 5);
	assert_int_equal(pools[0]->waiting, 0);
	chan_close(&job);
	turn();
}

/* Who looked whether it is up came back without news: the next one looks. */
static void
no_news(void **state)
{
	uint32_t serial = 0;
	struct verdict v;
	union msg_job m;

	(void)state;
	set_state(0, DEST_DOWN);
	assert_false(is_down("hop00", &v));
	assert_int_equal(parked, 1);
	give(0, 1);
	assert_true(is_down("hop00", &v));
	assert_int_equal(asked(&serial), 1);
	start(serial);
	(void)heard(&m);
	assert_true(is_down("hop00", &v));
	assert_int_equal(due, 0);
	say(heard_job(), "4.3.0", 0, 0);
	assert_int_equal(due, 1);
	assert_false(is_down("hop00", &v));
	assert_int_equal(parked, 2);
	/* The same when nobody looked. */
	give(0, 0);
	assert_int_equal(due, 2);
	chan_close(&job);
	turn();
	assert_int_equal(due, 2);
}

/* Our own trouble tells nothing of the destination; nor does a crash. */
static void
own_trouble(void **state)
{
	uint32_t serial = 0;
	union msg_job m;

	(void)state;
	dests[0]->window = 1;
	give(0, 2);
	assert_int_equal(asked(&serial), 1);
	start(serial);
	(void)heard(&m);
	say(heard_job(), "4.3.0", 0, 0);
	assert_int_equal(dests[0]->state, DEST_NEW);
	assert_true(agents_slow(agents, dests[0]->number));
	assert_false(agents_slow(agents, 7));             /* a mailbox */
	assert_true(agents_slow(agents, ROUTE_AWAY | 7)); /* unknown */
	assert_false(agents_crowded(agents, dests[0]->number));
	set_waiting(pools[0], 25);
	assert_true(agents_crowded(agents, dests[0]->number));
	set_waiting(pools[0], 0);
	(void)heard_job();
	chan_close(&job);
	turn();
	assert_int_equal(losses, 1);
	assert_int_equal(dests[0]->state, DEST_NEW);
	assert_int_equal(dests[0]->outstanding, 0);
	assert_int_equal(dests[0]->agents, 0);
}

/* The tables name another hop by now: it is not given to this one. */
static void
routed_anew(void **state)
{
	uint32_t serial = 0;
	union msg_job m;

	(void)state;
	give(0, 1);
	assert_int_equal(asked(&serial), 1);
	other_hop = "hop01";
	start(serial);
	assert_int_equal(heard(&m), JOB_T_HOP);
	assert_int_equal(heard(&m), JOB_T_COUNT);
	assert_int_equal(untried, 1);
	assert_int_equal(dests[0]->outstanding, 0);
	chan_close(&job);
	turn();
}

/* With credentials, and only then, it has something to show to authd. */
static void
leave(void **state)
{
	static const struct mac_key key = { "key" };
	const struct hop_leave l = { "hop00", HOP_TLS_VERIFY };
	uint32_t serial = 0;
	union msg_job m;

	(void)state;
	queue.hops = &key;
	for (int i = 0; i < 2; i++) {
		give(0, 1);
		pools[0]->away.credentials = i == 1;
		pools[0]->away.tls = HOP_TLS_VERIFY;
		assert_int_equal(asked(&serial), 1);
		start(serial);
		assert_int_equal(heard(&m), JOB_T_HOP);
		assert_int_equal(m.hop.tls, HOP_TLS_VERIFY);
		assert_int_equal(m.hop.leave_len, i == 1 ? HOP_TOKEN : 0);
		assert_int_equal(
		    hop_token_good(&key, &l, m.hop.leave, m.hop.leave_len),
		    i == 1);
		pools[0]->away = (struct route_away){ 0 };
		chan_close(&job);
		turn();
		pools[0]->pause = 0;
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, fresh, done)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(first_words),
		T(down),
		T(one_too_many),
		T(no_news),
		T(own_trouble),
		T(routed_anew),
		T(leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
