/*
 * t_fault: a map that loses its file ends the session with a reply.
 */
#include "tests/unit/unit.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include <signal.h>

#include "common/fault.h"

/* In a child: reads a page that is no longer in its file. */
static void
read_what_is_gone(void)
{
	int fd = open(unit_path("map"), O_RDWR | O_CREAT, 0600);
	volatile char *map;

	if (ftruncate(fd, 4096) == -1)
		_exit(2);
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED || ftruncate(fd, 0) == -1)
		_exit(3);
	(void)map[0]; /* SIGBUS */
	_exit(4);
}

static void
bus_error(void **state)
{
	int p[2], status;
	char said[200];
	ssize_t n;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(p), 0);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		fault_prepare("421 4.3.0 Gone\r\n");
		fault_client(p[1]);
		read_what_is_gone();
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	n = read(p[0], said, sizeof(said) - 1);
	assert_true(n >= 0);
	said[n] = '\0';
	assert_string_equal(said, "421 4.3.0 Gone\r\n");
	assert_int_equal(close(p[0]), 0);
	assert_int_equal(close(p[1]), 0);
}

static void
pipes_and_sizes_are_errors(void **state)
{
	struct sigaction sa;

	(void)state;
	fault_prepare("");
	assert_int_equal(sigaction(SIGPIPE, NULL, &sa), 0);
	assert_true(sa.sa_handler == SIG_IGN);
	assert_int_equal(sigaction(SIGXFSZ, NULL, &sa), 0);
	assert_true(sa.sa_handler == SIG_IGN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bus_error),
		cmocka_unit_test(pipes_and_sizes_are_errors),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
