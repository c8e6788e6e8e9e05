/*
 * t_maildir_clean: which files in tmp/ go, and above all which stay.
 * wrap: time
 */
#include "tests/unit/unit.h"

#include <sys/file.h>

#include <dirent.h>
#include <time.h>

#include "delivery/maildir_clean.h"

static time_t ahead; /* seconds that the clock says too much */
static struct maildir_namer namer;
static int tmp = -1;

time_t __real_time(time_t *);
time_t __wrap_time(time_t *);

time_t
__wrap_time(time_t *t)
{
	return __real_time(t) + ahead;
}

static int
fresh(void **state)
{
	(void)state;
	if (tmp != -1)
		(void)close(tmp);
	(void)nftw(unit_path("tmp"), unit_remove, 16, FTW_DEPTH | FTW_PHYS);
	if (mkdir(unit_path("tmp"), 0700) == -1)
		return -1;
	tmp = open(unit_path("tmp"), O_RDONLY | O_DIRECTORY);
	maildir_namer_init(&namer, "h");
	ahead = 0;
	return tmp == -1 ? -1 : 0;
}

static int
make(const char *name)
{
	int fd = openat(tmp, name, O_CREAT | O_EXCL | O_RDWR, 0600);

	assert_int_not_equal(fd, -1);
	return fd;
}

static bool
there(const char *name)
{
	return faccessat(tmp, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static const char ours[] = "1700000000.M1P2Q3R4.h.postrider";
static const char other_host[] = "1700000000.M1P2Q3R4.i.postrider";
static const char other_program[] = "1700000000.5678_0.h";

static void
dead_and_living(void **state)
{
	char name[MAILDIR_NAME];
	const struct timespec now = { 1700000000, 0 };
	int fd = make(ours);

	(void)state;
	maildir_name_tmp(&namer, &now, name);
	assert_int_equal(close(make(name)), 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	ahead = 400 * 86400; /* no clock makes a living one old */
	maildir_clean(tmp, &namer);
	assert_true(there(ours));
	assert_false(there(name));
	assert_int_equal(close(fd), 0);
	maildir_clean(tmp, &namer);
	assert_false(there(ours));
}

static void
age(void **state)
{
	struct timespec old[2] = { { 1000000000, 0 }, { 1000000000, 0 } };

	(void)state;
	assert_int_equal(close(make(other_host)), 0);
	assert_int_equal(close(make(other_program)), 0);
	/* The inode was changed just now, whatever its other times say. */
	assert_int_equal(utimensat(tmp, other_program, old, 0), 0);
	maildir_clean(tmp, &namer);
	ahead = MAILDIR_CLEAN_AGE - 60;
	maildir_clean(tmp, &namer);
	ahead = -400 * 86400;
	maildir_clean(tmp, &namer);
	assert_true(there(other_host));
	assert_true(there(other_program));
	ahead = MAILDIR_CLEAN_AGE + 60;
	maildir_clean(tmp, &namer);
	assert_false(there(other_host));
	assert_false(there(other_program));
}

/* Read yesterday: somebody still uses it. */
static void
read_lately(void **state)
{
	struct timespec t[2] = { { 0, 0 }, { 1000000000, 0 } };

	(void)state;
	assert_int_equal(close(make(other_program)), 0);
	ahead = 100 * 3600;
	t[0].tv_sec = __real_time(NULL) + 90 * 3600;
	assert_int_equal(utimensat(tmp, other_program, t, 0), 0);
	maildir_clean(tmp, &namer);
	assert_true(there(other_program));
}

/* Whatever has our names but is no file: left alone, and never waited for. */
static void
oddities(void **state)
{
	char name[MAILDIR_NAME];

	(void)state;
	unit_file("victim", "x", 1);
	assert_int_equal(symlinkat(unit_path("victim"), tmp, ours), 0);
	(void)snprintf(name, sizeof(name), "1%s", ours);
	assert_int_equal(mkfifoat(tmp, name, 0600), 0);
	(void)snprintf(name, sizeof(name), "2%s", ours);
	assert_int_equal(mkdirat(tmp, name, 0700), 0);
	assert_int_equal(symlinkat("/etc", tmp, other_program), 0);
	assert_int_equal(close(make(".hidden")), 0);
	ahead = 400 * 86400;
	maildir_clean(tmp, &namer);
	assert_true(there(ours));
	assert_true(there(name));
	assert_true(there(other_program));
	assert_true(there(".hidden"));
	assert_int_equal(access(unit_path("victim"), F_OK), 0);
}

static void
bounded(void **state)
{
	char name[MAILDIR_NAME];
	int left = 0;

	(void)state;
	for (int i = 0; i < MAILDIR_CLEAN_MAX + 100; i++) {
		(void)snprintf(name, sizeof(name), "%d.x.h", i);
		assert_int_equal(close(make(name)), 0);
	}
	ahead = 400 * 86400;
	maildir_clean(tmp, &namer);
	for (int i = 0; i < MAILDIR_CLEAN_MAX + 100; i++) {
		(void)snprintf(name, sizeof(name), "%d.x.h", i);
		left += there(name);
	}
	/* "." and ".." are looked at too. */
	assert_in_range(left, 100, 102);
	maildir_clean(tmp, &namer);
	assert_false(there("0.x.h"));
}

/* Nothing to look at. */
static void
gone(void **state)
{
	(void)state;
	maildir_clean(-1, &namer);
	maildir_clean(tmp, &namer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(dead_and_living, fresh),
		cmocka_unit_test_setup(age, fresh),
		cmocka_unit_test_setup(read_lately, fresh),
		cmocka_unit_test_setup(oddities, fresh),
		cmocka_unit_test_setup(bounded, fresh),
		cmocka_unit_test_setup(gone, fresh),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
