/*
 * t_beneath: directories below a held one, without symbolic links.
 * wrap: fsync mkdirat
 */
#include "tests/unit/unit.h"

#include <errno.h>

#include "common/beneath.h"

static int fsyncs, fsync_errno, mkdir_errno;
static int base = -1;

int __real_fsync(int);
int __wrap_fsync(int);
int __real_mkdirat(int, const char *, mode_t);
int __wrap_mkdirat(int, const char *, mode_t);

int
__wrap_fsync(int fd)
{
	fsyncs++;
	if (fsync_errno != 0) {
		errno = fsync_errno;
		return -1;
	}
	return __real_fsync(fd);
}

int
__wrap_mkdirat(int dir, const char *name, mode_t mode)
{
	if (mkdir_errno != 0) {
		errno = mkdir_errno;
		return -1;
	}
	return __real_mkdirat(dir, name, mode);
}

struct path {
	const char *path;
	bool valid;
};

/* clang-format off */
static const struct path paths[] = {
	{ "Maildir",			true },
	{ "example.org/alice/Maildir",	true },
	{ "...",			true },
	{ ".maildir",			true },
	{ "..a/b..",			true },
	{ "",				false },
	{ ".",				false },
	{ "..",				false },
	{ "/",				false },
	{ "/etc",			false },
	{ "a/",				false },
	{ "a//b",			false },
	{ "a/./b",			false },
	{ "a/../b",			false },
	{ "../a",			false },
	{ "a/..",			false },
};
/* clang-format on */

static void
valid(void **state)
{
	char name[300];

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++)
		if (beneath_path_valid(paths[i].path) != paths[i].valid)
			fail_msg("%s", paths[i].path);
	memset(name, 'a', sizeof(name));
	name[255] = '\0';
	assert_true(beneath_path_valid(name));
	name[255] = 'a';
	name[256] = '\0';
	assert_false(beneath_path_valid(name));
}

static int
fresh(void **state)
{
	(void)state;
	if (base != -1)
		(void)close(base);
	(void)nftw(unit_path("base"), unit_remove, 16, FTW_DEPTH | FTW_PHYS);
	if (mkdir(unit_path("base"), 0700) == -1)
		return -1;
	base = open(unit_path("base"), O_PATH | O_DIRECTORY | O_CLOEXEC);
	fsyncs = fsync_errno = mkdir_errno = 0;
	return base == -1 ? -1 : 0;
}

static void
makes(void **state)
{
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(beneath_open(base, "a/b/c"), -1);
	assert_int_equal(errno, ENOENT);
	fd = beneath_make(base, "a/b/c");
	assert_int_not_equal(fd, -1);
	assert_int_equal(fsyncs, 3); /* one for each parent */
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(close(fd), 0);
	assert_int_equal(fstatat(base, "a/b/c", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	assert_int_equal(fstatat(base, "a", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);

	fd = beneath_make(base, "a/b/d");
	assert_int_not_equal(fd, -1);
	assert_int_equal(fsyncs, 4);
	assert_int_equal(close(fd), 0);
	fd = beneath_open(base, "a/b/c");
	assert_int_not_equal(fd, -1);
	assert_int_equal(fsync(fd), 0); /* not by O_PATH alone */
	assert_int_equal(close(fd), 0);
}

/* Every component in turn is a link: to a directory, or to nothing. */
static void
links(void **state)
{
	static const char *const parts[] = { "a", "a/b", "a/b/c" };
	static const char *const targets[] = { "/tmp", "../real", "real",
		"missing" };

	for (size_t i = 0; i < COUNT(parts); i++) {
		for (size_t k = 0; k < COUNT(targets); k++) {
			assert_int_equal(fresh(state), 0);
			if (i > 0)
				(void)close(
				    beneath_make(base, i == 1 ? "a" : "a/b"));
			(void)close(beneath_make(base, "real"));
			assert_int_equal(
			    symlinkat(targets[k], base, parts[i]), 0);
			assert_int_equal(beneath_open(base, "a/b/c"), -1);
			assert_int_equal(errno, ELOOP);
			assert_int_equal(beneath_make(base, "a/b/c"), -1);
			assert_int_equal(errno, ELOOP);
		}
	}
}

static void
others(void **state)
{
	int fd = openat(base, "file", O_CREAT | O_WRONLY, 0600);

	(void)state;
	assert_int_equal(close(fd), 0);
	assert_int_equal(beneath_open(base, "file"), -1);
	assert_int_equal(errno, ENOTDIR);
	assert_int_equal(beneath_make(base, "file/b"), -1);
	assert_int_equal(errno, ENOTDIR);
	assert_int_equal(mkfifoat(base, "fifo", 0600), 0);
	assert_int_equal(beneath_open(base, "fifo"), -1);
	assert_int_equal(errno, ENOTDIR);
	/* Callers check paths first; the kernel refuses these all the same. */
	assert_int_equal(beneath_open(base, "../base"), -1);
	assert_int_equal(errno, EXDEV);
	assert_int_equal(beneath_make(base, ".."), -1);
	assert_int_equal(errno, EXDEV);
	assert_int_equal(beneath_open(base, "/tmp"), -1);
	assert_int_equal(errno, EXDEV);
}

static void
failures(void **state)
{
	int fd;

	(void)state;
	fsync_errno = EIO;
	assert_int_equal(beneath_make(base, "a/b"), -1);
	assert_int_equal(errno, EIO);
	fsync_errno = 0;
	mkdir_errno = EDQUOT;
	assert_int_equal(beneath_make(base, "a/b"), -1);
	assert_int_equal(errno, EDQUOT);
	/* Another process made it between our two looks. */
	mkdir_errno = EEXIST;
	assert_int_equal(beneath_make(base, "a/b"), -1);
	assert_int_equal(errno, ENOENT);
	mkdir_errno = 0;
	fd = beneath_make(base, "a/b");
	assert_int_not_equal(fd, -1);
	assert_int_equal(close(fd), 0);
}

static int
setup(void **state)
{
	return unit_setup(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid),
		cmocka_unit_test_setup(makes, fresh),
		cmocka_unit_test(links),
		cmocka_unit_test_setup(others, fresh),
		cmocka_unit_test_setup(failures, fresh),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
