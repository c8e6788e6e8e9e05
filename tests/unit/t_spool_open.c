/*
 * t_spool_open: whose spool it is, and whose directories.
 * wrap: fsync nanosleep
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <time.h>

#include "common/log.h"
#include "queue/spool.h"

static int fsync_error; /* set, it fails with this */

int __real_fsync(int);
int __wrap_fsync(int);
int __wrap_nanosleep(const struct timespec *, struct timespec *);

int
__wrap_fsync(int fd)
{
	if (fsync_error == 0)
		return __real_fsync(fd);
	errno = fsync_error;
	return -1;
}

/* A second spool's wait for the lock is not waited for. */
int
__wrap_nanosleep(const struct timespec *t, struct timespec *left)
{
	(void)t;
	(void)left;
	return 0;
}

static struct event_base *base;
static struct spool *spool;

static int
begin(void **state)
{
	log_open("t_spool_open", LOG_TO_FILE, "/dev/null");
	if (unit_setup(state) == -1 || (base = event_base_new()) == NULL)
		return -1;
	spool = spool_open(base, unit_dir);
	return spool == NULL ? -1 : 0;
}

static int
end(void **state)
{
	spool_close(spool);
	event_base_free(base);
	return unit_teardown(state);
}

static void
one_at_a_time(void **state)
{
	(void)state;
	assert_null(spool_open(base, unit_dir));
}

/* A directory that is not ours is not used. */
static void
foreign_directories(void **state)
{
	(void)state;
	spool_close(spool);
	assert_int_equal(rmdir(unit_path("queue/17")), 0);
	assert_int_equal(symlink("/tmp", unit_path("queue/17")), 0);
	assert_null(spool_open(base, unit_dir));
	assert_int_equal(unlink(unit_path("queue/17")), 0);
	assert_int_equal(mkdir(unit_path("queue/17"), 0700), 0);
	assert_int_equal(chmod(unit_path("queue/17"), 0770), 0);
	assert_null(spool_open(base, unit_dir));
	assert_int_equal(chmod(unit_path("queue/17"), 0700), 0);
	fsync_error = EIO;
	assert_null(spool_open(base, unit_dir));
	fsync_error = 0;
	assert_non_null(spool = spool_open(base, unit_dir));
	assert_null(spool_open(base, "/nonexistent"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_at_a_time),
		cmocka_unit_test(foreign_directories),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
