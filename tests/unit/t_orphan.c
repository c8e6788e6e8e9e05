/*
 * t_orphan: a process that waits for ever, but not when nobody waits for it.
 */
#include "tests/unit/unit.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include "common/sock.h"
#include "delivery/orphan.h"

static int fd[2];

enum when { BEFORE, DURING, IDLE };

/* Waits in read(2), which goes on after what does not concern it. */
static _Noreturn void
wait_for_ever(int ready, int never, enum when when)
{
	char c = 'r';

	(void)close(fd[0]);
	if (orphan_watch(fd[1]) == -1 || write(ready, &c, 1) != 1)
		_exit(1);
	if (when == BEFORE) /* until it has happened */
		while (recv(fd[1], &c, 1, MSG_PEEK | MSG_DONTWAIT) != 0)
			continue;
	if (when != IDLE)
		orphan_busy(true);
	_exit(read(never, &c, 1) == 1 ? 3 : 2);
}

static int
status_of(enum when when)
{
	int ready[2], never[2], status;
	pid_t pid;
	char c = 'x';

	assert_int_equal(sock_pair(fd), 0);
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(never), 0);
	if ((pid = fork()) == 0)
		wait_for_ever(ready[1], never[0], when);
	(void)close(fd[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	/* A message is not the end. */
	if (when != BEFORE)
		assert_int_equal(send(fd[0], &c, 1, 0), 1);
	(void)close(fd[0]);
	if (when == IDLE)
		assert_int_equal(write(never[1], &c, 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	for (int i = 0; i < 2; i++) {
		(void)close(ready[i]);
		(void)close(never[i]);
	}
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
ends(void **state)
{
	(void)state;
	assert_int_equal(status_of(BEFORE), 0);
	assert_int_equal(status_of(DURING), 0);
	assert_int_equal(status_of(IDLE), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
