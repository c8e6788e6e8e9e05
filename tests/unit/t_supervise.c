/*
 * t_supervise: daemons that start, end and start again; no process is one.
 * wrap: child_fork kill restart_wait sock_pair
 */
#include "tests/unit/cdb.h"

#include <sys/socket.h>

#include <errno.h>
#include <signal.h>

#include "common/log.h"
#include "common/restart.h"
#include "common/sock.h"
#include "common/supervise.h"

#define PID 12345 /* never signalled: kill is replaced */

static struct master master;
static struct daemon daemons[DAEMONS];
static struct daemon *queued = &daemons[DAEMON_QUEUED];
static child_ended *ended;
static unsigned int forks, kills, waits;
static bool no_process, no_pair;
static int64_t last_wait;
static int other = -1; /* the daemon's end of the channel */

pid_t __wrap_child_fork(struct children *, child_ended *, void *);
int __wrap_kill(pid_t, int);
int64_t __wrap_restart_wait(int64_t, int64_t);
int __real_sock_pair(int[2]);
int __wrap_sock_pair(int[2]);

pid_t
__wrap_child_fork(struct children *c, child_ended *f, void *arg)
{
	assert_ptr_equal(c, &master.children);
	assert_ptr_equal(arg, queued);
	ended = f;
	forks++;
	errno = EAGAIN;
	return no_process ? -1 : PID;
}

int
__wrap_kill(pid_t pid, int sig)
{
	assert_int_equal(pid, PID);
	assert_int_equal(sig, SIGKILL);
	kills++;
	return 0;
}

int64_t
__wrap_restart_wait(int64_t last, int64_t ran)
{
	assert_true(ran >= 0);
	last_wait = last;
	return (int64_t)++waits; /* ms */
}

int
__wrap_sock_pair(int fd[2])
{
	errno = EMFILE;
	if (no_pair)
		return -1;
	if (__real_sock_pair(fd) == -1)
		return -1;
	other = dup(fd[1]);
	return 0;
}

static void
hang_up(void)
{
	if (other != -1)
		assert_int_equal(close(other), 0);
	other = -1;
}

static void
loop(int flags)
{
	assert_int_not_equal(event_base_loop(master.base, flags), -1);
}

static int
fresh(void **state)
{
	(void)state;
	forks = kills = waits = 0;
	no_process = no_pair = false;
	return supervise_open(daemons, &master, unit_dir) ? 0 : -1;
}

static int
done(void **state)
{
	(void)state;
	hang_up();
	for (size_t i = 0; i < DAEMONS; i++) {
		supervise_stop(&daemons[i]);
		event_free(daemons[i].timer);
	}
	loop(EVLOOP_NONBLOCK);
	supervise_unlink(unit_dir);
	return 0;
}

/* Its end is followed by a start, after the wait, on the same sockets. */
static void
restarts(void **state)
{
	int sockets[2];

	(void)state;
	memcpy(sockets, queued->sockets, sizeof(sockets));
	assert_int_not_equal(sockets[0], -1);
	assert_int_not_equal(sockets[1], -1);
	supervise_start(queued);
	assert_int_equal(queued->pid, PID);
	assert_non_null(queued->peer);
	for (unsigned int i = 1; i < 4; i++) {
		hang_up();
		ended(queued, PID, 0);
		assert_int_equal(queued->pid, 0);
		assert_null(queued->peer);
		assert_int_equal(last_wait, i - 1);
		assert_int_equal(forks, i);
		for (int j = 0; j < 10 && forks == i; j++)
			loop(EVLOOP_ONCE);
		assert_int_equal(forks, i + 1);
		assert_int_equal(queued->pid, PID);
		assert_non_null(queued->peer);
	}
	assert_memory_equal(sockets, queued->sockets, sizeof(sockets));
	assert_int_equal(kills, 0);
}

/* What cannot start is tried again. */
static void
no_start(void **state)
{
	(void)state;
	no_process = true;
	supervise_start(queued);
	assert_int_equal(queued->pid, 0);
	assert_null(queued->peer);
	assert_int_equal(waits, 1);
	assert_true(evtimer_pending(queued->timer, NULL));
	hang_up();
	no_process = false;
	no_pair = true;
	supervise_start(queued);
	assert_int_equal(waits, 2);
	assert_int_equal(forks, 1);
	no_pair = false;
	for (int i = 0; i < 10 && queued->pid == 0; i++)
		loop(EVLOOP_ONCE);
	assert_int_equal(queued->pid, PID);
	assert_int_equal(forks, 2);
}

/* A daemon that has closed its channel is useless: it gets some time. */
static void
outlives(void **state)
{
	(void)state;
	supervise_start(queued);
	assert_false(evtimer_pending(queued->timer, NULL));
	hang_up();
	for (int i = 0; i < 10 && queued->peer != NULL; i++)
		loop(EVLOOP_ONCE);
	assert_null(queued->peer);
	assert_int_equal(queued->pid, PID);
	assert_true(evtimer_pending(queued->timer, NULL));
	assert_int_equal(kills, 0);
	event_active(queued->timer, EV_TIMEOUT, 1);
	loop(EVLOOP_NONBLOCK);
	assert_int_equal(kills, 1);
	assert_int_equal(forks, 1);
}

/* Stopped: it hears the channel's end and is not started again. */
static void
stops(void **state)
{
	char c;

	(void)state;
	supervise_start(queued);
	supervise_stop(queued);
	loop(EVLOOP_NONBLOCK);
	assert_int_equal(recv(other, &c, 1, MSG_DONTWAIT), 0);
	assert_int_equal(queued->sockets[0], -1);
	assert_int_equal(queued->sockets[1], -1);
	assert_false(evtimer_pending(queued->timer, NULL));
	ended(queued, PID, 0);
	assert_int_equal(queued->pid, 0);
	assert_int_equal(waits, 0);
	assert_false(evtimer_pending(queued->timer, NULL));
}

static void
names(void **state)
{
	static const char *const all[] = { "intake", "control", "auth", "tls" };
	struct daemon none[DAEMONS];

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++)
		assert_int_equal(access(unit_path(all[i]), F_OK), 0);
	assert_int_equal(daemons[DAEMON_AUTHD].sockets[1], -1);
	assert_int_equal(daemons[DAEMON_TLSD].sockets[1], -1);
	supervise_unlink(unit_dir);
	for (size_t i = 0; i < COUNT(all); i++)
		assert_int_equal(access(unit_path(all[i]), F_OK), -1);
	assert_false(supervise_open(none, &master, unit_path("missing")));
	event_free(none[0].timer);
}

static int
setup(void **state)
{
	if (unit_setup(state) == -1)
		return -1;
	log_open("t_supervise", LOG_TO_FILE, "/dev/null");
	cdb_file("t.cdb", NULL, 0);
	master.user_mode = true;
	LIST_INIT(&master.agents);
	return (master.base = event_base_new()) != NULL &&
		tables_fresh_init(&master.tables, unit_path("t.cdb"))
	    ? 0
	    : -1;
}

static int
teardown(void **state)
{
	tables_fresh_close(&master.tables);
	event_base_free(master.base);
	return unit_teardown(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(restarts, fresh, done),
		cmocka_unit_test_setup_teardown(no_start, fresh, done),
		cmocka_unit_test_setup_teardown(outlives, fresh, done),
		cmocka_unit_test_setup_teardown(stops, fresh, done),
		cmocka_unit_test_setup_teardown(names, fresh, done),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
