/*
 * t_syncs: many descriptors at a time, with and without the kernel's help.
 * wrap: fsync syscall
 */
#include "tests/unit/unit.h"

#include <sys/syscall.h>

#include <errno.h>
#include <linux/aio_abi.h>
#include <stdarg.h>

#include "delivery/syncs.h"

#define FILES 40

static struct syncs s;
static int files[FILES];
static int one_by_one; /* calls of fsync */
/* What fails, and how: the calls, and the answer for the last file. */
static int setup_error, submit_error, get_error, answer;
static long taken; /* of the next submission; 0: all */

int __real_fsync(int);
int __wrap_fsync(int);
long __real_syscall(long, ...);
long __wrap_syscall(long, ...);

int
__wrap_fsync(int fd)
{
	one_by_one++;
	return __real_fsync(fd);
}

static long
refuse(int *error)
{
	errno = *error;
	/* A signal comes once. */
	if (*error == EINTR)
		*error = 0;
	return -1;
}

static long
get_events(const long a[5])
{
	struct io_event *event = (struct io_event *)a[3];
	long n = __real_syscall(SYS_io_getevents, a[0], a[1], a[2], a[3], a[4]);

	for (long i = 0; i < n; i++)
		if (answer != 0 && event[i].data == FILES - 1)
			event[i].res = answer;
	return n;
}

long
__wrap_syscall(long call, ...)
{
	long a[5];
	va_list ap;

	va_start(ap, call);
	for (int i = 0; i < 5; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (call == SYS_io_setup && setup_error != 0)
		return refuse(&setup_error);
	if (call == SYS_io_submit && submit_error != 0)
		return refuse(&submit_error);
	if (call == SYS_io_getevents && get_error != 0)
		return refuse(&get_error);
	if (call == SYS_io_submit && taken > 0 && taken < a[1]) {
		a[1] = taken;
		taken = 0;
		submit_error = EAGAIN;
	}
	if (call == SYS_io_getevents)
		return get_events(a);
	return __real_syscall(call, a[0], a[1], a[2], a[3], a[4]);
}

static int
fresh(void **state)
{
	char name[20];

	(void)state;
	for (int i = 0; i < FILES; i++) {
		(void)snprintf(name, sizeof(name), "f%d", i);
		files[i] = open(unit_path(name), O_WRONLY | O_CREAT, 0600);
		if (files[i] == -1 || write(files[i], "x", 1) != 1)
			return -1;
	}
	one_by_one = setup_error = submit_error = get_error = answer = 0;
	taken = 0;
	return 0;
}

static int
done(void **state)
{
	(void)state;
	syncs_clear(&s);
	for (int i = 0; i < FILES; i++)
		(void)close(files[i]);
	return 0;
}

/* All files; how many were told to have failed. */
static int
wait_for(size_t n)
{
	int bad = 0;

	one_by_one = 0;
	for (size_t i = 0; i < n; i++)
		assert_int_equal(syncs_add(&s, files[i]), i);
	syncs_wait(&s);
	assert_int_equal(s.count, 0);
	for (size_t i = 0; i < n; i++)
		bad += syncs_error(&s, i) != 0;
	return bad;
}

static void
together(void **state)
{
	(void)state;
	syncs_init(&s);
	if (s.context == 0)
		skip(); /* this kernel has none for us */
	assert_int_equal(wait_for(FILES), 0);
	assert_int_equal(one_by_one, 0);
	assert_int_equal(syncs_error(&s, SYNCS_NONE), 0);
	assert_int_equal(wait_for(0), 0);
	/* One alone needs no help. */
	assert_int_equal(wait_for(1), 0);
	assert_int_equal(one_by_one, 1);
	/* A signal in between changes nothing. */
	get_error = EINTR;
	assert_int_equal(wait_for(FILES), 0);
	assert_int_equal(get_error, 0);
}

static void
without_help(void **state)
{
	(void)state;
	setup_error = ENOSYS;
	syncs_init(&s);
	assert_int_equal(s.context, 0);
	assert_int_equal(wait_for(FILES), 0);
	assert_int_equal(one_by_one, FILES);
}

/* Each has its own answer, whoever gives it. */
static void
fails(void **state)
{
	(void)state;
	for (int helped = 0; helped < 2; helped++) {
		setup_error = helped ? 0 : ENOSYS;
		syncs_init(&s);
		assert_int_equal(close(files[7]), 0);
		assert_int_equal(wait_for(FILES), 1);
		assert_int_equal(syncs_error(&s, 7), EBADF);
		files[7] = dup(files[6]);
		assert_int_equal(wait_for(FILES), 0);
		syncs_clear(&s);
	}
	setup_error = 0;
	syncs_init(&s);
	if (s.context == 0)
		skip();
	answer = -ENOSPC;
	assert_int_equal(wait_for(FILES), 1);
	assert_int_equal(syncs_error(&s, FILES - 1), ENOSPC);
	answer = 0;
	assert_int_equal(wait_for(FILES), 0);
}

/* The kernel takes some or none: the rest goes one by one. */
static void
refused(void **state)
{
	(void)state;
	syncs_init(&s);
	if (s.context == 0)
		skip();
	taken = 10;
	assert_int_equal(wait_for(FILES), 0);
	assert_int_equal(one_by_one, FILES - 10);
	assert_int_equal(submit_error, EAGAIN);
	assert_int_equal(wait_for(FILES), 0);
	assert_int_equal(one_by_one, FILES);
}

/* No answers: nothing is known to be on disk, and no late one is believed. */
static void
unanswered(void **state)
{
	(void)state;
	syncs_init(&s);
	if (s.context == 0)
		skip();
	get_error = EINVAL;
	assert_int_equal(wait_for(FILES), FILES);
	assert_int_equal(syncs_error(&s, 0), EIO);
	assert_int_equal(s.context, 0);
	get_error = 0;
	assert_int_equal(wait_for(FILES), 0);
	assert_int_equal(one_by_one, FILES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(together, fresh, done),
		cmocka_unit_test_setup_teardown(without_help, fresh, done),
		cmocka_unit_test_setup_teardown(fails, fresh, done),
		cmocka_unit_test_setup_teardown(refused, fresh, done),
		cmocka_unit_test_setup_teardown(unanswered, fresh, done),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
