/*
 * Unit test of common/workers, with real processes.
 */
#include "tests/unit/unit.h"

#include <sys/wait.h>

#include <signal.h>
#include <unistd.h>

#include "common/log.h"
#include "common/workers.h"

struct question {
	int number;
};

struct reply {
	int doubled;
	pid_t pid;
};

#define DIE (-1)
#define SLEEP (-2)

static void
work(const void *req, void *rep)
{
	const struct question *q = req;
	struct reply *r = rep;

	if (q->number == DIE)
		(void)raise(SIGKILL);
	if (q->number == SLEEP)
		(void)pause();
	r->doubled = 2 * q->number;
	r->pid = getpid();
}

static const struct workers_kind kind = { "double", sizeof(struct question),
	sizeof(struct reply), work, SANDBOX_AUTHD };

struct heard {
	int count, failed, last;
	pid_t pid;
};

static struct event_base *base;

static void
hear(void *arg, const void *rep)
{
	const struct reply *r = rep;
	struct heard *h = arg;

	h->count++;
	if (r == NULL) {
		h->failed++;
		return;
	}
	h->last = r->doubled;
	h->pid = r->pid;
}

static struct job *
ask(struct workers *ws, int number, struct heard *h)
{
	struct question q = { number };

	return workers_submit(ws, &q, hear, h);
}

static struct job *
ask_apart(struct workers *ws, int number, struct heard *h)
{
	struct question q = { number };

	return workers_submit_apart(ws, &q, hear, h);
}

static void
loop_until(const int *count, int want)
{
	for (int i = 0; i < 1000 && *count < want; i++)
		assert_int_not_equal(event_base_loop(base, EVLOOP_ONCE), -1);
	assert_int_equal(*count, want);
}

static int
setup(void **state)
{
	if (unit_setup(state) == -1)
		return -1;
	unit_file("log", "", 0);
	log_open("t", LOG_TO_FILE, unit_path("log"));
	return (base = event_base_new()) == NULL ? -1 : 0;
}

static void
answers(void **state)
{
	struct workers *ws = workers_new(base, &kind, 2, 10);
	struct heard h[5] = { 0 };
	int count = 0;

	(void)state;
	assert_non_null(ws);
	for (int i = 0; i < 5; i++)
		assert_non_null(ask(ws, i, &h[i]));
	for (int i = 0; i < 5; i++) {
		loop_until(&h[i].count, 1);
		assert_int_equal(h[i].last, 2 * i);
		assert_int_not_equal(h[i].pid, getpid());
		count += h[i].pid == h[0].pid;
	}
	assert_in_range(count, 1, 4); /* both have worked */
	workers_free(ws);
	/* Nobody is left, not even a zombie. */
	assert_int_equal(waitpid(-1, NULL, 0), -1);
}

/* A dead worker fails its own job, nobody else's, and comes back. */
static void
dies(void **state)
{
	struct workers *ws = workers_new(base, &kind, 1, 10);
	struct heard dead = { 0 }, next = { 0 }, later = { 0 };

	(void)state;
	assert_non_null(ask(ws, DIE, &dead));
	assert_non_null(ask(ws, 4, &next));
	loop_until(&dead.count, 1);
	assert_int_equal(dead.failed, 1);
	loop_until(&next.count, 1);
	assert_int_equal(next.failed, 0);
	assert_int_equal(next.last, 8);
	/* Killed while idle: the next job finds it gone or back. */
	assert_int_equal(kill(next.pid, SIGKILL), 0);
	assert_non_null(ask(ws, 5, &later));
	loop_until(&later.count, 1);
	workers_free(ws);
}

static void
full(void **state)
{
	struct workers *ws = workers_new(base, &kind, 1, 2);
	struct heard h = { 0 };

	(void)state;
	assert_non_null(ask(ws, 1, &h)); /* at work */
	assert_non_null(ask(ws, 2, &h));
	assert_non_null(ask(ws, 3, &h));
	assert_null(ask(ws, 4, &h));
	loop_until(&h.count, 3);
	assert_non_null(ask(ws, 5, &h));
	loop_until(&h.count, 4);
	assert_int_equal(h.last, 10);
	workers_free(ws);
}

static void
cancelled(void **state)
{
	struct workers *ws = workers_new(base, &kind, 1, 10);
	struct heard gone = { 0 }, h = { 0 };
	struct job *running, *waiting;

	(void)state;
	running = ask(ws, 1, &gone);
	waiting = ask(ws, 2, &gone);
	assert_non_null(ask(ws, 3, &h));
	workers_cancel(running);
	workers_cancel(waiting);
	loop_until(&h.count, 1);
	assert_int_equal(h.last, 6);
	assert_int_equal(gone.count, 0);
	/* One that would sleep for ever, with one behind it. */
	assert_non_null(ask(ws, SLEEP, &gone));
	assert_non_null(ask(ws, 1, &gone));
	workers_free(ws);
	assert_int_equal(gone.count, 0);
}

/* However much of it there is, half of them are for the others. */
static void
apart(void **state)
{
	struct workers *ws = workers_new(base, &kind, 4, 8);
	struct heard slow = { 0 }, h = { 0 };
	struct job *j[6];

	(void)state;
	for (size_t i = 0; i < COUNT(j); i++)
		assert_non_null(j[i] = ask_apart(ws, SLEEP, &slow));
	assert_null(ask_apart(ws, SLEEP, &slow)); /* 2 at work, 4 wait */
	for (int i = 0; i < 20; i++) {
		assert_non_null(ask(ws, 1, &h));
		loop_until(&h.count, i + 1);
	}
	/* Whoever gives up has not made room by that. */
	workers_cancel(j[0]);
	assert_null(ask_apart(ws, SLEEP, &slow));
	workers_cancel(j[5]);
	assert_non_null(ask_apart(ws, SLEEP, &slow));
	for (int i = 20; i < 40; i++) {
		assert_non_null(ask(ws, 1, &h));
		loop_until(&h.count, i + 1);
	}
	workers_free(ws);
	assert_int_equal(slow.count, 0);
}

/* One process serves both, in turns. */
static void
turns(void **state)
{
	struct workers *ws = workers_new(base, &kind, 1, 10);
	struct heard slow = { 0 }, h = { 0 };

	(void)state;
	assert_non_null(ask_apart(ws, 1, &slow));
	for (int i = 0; i < 4; i++)
		assert_non_null(ask_apart(ws, 2, &slow));
	for (int i = 0; i < 4; i++)
		assert_non_null(ask(ws, 3, &h));
	for (int i = 1; i <= 4; i++) {
		loop_until(&h.count, i);
		assert_in_range(slow.count, i - 1, i + 1);
	}
	loop_until(&slow.count, 5);
	workers_free(ws);
}

/* One that waits for another's end hears of it, and by a death, too. */
static void
apart_after_death(void **state)
{
	struct workers *ws = workers_new(base, &kind, 2, 10);
	struct heard dead = { 0 }, next = { 0 };

	(void)state;
	assert_non_null(ask_apart(ws, DIE, &dead));
	assert_non_null(ask_apart(ws, 4, &next));
	loop_until(&dead.count, 1);
	loop_until(&next.count, 1);
	assert_int_equal(next.last, 8);
	workers_free(ws);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(dies),
		cmocka_unit_test(full),
		cmocka_unit_test(cancelled),
		cmocka_unit_test(apart),
		cmocka_unit_test(turns),
		cmocka_unit_test(apart_after_death),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
