/*
 * t_destination: when a next hop is down and for how long, how many connections
 * it gets, and that what is remembered is bounded.
 */
#include "tests/unit/unit.h"

#include <bsd/string.h>

#include "common/msg_job.h"
#include "queue/destination.h"
#include "queue/route.h"

#define MAX_CHANCE UINT32_MAX /* the shortest waits; 0 is the longest */

static const struct destination_policy policy = {
	.wait_first = 60000,
	.wait_most = 3600000,
	.forget = 1000000,
	.window_most = 20,
	.most = 4,
};

static struct destinations *all;
static struct destination *d;

static int
begin(void **state)
{
	(void)state;
	if ((all = destinations_new()) == NULL)
		return -1;
	destinations_policy(all, &policy);
	d = destination_find(all, "far.test", HOP_TLS_MAY);
	destination_enter(all, d);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	destinations_free(all);
	return 0;
}

static struct verdict
said(const char *dsn, uint32_t flags)
{
	struct verdict v = { .diag = DIAG_INIT, .flags = flags, .code = 421 };

	(void)diag_set(&v.diag, dsn, "words of %s", dsn);
	strlcpy(v.mta, "mx.far.test", sizeof(v.mta));
	return v;
}

static enum destination_news
hear(uint32_t flags, bool others, int64_t since, int64_t now, uint32_t chance)
{
	struct destination_failure f = { said("4.4.1", flags), since, others,
		chance };

	return destination_failed(all, d, &f, now);
}

static enum destination_news
failed(int64_t since, int64_t now)
{
	return hear(OUTCOME_DOWN, false, since, now, 0);
}

static enum destination_news
busy(int64_t since, int64_t now)
{
	return hear(OUTCOME_BUSY, false, since, now, 0);
}

static void
states(void **state)
{
	struct verdict v;

	(void)state;
	assert_int_equal(d->state, DEST_NEW);
	assert_int_equal(d->window, DESTINATION_WINDOW);
	assert_true(destination_open(d, false, 0));
	assert_int_equal(failed(1000, 5000), DESTINATION_DOWN);
	assert_int_equal(d->state, DEST_DOWN);
	assert_int_equal(d->until, 65000);
	destination_verdict(d, &v);
	assert_int_equal(v.diag.outcome, OUT_TEMP);
	assert_string_equal(v.diag.dsn, "4.4.1");
	assert_string_equal(v.diag.text, "words of 4.4.1");
	assert_string_equal(v.mta, "mx.far.test");
	assert_int_equal(v.code, 421);
	assert_int_equal(v.flags, OUTCOME_DOWN);
	assert_false(destination_open(d, false, 64999));
	assert_true(destination_open(d, false, 65000));
	/* One message is enough to find out. */
	d->waiting = 1;
	assert_false(destination_open(d, false, 65000));
	d->waiting = 0;
	d->outstanding = 1;
	assert_false(destination_open(d, false, 65000));
	d->outstanding = 0;
	/* The administrator does not wait. */
	assert_true(destination_ask(d, 30000));
	assert_true(destination_open(d, false, 30000));
	assert_false(destination_ask(d, 39999));
	assert_int_equal(d->until, 30000);
	assert_true(destination_succeeded(all, d, 66000));
	assert_false(destination_succeeded(all, d, 66001));
	assert_int_equal(d->state, DEST_GOOD);
	assert_true(destination_open(d, false, 0));
	destination_verdict(d, &v); /* somebody asks all the same */
	assert_int_equal(v.diag.outcome, OUT_TEMP);
}

/*
 * What is asked for looks beside what hangs, and before its time; but not all
 * that comes after it.
 */
static void
asked_for(void **state)
{
	(void)state;
	assert_false(destination_ask(d, 1000));
	assert_int_equal(failed(1000, 5000), DESTINATION_DOWN);
	d->outstanding = 1;
	assert_false(destination_open(d, false, 70000));
	assert_true(destination_ask(d, 70000));
	assert_true(destination_open(d, true, 70000));
	assert_true(d->extra);
	assert_false(destination_open(d, true, 70001));
	assert_false(destination_ask(d, 70000 + DESTINATION_LOOK - 1));
	assert_true(destination_ask(d, 70000 + DESTINATION_LOOK));
	assert_true(destination_open(d, true, 70000 + DESTINATION_LOOK));
	assert_int_equal(failed(70000, 90000), DESTINATION_DOWN);
	assert_false(d->extra);
	/* Before its time as well, and it stays what it was. */
	d->outstanding = 0;
	assert_false(destination_open(d, false, 100000));
	assert_true(destination_open(d, true, 100000));
	assert_false(d->extra);
	assert_true(destination_succeeded(all, d, 100001));
	assert_int_equal(d->looked, 0);
}

/* With new tables the first wait is short again, and its end is now. */
static void
renewed(void **state)
{
	(void)state;
	for (int64_t now = 5000; now < 1000000; now = d->until)
		assert_int_equal(failed(now, now), DESTINATION_DOWN);
	destinations_renew(all, 1000000);
	assert_true(destination_open(d, false, 1000000));
	assert_int_equal(failed(1000000, 1000001), DESTINATION_DOWN);
	assert_int_equal(d->until, 1060001);
}

/* One host under two policies: what is known of one is not of the other. */
static void
policies(void **state)
{
	struct destination *strict =
	    destination_find(all, "far.test", HOP_TLS_VERIFY);

	(void)state;
	assert_ptr_not_equal(strict, d);
	assert_int_not_equal(strict->number, d->number);
	assert_int_equal(failed(1000, 5000), DESTINATION_DOWN);
	assert_int_equal(strict->state, DEST_NEW);
	assert_ptr_equal(destination_after(all, "", HOP_TLS_NONE), d);
	assert_ptr_equal(
	    destination_after(all, "far.test", HOP_TLS_MAY), strict);
	assert_null(destination_after(all, "far.test", HOP_TLS_VERIFY));
	assert_null(destination_same(strict));
}

/* For those who look at all of them: how many are down. */
static void
counts(void **state)
{
	struct destination *e = destination_find(all, "a.test", HOP_TLS_MAY);

	(void)state;
	assert_int_equal(destinations_down(all, false), 0);
	for (int64_t now = 1000; now < 500000; now = d->until)
		assert_int_equal(failed(now, now), DESTINATION_DOWN);
	assert_int_equal(destinations_down(all, false), 1);
	assert_int_equal(destinations_down(all, true), 0);
	destination_routed(all, d);
	destination_routed(all, d);
	destination_routed(all, e);
	assert_int_equal(destinations_down(all, false), 1);
	assert_int_equal(destinations_down(all, true), 1);
	(void)destination_succeeded(all, d, 600000);
	assert_int_equal(destinations_down(all, false), 0);
	assert_int_equal(destinations_down(all, true), 0);
	assert_int_equal(failed(700000, 700000), DESTINATION_DOWN);
	assert_int_equal(destinations_down(all, true), 1);
	destination_leave(all, d, 0);
	destinations_sweep(all, INT64_MAX / 2);
	assert_int_equal(destinations_count(all), 0);
	assert_int_equal(destinations_down(all, false), 0);
	assert_int_equal(destinations_down(all, true), 0);
}

/* Twice as long each time, up to the most; from the start after a success. */
static void
waits(void **state)
{
	static const int64_t minutes[] = { 1, 2, 4, 8, 16, 32, 60, 60, 60 };
	int64_t now = 1000000;

	(void)state;
	for (size_t i = 0; i < COUNT(minutes); i++) {
		assert_int_equal(failed(now - 10, now), DESTINATION_DOWN);
		assert_int_equal(d->until, now + minutes[i] * 60000);
		/* Others that were on their way change nothing. */
		assert_int_equal(failed(now - 20, now + 1), DESTINATION_KNOWN);
		assert_int_equal(d->until, now + minutes[i] * 60000);
		now = d->until;
	}
	for (int i = 0; i < 100; i++) {
		assert_int_equal(failed(now - 10, now), DESTINATION_DOWN);
		now = d->until;
	}
	assert_true(destination_succeeded(all, d, now));
	assert_int_equal(failed(now, now + 10), DESTINATION_DOWN);
	assert_int_equal(d->until, now + 10 + 60000);
}

static void
jitter(void **state)
{
	int64_t now = 1000000;

	(void)state;
	(void)hear(OUTCOME_DOWN, false, 1, now, MAX_CHANCE);
	assert_in_range(d->until - now, 45000, 45100);
}

/* One more for each window's worth of messages. */
static void
grows(void **state)
{
	size_t n = 0;

	(void)state;
	(void)destination_succeeded(all, d, 5);
	for (uint32_t w = 2; w < 20; w++) {
		for (uint32_t i = 0; i < w; i++, n++) {
			assert_int_equal(d->window, w);
			destination_delivered(all, d);
		}
	}
	assert_int_equal(d->window, 20);
	assert_int_equal(n, 189);
	for (int i = 0; i < 100; i++)
		destination_delivered(all, d);
	assert_int_equal(d->window, 20);
}

/* Others fare better: too many connections, not none. */
static void
shrinks(void **state)
{
	(void)state;
	d->window = d->agents = 20;
	(void)destination_succeeded(all, d, 1000);
	assert_int_equal(failed(900, 1100), DESTINATION_CROWDED);
	assert_int_equal(d->state, DEST_GOOD);
	assert_int_equal(d->window, 10);
	assert_int_equal(d->enough, 19);
	/* Those that were at work then are the same trouble. */
	assert_int_equal(failed(950, 1101), DESTINATION_CROWDED);
	assert_int_equal(busy(1050, 1102), DESTINATION_CROWDED);
	assert_int_equal(d->window, 10);
	/* Asked for fewer again, and it was well in between. */
	(void)destination_succeeded(all, d, 1200);
	assert_int_equal(busy(1201, 1300), DESTINATION_CROWDED);
	assert_int_equal(d->window, 5);
	/* As when others are still at it. */
	(void)destination_succeeded(all, d, 1350);
	assert_int_equal(
	    hear(OUTCOME_DOWN, true, 1351, 1360, 0), DESTINATION_CROWDED);
	assert_int_equal(d->window, 2);
	assert_int_equal(d->state, DEST_GOOD);
	/* And once more without a success: it wants none now. */
	assert_int_equal(hear(OUTCOME_DOWN | OUTCOME_BUSY, true, 1361, 1400, 0),
	    DESTINATION_DOWN);
	assert_int_equal(d->state, DEST_DOWN);
	assert_int_equal(d->window, 1);
}

/* Where it was too many, more are tried, but seldom. */
static void
enough(void **state)
{
	size_t n = 0;

	(void)state;
	d->window = d->agents = 4;
	(void)destination_succeeded(all, d, 1000);
	(void)busy(900, 1100);
	assert_int_equal(d->window, 2);
	assert_int_equal(d->enough, 3);
	for (; d->window < 3; n++)
		destination_delivered(all, d);
	assert_int_equal(n, 2);
	for (; d->window < 4; n++)
		destination_delivered(all, d);
	assert_int_equal(n, 2 + 3 * 16);
}

/* What fails after the last success is down, whatever was before. */
static void
dies(void **state)
{
	(void)state;
	(void)destination_succeeded(all, d, 1000);
	assert_int_equal(failed(1000, 1100), DESTINATION_DOWN);
	assert_int_equal(d->state, DEST_DOWN);
}

/* A new one that asks for fewer at once is left alone for a while. */
static void
busy_at_once(void **state)
{
	(void)state;
	assert_int_equal(busy(1000, 1001), DESTINATION_DOWN);
}

/* The limit may be less than the first window, and may become less. */
static void
limits(void **state)
{
	struct destination_policy one = policy;
	struct destination *e;

	(void)state;
	d->window = 20;
	one.window_most = 1;
	destinations_policy(all, &one);
	e = destination_find(all, "other.test", HOP_TLS_MAY);
	assert_int_equal(e->window, 1);
	for (int i = 0; i < 50; i++) {
		destination_delivered(all, d);
		destination_delivered(all, e);
	}
	assert_int_equal(d->window, 1);
	assert_int_equal(e->window, 1);
}

static void
names(void **state)
{
	static const char *const more[] = { "b.test", "a.test", "c.test" };
	static const char *const order[] = { "a.test", "b.test", "c.test",
		"far.test" };
	const struct destination *e = NULL;

	(void)state;
	for (size_t i = 0; i < COUNT(more); i++)
		assert_non_null(destination_find(all, more[i], HOP_TLS_MAY));
	assert_ptr_equal(destination_find(all, "far.test", HOP_TLS_MAY), d);
	assert_ptr_equal(destination_get(all, "far.test", HOP_TLS_MAY), d);
	assert_null(destination_get(all, "x.test", HOP_TLS_MAY));
	for (size_t i = 0; i < COUNT(order); i++) {
		e = destination_after(
		    all, e == NULL ? "" : e->name, HOP_TLS_MAY);
		assert_string_equal(e->name, order[i]);
	}
	assert_null(destination_after(all, e->name, HOP_TLS_MAY));
	/* A place in the list does not depend on one that is gone. */
	assert_string_equal(
	    destination_after(all, "aa.test", HOP_TLS_MAY)->name, "b.test");
	assert_ptr_equal(destination_numbered(
			     all, route_hop_number("far.test", HOP_TLS_MAY)),
	    d);
	assert_null(
	    destination_numbered(all, route_hop_number("x.test", HOP_TLS_MAY)));
}

/* Too many: the one goes that was not used for longest; none that is. */
static void
bounds(void **state)
{
	static const char *const more[] = { "b.test", "a.test", "c.test" };

	(void)state;
	for (size_t i = 0; i < COUNT(more); i++) {
		struct destination *e =
		    destination_find(all, more[i], HOP_TLS_MAY);

		destination_enter(all, e);
		destination_enter(all, e); /* two pools */
		destination_leave(all, e, 10);
		assert_int_equal(e->pools, 1);
		destination_leave(all, e, 10);
	}
	assert_int_equal(destinations_count(all), 4);
	assert_non_null(destination_find(all, "d.test", HOP_TLS_MAY));
	assert_int_equal(destinations_count(all), 4);
	assert_null(destination_get(all, "b.test", HOP_TLS_MAY));
	assert_non_null(destination_get(all, "a.test", HOP_TLS_MAY));
	for (int i = 0; i < 10; i++) {
		char name[20];
		struct destination *e;

		(void)snprintf(name, sizeof(name), "%d.test", i);
		e = destination_find(all, name, HOP_TLS_MAY);
		assert_non_null(e);
		destination_enter(all, e);
	}
	assert_ptr_equal(destination_get(all, "far.test", HOP_TLS_MAY), d);
	assert_int_equal(destinations_count(all), 11);
}

static void
forgotten(void **state)
{
	struct destination *e = destination_find(all, "a.test", HOP_TLS_MAY);

	(void)state;
	destination_enter(all, e);
	destination_leave(all, e, 500);
	destination_leave(all, d, 800);
	destinations_sweep(all, 500 + 1000000 - 1);
	assert_int_equal(destinations_count(all), 2);
	destinations_sweep(all, 500 + 1000000);
	assert_null(destination_get(all, "a.test", HOP_TLS_MAY));
	destination_enter(all, d);
	destinations_sweep(all, 9000000);
	assert_ptr_equal(destination_get(all, "far.test", HOP_TLS_MAY), d);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(states),
		T(asked_for),
		T(renewed),
		T(policies),
		T(counts),
		T(waits),
		T(jitter),
		T(grows),
		T(shrinks),
		T(enough),
		T(dies),
		T(busy_at_once),
		T(limits),
		T(names),
		T(bounds),
		T(forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
