/*
 * t_deadline: points in time on the monotonic clock.
 * wrap: clock_gettime poll
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <time.h>

#include "common/deadline.h"

static int64_t now; /* milliseconds of the monotonic clock */
static int interrupts, polls, asked;

int __wrap_clock_gettime(clockid_t, struct timespec *);
int __real_poll(struct pollfd *, nfds_t, int);
int __wrap_poll(struct pollfd *, nfds_t, int);

int
__wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
	assert_int_equal(id, CLOCK_MONOTONIC); /* the other one jumps */
	ts->tv_sec = now / 1000;
	ts->tv_nsec = now % 1000 * 1000000;
	return 0;
}

/* Time goes by while polling. */
int
__wrap_poll(struct pollfd *p, nfds_t n, int timeout)
{
	polls++;
	asked = timeout;
	if (interrupts > 0) {
		interrupts--;
		now += 300;
		errno = EINTR;
		return -1;
	}
	return __real_poll(p, n, 0);
}

static void
left(void **state)
{
	deadline_t d;

	(void)state;
	now = 1000000;
	d = deadline_in(5);
	assert_int_equal(deadline_left(d), 5000);
	assert_int_equal(deadline_in_ms(5000), d);
	now += 4999;
	assert_int_equal(deadline_left(d), 1);
	now += 1;
	assert_int_equal(deadline_left(d), 0);
	now += 100000;
	assert_int_equal(deadline_left(d), 0);
	assert_int_equal(deadline_left(0), 0);
	assert_int_equal(deadline_left(DEADLINE_NEVER), -1);
	assert_int_equal(
	    deadline_left(deadline_in(100LL * 365 * 86400)), INT_MAX);
}

static void
waits(void **state)
{
	int fd[2];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(deadline_poll(fd[0], POLLIN, deadline_in_ms(700)), 0);
	assert_int_equal(asked, 700);
	assert_int_equal(deadline_poll(fd[1], POLLOUT, 0), 1);
	/* Signals do not prolong it. */
	interrupts = 2;
	polls = 0;
	assert_int_equal(deadline_poll(fd[0], POLLIN, deadline_in_ms(700)), 0);
	assert_int_equal(polls, 3);
	assert_int_equal(asked, 100);
	interrupts = 3;
	assert_int_equal(deadline_poll(fd[0], POLLIN, deadline_in_ms(700)), 0);
	assert_int_equal(asked, 0);
	assert_int_equal(write(fd[1], "x", 1), 1);
	assert_int_equal(deadline_poll(fd[0], POLLIN, DEADLINE_NEVER), 1);
	assert_int_equal(asked, -1);
	/* The end is an event, too. */
	assert_int_equal(close(fd[1]), 0);
	assert_int_equal(deadline_poll(fd[0], POLLIN, DEADLINE_NEVER), 1);
	assert_int_equal(close(fd[0]), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(left),
		cmocka_unit_test(waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
