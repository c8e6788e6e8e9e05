/*
 * t_mbox_lock: mbox files that others have locked, replaced or left locked.
 */
#include "tests/unit/mbox.h"

#include <signal.h>
#include <time.h>
#include <utime.h>

#include "delivery/mbox_lock.h"

/* A process that holds the fcntl(2) lock until its pipe is closed. */
struct holder {
	pid_t pid;
	int to, from;
};

static struct holder
hold(const char *path)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct holder h;
	int to[2], from[2], fd;
	char c;

	assert_int_equal(pipe2(to, O_CLOEXEC), 0);
	assert_int_equal(pipe2(from, O_CLOEXEC), 0);
	assert_int_not_equal(h.pid = fork(), -1);
	if (h.pid == 0) {
		(void)close(to[1]);
		fd = open(path, O_RDWR | O_CREAT, 0600);
		if (fd == -1 || fcntl(fd, F_SETLK, &l) == -1 ||
		    write(from[1], "x", 1) != 1)
			_exit(1);
		_exit(read(to[0], &c, 1) == -1);
	}
	(void)close(to[0]);
	(void)close(from[1]);
	assert_int_equal(read(from[0], &c, 1), 1);
	h.to = to[1];
	h.from = from[0];
	return h;
}

static void
let_go(struct holder h)
{
	int status;

	assert_int_equal(close(h.to), 0);
	assert_int_equal(close(h.from), 0);
	assert_int_equal(waitpid(h.pid, &status, 0), h.pid);
	assert_int_equal(status, 0);
}

static void
locked(void **state)
{
	struct holder h;

	(void)state;
	begin("m");
	h = hold(path_of("m"));
	assert_string_equal(append(path_of("m"), LETTER, 0), "4.2.0");
	assert_string_equal(append(path_of("m"), LETTER, 120), "4.2.0");
	assert_string_equal(content("m"), "");
	assert_int_equal(access(unit_path("m.lock"), F_OK), -1);
	let_go(h);
	assert_string_equal(append(path_of("m"), LETTER, 0), "2.0.0");
	assert_string_equal(content("m"), STORED);
}

/* Meanwhile it is replaced, as programs do that remove messages from it. */
static void
replace(void *arg)
{
	struct holder *h = arg;

	if (rename(unit_path("new"), unit_path("m")) == -1)
		_exit(1);
	if (kill(h->pid, SIGKILL) == -1)
		_exit(1);
}

static void
replaced(void **state)
{
	struct holder h;
	int status;
	pid_t pid;

	(void)state;
	begin("m");
	unit_file("new", "new\n\n", 5);
	h = hold(path_of("m"));
	assert_int_not_equal(pid = fork(), -1);
	if (pid == 0) {
		/* Not before the other has tried at least once. */
		(void)nanosleep(&(struct timespec){ 0, 80000000 }, NULL);
		replace(&h);
		_exit(0);
	}
	assert_string_equal(append(path_of("m"), LETTER, 20000), "2.0.0");
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(waitpid(h.pid, &status, 0), h.pid);
	(void)close(h.to);
	(void)close(h.from);
	assert_string_equal(content("m"), "new\n\n" STORED);
}

static void
age(const char *name, time_t seconds)
{
	struct utimbuf t;

	t.actime = t.modtime = time(NULL) - seconds;
	assert_int_equal(utime(unit_path(name), &t), 0);
}

static void
dot_locked(void **state)
{
	(void)state;
	begin("m");
	unit_file("m.lock", "1\n", 2);
	assert_string_equal(append(path_of("m"), LETTER, 0), "4.2.0");
	assert_string_equal(append(path_of("m"), LETTER, 120), "4.2.0");
	assert_string_equal(content("m"), "");
	age("m.lock", MBOX_STALE - 60);
	assert_string_equal(append(path_of("m"), LETTER, 0), "4.2.0");
	assert_string_equal(content("m.lock"), "1\n");
	age("m.lock", MBOX_STALE + 1);
	assert_string_equal(append(path_of("m"), LETTER, 5000), "2.0.0");
	assert_int_equal(access(unit_path("m.lock"), F_OK), -1);
	assert_string_equal(content("m"), STORED);
	/* What is no lock of anybody's is not removed, nor followed. */
	assert_int_equal(symlink(unit_path("x"), unit_path("m.lock")), 0);
	assert_string_equal(append(path_of("m"), LETTER, 0), "4.2.0");
	assert_int_equal(unlink(unit_path("m.lock")), 0);
	assert_int_equal(access(unit_path("x"), F_OK), -1);
}

/* Both locks while it writes, and the other's dot is not removed. */
static void
lock_and_unlock(void **state)
{
	struct mbox_lock l;
	int fd;

	(void)state;
	begin("m");
	fd = open(unit_path("m"), O_RDWR | O_CREAT, 0600);
	assert_int_not_equal(fd, -1);
	assert_int_equal(mbox_lock_try(&l, fd, path_of("m")), MBOX_LOCKED);
	assert_true(strlen(content("m.lock")) > 1);
	assert_int_equal(unlink(unit_path("m.lock")), 0);
	unit_file("other", "2\n", 2);
	assert_int_equal(rename(unit_path("other"), unit_path("m.lock")), 0);
	mbox_unlock(&l);
	assert_string_equal(content("m.lock"), "2\n");
	assert_int_equal(close(fd), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(locked),
		cmocka_unit_test(replaced),
		cmocka_unit_test(dot_locked),
		cmocka_unit_test(lock_and_unlock),
	};

	return cmocka_run_group_tests(tests, mbox_setup, unit_teardown);
}
