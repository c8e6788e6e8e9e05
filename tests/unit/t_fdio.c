/*
 * t_fdio: whole reads and writes, when the system does them in parts.
 * wrap: write pwrite pread
 */
#include "tests/unit/unit.h"

#include <errno.h>

#include "common/fdio.h"

/* What the system does, call by call: at most so many bytes, or an errno. */
struct step {
	size_t most;
	int error;
};

static const struct step *script;
static size_t steps, at;

ssize_t __real_write(int, const void *, size_t);
ssize_t __wrap_write(int, const void *, size_t);
ssize_t __real_pwrite(int, const void *, size_t, off_t);
ssize_t __wrap_pwrite(int, const void *, size_t, off_t);
ssize_t __real_pread(int, void *, size_t, off_t);
ssize_t __wrap_pread(int, void *, size_t, off_t);

/* The bytes this call may do; SIZE_MAX when errno says it fails. */
static size_t
allowed(size_t n)
{
	const struct step *s;

	assert_true(at < 1000); /* an endless loop is a failure, too */
	if (at++ >= steps)
		return n;
	s = &script[at - 1];
	if (s->error != 0) {
		errno = s->error;
		return SIZE_MAX;
	}
	return n < s->most ? n : s->most;
}

ssize_t
__wrap_write(int fd, const void *p, size_t n)
{
	return (n = allowed(n)) == SIZE_MAX ? -1 : __real_write(fd, p, n);
}

ssize_t
__wrap_pwrite(int fd, const void *p, size_t n, off_t o)
{
	return (n = allowed(n)) == SIZE_MAX ? -1 : __real_pwrite(fd, p, n, o);
}

ssize_t
__wrap_pread(int fd, void *p, size_t n, off_t o)
{
	return (n = allowed(n)) == SIZE_MAX ? -1 : __real_pread(fd, p, n, o);
}

#define SCRIPT(s) (script = (s), steps = COUNT(s), at = 0)

static const struct step parts[] = { { 1, 0 }, { 0, EINTR }, { 3, 0 }, { 1, 0 },
	{ 0, EINTR }, { 0, EINTR }, { 2, 0 } };
static const struct step full[] = { { 4, 0 }, { 0, ENOSPC } };
static const struct step stuck[] = { { 4, 0 }, { 0, 0 }, { 0, 0 }, { 0, 0 },
	{ 0, 0 }, { 0, 0 }, { 0, 0 } };

static int
file(const char *bytes)
{
	int fd;

	steps = 0;
	unit_file("file", bytes, strlen(bytes));
	at = 0;
	fd = open(unit_path("file"), O_RDWR);
	assert_int_not_equal(fd, -1);
	return fd;
}

static void
holds(int fd, const char *want)
{
	char got[32] = "";

	assert_int_equal(__real_pread(fd, got, sizeof(got), 0), strlen(want));
	assert_string_equal(got, want);
	assert_int_equal(close(fd), 0);
}

static void
writes(void **state)
{
	int fd = file("");

	(void)state;
	SCRIPT(parts);
	assert_int_equal(fd_writeall(fd, "hello world", 11), 0);
	holds(fd, "hello world");
	fd = file("");
	SCRIPT(full);
	assert_int_equal(fd_writeall(fd, "hello world", 11), -1);
	assert_int_equal(errno, ENOSPC);
	holds(fd, "hell");
	fd = file("");
	assert_int_equal(fd_writeall(fd, "", 0), 0);
	assert_int_equal(at, 0);
	holds(fd, "");
	assert_int_equal(fd_writeall(-1, "x", 1), -1);
	assert_int_equal(errno, EBADF);
}

static void
pwrites(void **state)
{
	int fd = file("0123456789abcdef");

	(void)state;
	SCRIPT(parts);
	assert_int_equal(fd_pwriteall(fd, "hello world", 11, 2), 0);
	holds(fd, "01hello worlddef");
	fd = file("0123456789");
	SCRIPT(full);
	assert_int_equal(fd_pwriteall(fd, "hello", 5, 2), -1);
	assert_int_equal(errno, ENOSPC);
	holds(fd, "01hell6789");
}

/* A system that takes nothing and says nothing is not waited for. */
static void
zero(void **state)
{
	int fd = file("");

	(void)state;
	SCRIPT(stuck);
	assert_int_equal(fd_writeall(fd, "hello world", 11), -1);
	assert_int_equal(errno, EIO);
	SCRIPT(stuck);
	assert_int_equal(fd_pwriteall(fd, "hello world", 11, 0), -1);
	assert_int_equal(errno, EIO);
	holds(fd, "hell");
}

static void
preads(void **state)
{
	int fd = file("0123456789abcdef");
	char buf[16] = "";

	(void)state;
	SCRIPT(parts);
	assert_int_equal(fd_preadall(fd, buf, 11, 2), 0);
	assert_string_equal(buf, "23456789abc");
	steps = 0;
	assert_int_equal(fd_preadall(fd, buf, 4, 12), 0);
	assert_int_equal(fd_preadall(fd, buf, 4, 13), -1);
	assert_int_equal(errno, ENODATA);
	assert_int_equal(fd_preadall(fd, buf, 0, 99), 0);
	SCRIPT(full);
	assert_int_equal(fd_preadall(fd, buf, 11, 2), -1);
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(close(fd), 0);
}

/* From the middle of one file to the end of what another has. */
static void
copies(void **state)
{
	char got[16] = "";
	int from, to;

	(void)state;
	unit_file("from", "0123456789", 10);
	unit_file("to", "ab", 2);
	from = open(unit_path("from"), O_RDONLY | O_CLOEXEC);
	to = open(unit_path("to"), O_RDWR | O_CLOEXEC);
	assert_int_equal(lseek(to, 0, SEEK_END), 2);
	assert_int_equal(fd_copyall(from, to, 4, 0), 0);
	assert_int_equal(fd_copyall(from, to, 4, 6), 0);
	assert_int_equal(lseek(from, 0, SEEK_CUR), 0); /* is left alone */
	assert_int_equal(__real_pread(to, got, sizeof(got), 0), 8);
	assert_string_equal(got, "ab456789");
	errno = 0;
	assert_int_equal(fd_copyall(from, to, 8, 3), -1); /* it is shorter */
	assert_int_equal(errno, EIO);
	assert_int_equal(close(from), 0);
	assert_int_equal(fd_copyall(from, to, 0, 1), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(close(to), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes),
		cmocka_unit_test(pwrites),
		cmocka_unit_test(zero),
		cmocka_unit_test(preads),
		cmocka_unit_test(copies),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
