/*
 * t_pipe_rest: nobody is left, whatever generation and session he is of.
 */
#include "tests/unit/unit.h"

#include <sys/wait.h>

#include <errno.h>
#include <signal.h>

#include "delivery/pipe_rest.h"

/* A line of sessions, each with a child, whose numbers are written to fd. */
static _Noreturn void
live(int fd, int generations)
{
	pid_t self, child = 0;

	for (; child == 0 && generations > 0; generations--) {
		(void)setsid();
		self = getpid();
		if (write(fd, &self, sizeof(self)) != sizeof(self))
			_exit(1);
		child = generations == 1 ? -1 : fork();
	}
	if (generations % 2 == 0)
		(void)pause(); /* the others leave orphans */
	_exit(0);
}

static void
ends_all(void **state)
{
	pid_t pids[6];
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_true(pipe_rest_init());
	if (fork() == 0)
		live(fds[1], (int)COUNT(pids));
	for (size_t i = 0; i < COUNT(pids); i++)
		assert_int_equal(
		    read(fds[0], &pids[i], sizeof(pids[i])), sizeof(pids[i]));
	assert_true(pipe_rest_end());
	for (size_t i = 0; i < COUNT(pids); i++) {
		assert_int_equal(kill(pids[i], 0), -1);
		assert_int_equal(errno, ESRCH);
	}
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void
nobody_there(void **state)
{
	(void)state;
	assert_true(pipe_rest_end());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_all),
		cmocka_unit_test(nobody_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
