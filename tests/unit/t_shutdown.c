/*
 * t_shutdown: the order in which a suite stops, with all parts replaced.
 * wrap: submit_close supervise_unlink submit_stop_sessions submit_sessions
 * wrap: agent_stop_sessions agent_sessions supervise_stop children_signal
 * wrap: deadline_in deadline_left
 */
#include "tests/unit/unit.h"

#include <signal.h>

#include "common/agent_spawn.h"
#include "common/log.h"
#include "common/shutdown.h"

static struct master master;
static struct daemon daemons[DAEMONS];
static struct shutdown stop;
static char calls[16]; /* a letter each */
static size_t called, mailboxes, submissions, looks;
static void (*look)(void); /* what happens while it waits */
static int left;           /* of the time for a phase */

void __wrap_submit_close(struct submit_listener *, const char *);
void __wrap_supervise_unlink(const char *);
void __wrap_submit_stop_sessions(struct submit_listener *);
size_t __wrap_submit_sessions(const struct submit_listener *);
void __wrap_agent_stop_sessions(struct master *);
size_t __wrap_agent_sessions(const struct master *);
void __wrap_supervise_stop(struct daemon *);
void __wrap_children_signal(struct children *, int);
deadline_t __wrap_deadline_in(int64_t);
int __wrap_deadline_left(deadline_t);

static void
call(char which)
{
	assert_true(called < sizeof(calls) - 1);
	calls[called++] = which;
}

void
__wrap_submit_close(struct submit_listener *l, const char *run_dir)
{
	assert_null(l);
	assert_string_equal(run_dir, "/run/here");
	call('c');
}

void
__wrap_supervise_unlink(const char *run_dir)
{
	assert_string_equal(run_dir, "/run/here");
	call('u');
}

void
__wrap_submit_stop_sessions(struct submit_listener *l)
{
	assert_null(l);
	call('s');
}

size_t
__wrap_submit_sessions(const struct submit_listener *l)
{
	assert_null(l);
	return submissions;
}

void
__wrap_agent_stop_sessions(struct master *m)
{
	assert_ptr_equal(m, &master);
	call('m');
}

size_t
__wrap_agent_sessions(const struct master *m)
{
	assert_ptr_equal(m, &master);
	return mailboxes;
}

void
__wrap_supervise_stop(struct daemon *d)
{
	static const char names[DAEMONS] = { [DAEMON_QUEUED] = 'Q',
		[DAEMON_AUTHD] = 'A',
		[DAEMON_TLSD] = 'T',
		[DAEMON_DNSD] = 'D',
		[DAEMON_MAPD] = 'M' };

	call(names[d - daemons]);
}

void
__wrap_children_signal(struct children *c, int sig)
{
	assert_ptr_equal(c, &master.children);
	assert_int_equal(sig, SIGKILL);
	call('K');
}

deadline_t
__wrap_deadline_in(int64_t seconds)
{
	assert_true(seconds > 0 && seconds <= 10);
	return seconds;
}

/* Asked only while a phase is not done. */
int
__wrap_deadline_left(deadline_t until)
{
	assert_true(until > 0 && until <= 10);
	looks++;
	if (look != NULL)
		look();
	return left;
}

static void
begin(void)
{
	memset(calls, 0, sizeof(calls));
	called = looks = 0;
	mailboxes = submissions = 1;
	daemons[DAEMON_QUEUED].pid = 10;
	daemons[DAEMON_AUTHD].pid = 11;
	daemons[DAEMON_TLSD].pid = 12;
	master.children.count = 4;
	stop.phase = -1;
	left = 1000;
	look = NULL;
}

/* Each of four that are left, alone, keeps queued running. */
static void
one_by_one(void)
{
	assert_string_equal(calls, looks <= 4 ? "cusmAT" : "cusmATQDM");
	submissions = 0;
	mailboxes = looks == 1;
	daemons[DAEMON_AUTHD].pid = looks == 2 ? 11 : 0;
	daemons[DAEMON_TLSD].pid = looks == 3 ? 12 : 0;
	if (looks == 5)
		master.children.count = 0;
}

static void
in_order(void **state)
{
	(void)state;
	begin();
	mailboxes = 0;
	daemons[DAEMON_AUTHD].pid = daemons[DAEMON_TLSD].pid = 0;
	look = one_by_one;
	assert_int_equal(raise(SIGTERM), 0);
	assert_int_equal(event_base_dispatch(master.base), 0);
	assert_true(event_base_got_break(master.base));
	assert_int_equal(looks, 5);
	assert_ptr_equal(strstr(calls, "cusmATQDM"), calls);
}

/* Nobody listens: it ends all the same, and kills before. */
static void
stubborn(void **state)
{
	(void)state;
	begin();
	left = 0;
	assert_int_equal(raise(SIGINT), 0);
	assert_int_equal(event_base_dispatch(master.base), 0);
	assert_true(event_base_got_break(master.base));
	assert_string_equal(calls, "cusmATQDMK");
	assert_int_equal(looks, 3);
}

static void
impatient(void)
{
	if (looks < 3)
		assert_int_equal(raise(looks == 1 ? SIGTERM : SIGINT), 0);
	else
		left = 0;
}

/* Signals that come meanwhile change nothing. */
static void
again(void **state)
{
	(void)state;
	begin();
	look = impatient;
	assert_int_equal(raise(SIGTERM), 0);
	assert_int_equal(event_base_dispatch(master.base), 0);
	assert_string_equal(calls, "cusmATQDMK");
}

static int
setup(void **state)
{
	(void)state;
	log_open("t_shutdown", LOG_TO_FILE, "/dev/null");
	stop.m = &master;
	stop.daemons = daemons;
	stop.run_dir = "/run/here";
	return (master.base = event_base_new()) != NULL && shutdown_watch(&stop)
	    ? 0
	    : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order),
		cmocka_unit_test(stubborn),
		cmocka_unit_test(again),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
