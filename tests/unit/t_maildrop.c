/*
 * t_maildrop: opening, making and locking a mailbox, and what is refused.
 * wrap: flock fsync openat
 */
#include "tests/unit/pop3.h"

#include <sys/file.h>
#include <sys/wait.h>

#include <errno.h>

static int fsyncs, flock_errno, openat_errno;

int __real_flock(int, int);
int __wrap_flock(int, int);
int __wrap_fsync(int);
int __real_openat(int, const char *, int, ...);
int __wrap_openat(int, const char *, int, ...);

/* Only on directories, as network file systems do. */
int
__wrap_flock(int fd, int op)
{
	struct stat st;

	if (flock_errno != 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		errno = flock_errno;
		return -1;
	}
	return __real_flock(fd, op);
}

int
__wrap_fsync(int fd)
{
	(void)fd;
	fsyncs++;
	return 0;
}

int
__wrap_openat(int at, const char *path, int flags, ...)
{
	if (openat_errno != 0 && (flags & O_CREAT)) {
		errno = openat_errno;
		return -1;
	}
	return __real_openat(at, path, flags, 0600);
}

static void
made_when_missing(void **state)
{
	struct maildrop md;
	struct stat st;

	(void)state;
	fsyncs = 0;
	assert_int_equal(
	    maildrop_open(&md, "alice", BOX "/a/Maildir"), MAILDROP_OPEN);
	assert_int_equal(md.count, 0);
	assert_int_equal(lstat(BOX "/a/Maildir/cur", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(lstat(BOX "/a/Maildir/tmp", &st), 0);
	/* BOX, a, Maildir, new and cur: each entry lasts. */
	assert_int_equal(fsyncs, 5);
	maildrop_close(&md);
	assert_int_equal(
	    maildrop_open(&md, "alice", BOX "/a/Maildir"), MAILDROP_OPEN);
	assert_int_equal(fsyncs, 5);
	maildrop_close(&md);
}

static void
wrong_mode(void **state)
{
	static const char *const names[] = { BOX, BOX "/new", BOX "/cur" };
	static const mode_t modes[] = { 0720, 0702, 0777, 01777 };
	struct maildrop md;

	(void)state;
	pop3_dirs();
	for (size_t i = 0; i < COUNT(names); i++) {
		for (size_t j = 0; j < COUNT(modes); j++) {
			assert_int_equal(chmod(names[i], modes[j]), 0);
			assert_int_equal(
			    maildrop_open(&md, "a", BOX), MAILDROP_PERM);
			maildrop_close(&md);
		}
		assert_non_null(strstr(pop3_log(), names[i]));
		assert_non_null(strstr(pop3_log(), "wanted="));
		assert_non_null(strstr(pop3_log(), "mode 1777"));
		pop3_forget_log();
		assert_int_equal(chmod(names[i], 0755), 0);
	}
	pop3_open(&md);
	maildrop_close(&md);
}

static void
wrong_owner(void **state)
{
	struct maildrop md;

	(void)state;
	if (geteuid() != 0)
		skip();
	pop3_dirs();
	assert_int_equal(chown(BOX "/cur", 65534, 65534), 0);
	assert_int_equal(maildrop_open(&md, "a", BOX), MAILDROP_PERM);
	assert_non_null(strstr(pop3_log(), "uid 65534"));
	maildrop_close(&md);
}

/* A link in any place, a way out, and things that are no directory. */
static void
wrong_kind(void **state)
{
	struct maildrop md;

	(void)state;
	pop3_dirs();
	assert_int_equal(rename(BOX "/cur", BOX "/cur2"), 0);
	assert_int_equal(symlink("cur2", BOX "/cur"), 0);
	assert_int_equal(maildrop_open(&md, "a", BOX), MAILDROP_PERM);
	assert_non_null(strstr(pop3_log(), "found=\"a symbolic link\""));
	maildrop_close(&md);
	assert_int_equal(symlink(BOX, "link"), 0);
	assert_int_equal(maildrop_open(&md, "a", "link"), MAILDROP_PERM);
	maildrop_close(&md);
	assert_int_equal(maildrop_open(&md, "a", "link/x"), MAILDROP_PERM);
	maildrop_close(&md);
	assert_int_equal(unlink("link"), 0);
	assert_int_equal(maildrop_open(&md, "a", "../x"), MAILDROP_PERM);
	maildrop_close(&md);
	assert_int_equal(maildrop_open(&md, "a", "/etc"), MAILDROP_PERM);
	maildrop_close(&md);
	assert_int_equal(maildrop_open(&md, "a", "log"), MAILDROP_PERM);
	maildrop_close(&md);
}

static void
locked(void **state)
{
	struct maildrop md, second;
	int status;
	pid_t pid;

	(void)state;
	pop3_open(&md);
	if ((pid = fork()) == 0)
		_exit(maildrop_open(&second, "a", BOX));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), MAILDROP_IN_USE);
	maildrop_unlock(&md);
	if ((pid = fork()) == 0)
		_exit(maildrop_open(&second, "a", BOX));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), MAILDROP_OPEN);
	maildrop_close(&md);
}

/* Each lock alone is enough. */
static void
one_lock_only(void **state)
{
	static const struct {
		int on_flock, on_open;
	} rows[] = { { EBADF, 0 }, { 0, EDQUOT }, { 0, ENOSPC } };
	struct maildrop md, second;

	(void)state;
	pop3_dirs();
	for (size_t i = 0; i < COUNT(rows); i++) {
		flock_errno = rows[i].on_flock;
		openat_errno = rows[i].on_open;
		pop3_open(&md);
		assert_int_equal(
		    maildrop_open(&second, "a", BOX), MAILDROP_IN_USE);
		maildrop_close(&second);
		maildrop_unlock(&md);
		pop3_open(&second);
		maildrop_close(&second);
		maildrop_close(&md);
	}
	/* None at all is not. */
	flock_errno = EBADF;
	assert_int_equal(maildrop_open(&md, "a", BOX), MAILDROP_TEMP);
	maildrop_close(&md);
	openat_errno = EACCES;
	assert_int_equal(maildrop_open(&md, "a", BOX), MAILDROP_PERM);
	maildrop_close(&md);
	flock_errno = openat_errno = 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(made_when_missing, pop3_clean),
		cmocka_unit_test_setup(wrong_mode, pop3_clean),
		cmocka_unit_test_setup(wrong_owner, pop3_clean),
		cmocka_unit_test_setup(wrong_kind, pop3_clean),
		cmocka_unit_test_setup(locked, pop3_clean),
		cmocka_unit_test_setup(one_lock_only, pop3_clean),
	};

	return cmocka_run_group_tests(tests, pop3_setup, unit_teardown);
}
