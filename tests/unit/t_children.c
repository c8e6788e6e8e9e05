/*
 * Unit test of common/children, with real processes.
 */
#include "tests/unit/unit.h"

#include <sys/wait.h>

#include <signal.h>

#include "common/children.h"

static struct event_base *base;
static struct children children;

struct end {
	int count, status;
};

static void
ended(void *arg, pid_t pid, int status)
{
	struct end *e = arg;

	(void)pid;
	e->count++;
	e->status = status;
}

static void
wait_for(const struct end *e)
{
	for (int i = 0; i < 100 && e->count == 0; i++)
		assert_int_not_equal(event_base_loop(base, EVLOOP_ONCE), -1);
	assert_int_equal(e->count, 1);
	assert_int_equal(children.count, 0);
}

static int
setup(void **state)
{
	if (unit_setup(state) == -1 || (base = event_base_new()) == NULL)
		return -1;
	return children_init(&children, base) ? 0 : -1;
}

static void
statuses(void **state)
{
	struct end a = { 0 }, b = { 0 };
	char text[32];
	pid_t pid;

	(void)state;
	if (child_fork(&children, ended, &a) == 0)
		_exit(7);
	wait_for(&a);
	assert_string_equal(
	    child_status_text(a.status, text, sizeof(text)), "exit-7");
	pid = child_fork(&children, ended, &b);
	if (pid == 0) {
		(void)pause();
		_exit(0);
	}
	assert_int_equal(children.count, 1);
	children_signal(&children, SIGKILL);
	wait_for(&b);
	assert_string_equal(
	    child_status_text(b.status, text, sizeof(text)), "signal-9");
}

/* Signals are as new, and the terminal's do not come. */
static void
signals(void **state)
{
	struct end e = { 0 };
	sigset_t mask;

	(void)state;
	assert_ptr_not_equal(signal(SIGUSR1, SIG_IGN), SIG_ERR);
	if (child_fork(&children, ended, &e) == 0) {
		(void)sigprocmask(SIG_SETMASK, NULL, &mask);
		_exit(signal(SIGUSR1, SIG_DFL) != SIG_DFL ||
		    signal(SIGCHLD, SIG_DFL) != SIG_DFL ||
		    sigismember(&mask, SIGCHLD) != 0 || getsid(0) != getpid());
	}
	wait_for(&e);
	assert_int_equal(e.status, 0);
}

/* Writes one letter per wanted descriptor, in whatever order they came. */
static void
descriptors(void **state)
{
	char names[4][16], got[8];
	struct end e = { 0 };
	int fds[4], keep;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "fd%zu", i);
		fds[i] = open(
		    unit_path(names[i]), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		assert_int_not_equal(fds[i], -1);
	}
	if (child_fork(&children, ended, &e) == 0) {
		int in = fds[3], three[3] = { fds[1], fds[0], fds[2] };

		keep = dup(fds[0]);
		child_descriptors(in, three, 3, &keep);
		if (keep != 6 || fcntl(6, F_GETFD) != FD_CLOEXEC ||
		    fcntl(5, F_GETFD) != 0 || fcntl(7, F_GETFD) != -1)
			_exit(1);
		_exit(write(1, "i", 1) != 1 || write(3, "b", 1) != 1 ||
		    write(4, "a", 1) != 1 || write(5, "c", 1) != 1);
	}
	wait_for(&e);
	assert_int_equal(e.status, 0);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pread(fds[i], got, 8, 0), 1);
		assert_int_equal(got[0], "abci"[i]);
		assert_int_equal(close(fds[i]), 0);
	}
}

static void
nothing_given(void **state)
{
	struct end e = { 0 };
	char c;

	(void)state;
	if (child_fork(&children, ended, &e) == 0) {
		child_descriptors(-1, NULL, 0, NULL);
		_exit(read(0, &c, 1) != 0 || fcntl(3, F_GETFD) != -1);
	}
	wait_for(&e);
	assert_int_equal(e.status, 0);
}

/* Only what the suite uses is left in the environment. */
static void
executes(void **state)
{
	static const char script[] = "#!/bin/sh\n"
				     "[ \"$1\" = one ] && [ \"$TZ\" = UTC0 ] &&"
				     " [ -z \"$SECRET\" ] && exit 3\nexit 4\n";
	char name[] = "program", one[] = "one", none[] = "none";
	char *argv[] = { name, one, NULL }, *missing[] = { none, NULL };
	struct end a = { 0 }, b = { 0 };

	(void)state;
	unit_file("program", script, sizeof(script) - 1);
	assert_int_equal(chmod(unit_path("program"), 0700), 0);
	assert_int_equal(setenv("SECRET", "s", 1), 0);
	assert_int_equal(setenv("TZ", "UTC0", 1), 0);
	if (child_fork(&children, ended, &a) == 0) {
		child_exec(unit_dir, argv);
		_exit(1);
	}
	wait_for(&a);
	assert_int_equal(WEXITSTATUS(a.status), 3);
	if (child_fork(&children, ended, &b) == 0) {
		child_exec(unit_dir, missing);
		_exit(9);
	}
	wait_for(&b);
	assert_int_equal(WEXITSTATUS(b.status), 9);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statuses),
		cmocka_unit_test(signals),
		cmocka_unit_test(descriptors),
		cmocka_unit_test(nothing_given),
		cmocka_unit_test(executes),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
