/*
 * Unit test of common/places.
 */
#include "tests/unit/unit.h"

#include <sys/file.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>

#include "common/log.h"
#include "common/places.h"

static struct owner self, stranger = { 12345, 12345 };

static void
directories(void **state)
{
	struct stat st;

	(void)state;
	assert_true(places_directory(unit_path("new"), &self, NULL, 0711));
	assert_int_equal(stat(unit_path("new"), &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0711);
	/* What exists is only looked at. */
	assert_true(places_directory(unit_path("new"), &self, NULL, 0700));
	assert_int_equal(stat(unit_path("new"), &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0711);
	assert_true(places_directory(unit_path("new"), &stranger, &self, 0700));
	assert_false(places_directory(unit_path("new"), &stranger, NULL, 0700));
	assert_false(places_directory(unit_path("no/new"), &self, NULL, 0700));
}

static void
wrong_directories(void **state)
{
	(void)state;
	unit_file("file", "", 0);
	assert_false(places_directory(unit_path("file"), &self, NULL, 0700));
	assert_int_equal(mkdir(unit_path("real"), 0700), 0);
	assert_int_equal(symlink("real", unit_path("link")), 0);
	assert_false(places_directory(unit_path("link"), &self, NULL, 0700));
	assert_int_equal(mkdir(unit_path("open"), 0700), 0);
	assert_int_equal(chmod(unit_path("open"), 0770), 0);
	assert_false(places_directory(unit_path("open"), &self, NULL, 0700));
	assert_int_equal(chmod(unit_path("open"), 0702), 0);
	assert_false(places_directory(unit_path("open"), &self, NULL, 0700));
}

/* One to which all may add; what exists is taken as it should be or not at all. */
static void
sticky_directories(void **state)
{
	const char *path = unit_path("sticky");
	struct stat st;
	int fd;

	(void)state;
	for (int i = 0; i < 2; i++) {
		fd = places_open_sticky(path, &self, 01733);
		assert_int_not_equal(fd, -1);
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(st.st_mode, S_IFDIR | 01733);
		assert_int_equal(close(fd), 0);
	}
	assert_int_equal(places_open_sticky(path, &stranger, 01733), -1);
	assert_int_equal(chmod(path, 01777), 0);
	assert_int_equal(places_open_sticky(path, &self, 01733), -1);
	/* Its making was interrupted. */
	assert_int_equal(chmod(path, 0700), 0);
	fd = places_open_sticky(path, &self, 01733);
	assert_int_not_equal(fd, -1);
	assert_int_equal(close(fd), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 01733);
	assert_int_equal(symlink("sticky", unit_path("to-sticky")), 0);
	assert_int_equal(
	    places_open_sticky(unit_path("to-sticky"), &self, 01733), -1);
	assert_int_equal(places_open_sticky("/no/such", &self, 01733), -1);
}

/* A holder that lives is named; the lock goes when it does. */
static void
lock(void **state)
{
	char found[32], want[32];
	int fd, again;
	ssize_t n;

	(void)state;
	fd = places_lock(unit_dir);
	assert_int_not_equal(fd, -1);
	n = pread(fd, found, sizeof(found) - 1, 0);
	assert_in_range(n, 2, 12);
	found[n] = '\0';
	(void)snprintf(want, sizeof(want), "%d\n", (int)getpid());
	assert_string_equal(found, want);
	assert_int_equal(places_lock(unit_dir), -1);
	assert_int_equal(close(fd), 0);
	again = places_lock(unit_dir);
	assert_int_not_equal(again, -1);
	assert_int_equal(close(again), 0);
}

/* What a dead holder has left keeps the lock for a moment: it is waited for. */
static void
lock_of_the_dead(void **state)
{
	int ready[2], fd, status;
	pid_t left, holder;
	char c;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	if ((holder = fork()) == 0) {
		if (places_lock(unit_dir) == -1)
			_exit(1);
		if ((left = fork()) == 0) {
			if (write(ready[1], "x", 1) != 1)
				_exit(1);
			(void)usleep(2500000); /* longer than for the living */
			_exit(0);
		}
		_exit(left == -1);
	}
	assert_int_equal(waitpid(holder, &status, 0), holder);
	assert_int_equal(status, 0);
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(close(ready[0]), 0);
	assert_int_equal(close(ready[1]), 0);
	fd = places_lock(unit_dir);
	assert_int_not_equal(fd, -1);
	assert_int_equal(close(fd), 0);
}

static void
wrong_locks(void **state)
{
	(void)state;
	assert_int_equal(mkdir(unit_path("a"), 0700), 0);
	unit_file("precious", "precious", 8);
	assert_int_equal(symlink("../precious", unit_path("a/lock")), 0);
	assert_int_equal(places_lock(unit_path("a")), -1);
	assert_int_equal(unlink(unit_path("a/lock")), 0);
	/* A second name of somebody's file would be written to. */
	assert_int_equal(link(unit_path("precious"), unit_path("a/lock")), 0);
	assert_int_equal(places_lock(unit_path("a")), -1);
	assert_int_equal(unlink(unit_path("a/lock")), 0);
	assert_int_equal(mkfifo(unit_path("a/lock"), 0600), 0);
	assert_int_equal(places_lock(unit_path("a")), -1);
	assert_int_equal(places_lock(unit_path("none")), -1);
}

/* In a child, since it replaces stderr. */
static int
log_in_child(const char *path)
{
	int status;
	pid_t pid;

	if ((pid = fork()) == 0) {
		(void)alarm(5); /* what waits, ends */
		if (!places_log(path, getgid()))
			_exit(1);
		_exit(write(STDERR_FILENO, "line\n", 5) != 5);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
log_file(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(log_in_child(unit_path("the.log")), 0);
	assert_int_equal(stat(unit_path("the.log"), &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0620);
	assert_int_equal(st.st_size, 5);
	assert_int_equal(log_in_child(unit_path("the.log")), 0);
	assert_int_equal(stat(unit_path("the.log"), &st), 0);
	assert_int_equal(st.st_size, 10);
	assert_int_equal(symlink("the.log", unit_path("link.log")), 0);
	assert_int_not_equal(log_in_child(unit_path("link.log")), 0);
	assert_int_not_equal(log_in_child(unit_path("no/the.log")), 0);
}

static void
wrong_logs(void **state)
{
	struct stat st;
	int reader;

	(void)state;
	/* A pipe would keep postriderd waiting, or stop it when full. */
	assert_int_equal(mkfifo(unit_path("pipe.log"), 0600), 0);
	assert_int_equal(log_in_child(unit_path("pipe.log")), 1 << 8);
	reader = open(unit_path("pipe.log"), O_RDONLY | O_NONBLOCK);
	assert_int_not_equal(reader, -1);
	assert_int_equal(log_in_child(unit_path("pipe.log")), 1 << 8);
	assert_int_equal(close(reader), 0);
	/* A second name of somebody's file would be written to. */
	unit_file("others", "other", 5);
	assert_int_equal(link(unit_path("others"), unit_path("hard.log")), 0);
	assert_int_equal(log_in_child(unit_path("hard.log")), 1 << 8);
	assert_int_equal(stat(unit_path("others"), &st), 0);
	assert_int_equal(st.st_size, 5);
	assert_int_equal(unlink(unit_path("others")), 0);
	assert_int_equal(log_in_child(unit_path("hard.log")), 0);
	assert_int_equal(log_in_child(unit_dir), 1 << 8);
	assert_int_equal(log_in_child("/dev/null"), 1 << 8);
}

static int
setup(void **state)
{
	self.uid = getuid();
	self.gid = getgid();
	(void)umask(077);
	return unit_setup(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(directories),
		cmocka_unit_test(wrong_directories),
		cmocka_unit_test(sticky_directories),
		cmocka_unit_test(lock),
		cmocka_unit_test(lock_of_the_dead),
		cmocka_unit_test(wrong_locks),
		cmocka_unit_test(log_file),
		cmocka_unit_test(wrong_logs),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
