/*
 * t_dispatch: how many messages are begun and when it looks again, with a
 * clock that the test sets; and files that are not what they were.
 * wrap: deadline_now event_new event_add agents_new agents_outstanding
 * wrap: spool_load spool_set_aside message_start message_free pool_cancel
 * wrap: settings_refresh route_destination spool_remove agents_settings
 * wrap: agents_renew
 * wrap: agents_slow agents_crowded
 */
#include "tests/unit/dispatch.h"

static void
on_other(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	*(size_t *)arg = nbegun;
}

/* Others have a turn after 64; then the rest, without being asked. */
static void
batches(void **state)
{
	size_t seen = 0;

	(void)state;
	other = __real_event_new(queue.base, -1, 0, on_other, &seen);
	assert_non_null(other);
	give_many(150);
	for (int i = 0; i < 5; i++)
		turn();
	assert_int_equal(seen, 64);
	assert_int_equal(nbegun, 150);
	assert_int_equal(alarm_in, -1);
	event_free(other);
	other = NULL;
}

/* No more in memory than is allowed; the end of one begins the next. */
static void
bounds(void **state)
{
	(void)state;
	queue.settings.active = 5;
	give_many(8);
	turn();
	assert_int_equal(nbegun, 5);
	assert_int_equal(alarm_in, -1);
	schedule_remove(queue.schedule, begun[0].entry);
	dispatch_finished(d, &begun[0]);
	assert_int_equal(nfreed, 1);
	turn();
	assert_int_equal(nbegun, 6);
}

/* Nor more recipients. */
static void
many_rcpts(void **state)
{
	(void)state;
	rcpts = 70000;
	give_many(8);
	turn();
	assert_int_equal(nbegun, 3);
	schedule_remove(queue.schedule, begun[0].entry);
	dispatch_finished(d, &begun[0]);
	turn();
	assert_int_equal(nbegun, 4);
}

/* One destination gets a quarter, and one. */
static void
shares(void **state)
{
	(void)state;
	queue.settings.active = 20;
	for (unsigned int i = 0; i < 15; i++)
		(void)give(i, 7, now, false);
	(void)give(15, 8, now, false);
	turn();
	assert_int_equal(nbegun, 7);
}

/*
 * Destinations that may not answer get three quarters; the others are not kept
 * out by them, however many come first.
 */
static void
slow_ones(void **state)
{
	size_t slow = 0, quick = 0;

	(void)state;
	queue.settings.active = 40;
	for (unsigned int i = 0; i < 40; i++)
		(void)give(i, SLOW + 1 + i, now, false);
	for (unsigned int i = 0; i < 4; i++)
		(void)give(40 + i, i, now, false);
	turn();
	turn();
	for (size_t i = 0; i < nbegun; i++) {
		slow += begun[i].lasting != NULL;
		quick += begun[i].lasting == NULL;
	}
	assert_int_equal(slow, 31);
	assert_int_equal(quick, 4);
	assert_non_null(begun[0].lasting);
	schedule_remove(queue.schedule, begun[0].entry);
	dispatch_finished(d, &begun[0]);
	turn();
	assert_int_equal(nbegun, 35);
	now += 500; /* the place of one that was done with is given then */
	event_active(work, EV_TIMEOUT, 0);
	turn();
	assert_int_equal(nbegun, 36);
}

/* What has enough to find out whether it answers gets no more. */
static void
crowded(void **state)
{
	struct entry *e = give(0, SLOW, now, false);

	(void)state;
	(void)give(1, SLOW, now, false);
	(void)give(2, 1, now, false);
	turn();
	assert_int_equal(nbegun, 1);
	assert_int_not_equal(e->state, ENTRY_ACTIVE);
	assert_in_range(alarm_in, 1, 500);
	/* Since when it waits is not forgotten, however often it is put back. */
	for (int64_t then = e->due; now < 1005000; now += 501) {
		assert_int_equal(e->due, then);
		event_active(work, EV_TIMEOUT, 0);
		turn();
	}
	assert_int_equal(nbegun, 1);
}

static void
alarms(void **state)
{
	struct entry *e = give(1, 1, now + 7250, false);

	(void)state;
	turn();
	assert_int_equal(nbegun, 0);
	assert_int_equal(alarm_in, 7250);
	assert_int_equal(give(2, 2, now, true)->state, ENTRY_HELD);
	turn();
	assert_int_equal(nbegun, 0);
	now += 7250;
	dispatch_kick(d);
	turn();
	assert_int_equal(nbegun, 1);
	assert_ptr_equal(begun[0].entry, e);
}

/* Found twice it is still one message, and as due as it was. */
static void
twice(void **state)
{
	struct entry *e = give(1, 1, now + 5000, false);

	(void)state;
	assert_ptr_equal(give(1, 1, now, false), e);
	assert_int_equal(schedule_total(queue.schedule), 1);
	turn();
	assert_int_equal(nbegun, 0);
}

static void
stopping(void **state)
{
	(void)state;
	queue.stopping = true;
	give_many(3);
	turn();
	assert_int_equal(nbegun, 0);
	assert_true(dispatch_quiet(d));
	outstanding = 1;
	assert_false(dispatch_quiet(d));
}

static void
lost_files(void **state)
{
	static const struct {
		enum spool_state found;
		size_t aside, left;
	} cases[] = { { SPOOL_FAILED, 0, 1 }, { SPOOL_GONE, 0, 0 },
		{ SPOOL_ALIEN, 0, 0 }, { SPOOL_DAMAGED, 1, 0 } };

	for (size_t i = 0; i < COUNT(cases); i++) {
		(void)end(state);
		assert_int_equal(begin(state), 0);
		found = cases[i].found;
		give_many(1);
		turn();
		assert_int_equal(nbegun, 0);
		assert_int_equal(aside, cases[i].aside);
		assert_int_equal(schedule_total(queue.schedule), cases[i].left);
		assert_int_equal(alarm_in, cases[i].left > 0 ? 60000 : -1);
	}
}

/* What memory is short for is tried again, and not thought damaged. */
static void
no_memory(void **state)
{
	(void)state;
	memory = false;
	give_many(2);
	turn();
	assert_int_equal(aside, 0);
	assert_int_equal(schedule_count(queue.schedule, ENTRY_WAITING), 2);
	assert_int_equal(alarm_in, 60000);
}

/* Of the message that is meant, and of no other. */
static void
cancel(void **state)
{
	struct entry *e;

	(void)state;
	give_many(3);
	turn();
	assert_int_equal(nbegun, 3);
	dispatch_cancel(d, begun[1].entry);
	assert_int_equal(cancels, 1);
	e = give(9, 9, now + 1000, false);
	dispatch_cancel(d, e);
	assert_int_equal(cancels, 1);
}

/* Given up by its session: at once, or when its agents have answered. */
static void
forgotten(void **state)
{
	const struct entry *e;

	(void)state;
	give_many(3);
	turn();
	e = begun[1].entry;
	dispatch_forget(d, entry_id(e).s);
	assert_true(e->forget);
	assert_int_equal(cancels, 1);
	assert_int_equal(removes, 0);
	e = give(9, 9, now + 1000, false);
	dispatch_forget(d, entry_id(e).s);
	e = give(10, 10, now, true);
	dispatch_forget(d, entry_id(e).s);
	assert_int_equal(removes, 2);
	assert_int_equal(schedule_total(queue.schedule), 3);
	dispatch_forget(d, SPOOL_ID); /* done with meanwhile */
	assert_int_equal(removes, 2);
	assert_int_equal(cancels, 1);
}

static int
setup(void **state)
{
	(void)state;
	log_open("t_dispatch", LOG_TO_FILE, "/dev/null");
	return 0;
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

/* One sender's leave as much room as he takes. */
static void
slow_sender(void **state)
{
	(void)state;
	queue.settings.active = 40;
	login = "alice";
	for (unsigned int i = 0; i < 40; i++)
		(void)give(i, SLOW + 1 + i, now, false);
	turn();
	assert_int_equal(nbegun, 16);
	login = "bob";
	for (unsigned int i = 0; i < 40; i++)
		(void)give(100 + i, SLOW + 101 + i, now, false);
	turn();
	assert_int_equal(nbegun, 16 + 8);
}

/*
 * What is for commands gets an eighth, and each pool no more than it leaves: mail
 * for mailboxes finds room, and another's command, too.
 */
static void
piped(void **state)
{
	size_t n = 0;

	(void)state;
	queue.settings.active = 128;
	for (unsigned int i = 0; i < 200; i++)
		(void)give(i, ROUTE_PIPED | (1 + i / 40), now, false);
	(void)give(200, 1, now, false);
	turn();
	now += 500;
	event_active(work, EV_TIMEOUT, 0);
	turn();
	/* Five pools, by turns; two are left for who has less than two. */
	for (size_t i = 0; i < nbegun; i++)
		n += begun[i].lasting != NULL;
	assert_int_equal(n, 14);
	assert_int_equal(nbegun, 15);
}

/* The first that came have half, and the next finds room. */
static void
piped_later(void **state)
{
	(void)state;
	queue.settings.active = 128;
	for (unsigned int i = 0; i < 100; i++)
		(void)give(i, ROUTE_PIPED | 1, now, false);
	turn();
	assert_int_equal(nbegun, 8);
	for (unsigned int i = 0; i < 100; i++)
		(void)give(100 + i, ROUTE_PIPED | 2, now, false);
	turn();
	assert_int_equal(nbegun, 8 + 4);
	schedule_remove(queue.schedule, begun[0].entry);
	dispatch_finished(d, &begun[0]);
	now += 500;
	event_active(work, EV_TIMEOUT, 0);
	turn();
	/* It is not the first one's turn. */
	assert_int_equal(nbegun, 8 + 4 + 1);
	assert_int_equal(begun[12].who, ROUTE_PIPED | 2);
}

/* New tables are told of once, whoever has noticed them first. */
static void
new_tables(void **state)
{
	(void)state;
	turn();
	renewals = 0;
	for (int i = 0; i < 3; i++) {
		queue.settings.fresh.seen.size = i < 2 ? 7 : 8;
		dispatch_kick(d);
		turn();
		assert_int_equal(renewals, i < 2 ? 1 : 2);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(batches),
		T(bounds),
		T(many_rcpts),
		T(shares),
		T(slow_ones),
		T(crowded),
		T(slow_sender),
		T(piped),
		T(piped_later),
		T(new_tables),
		T(alarms),
		T(twice),
		T(stopping),
		T(lost_files),
		T(no_memory),
		T(cancel),
		T(forgotten),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
