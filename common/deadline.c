/*
 * deadline: points in time on the monotonic clock.  Library code; no state.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <time.h>

#include "common/deadline.h"

deadline_t
deadline_now(void)
{
	struct timespec ts;

	/* Cannot fail with this clock and a valid pointer. */
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

deadline_t
deadline_in(int64_t seconds)
{
	return deadline_now() + seconds * 1000;
}

deadline_t
deadline_in_ms(int64_t ms)
{
	return deadline_now() + ms;
}

int
deadline_left(deadline_t d)
{
	int64_t left;

	if (d == DEADLINE_NEVER)
		return -1;
	left = d - deadline_now();
	if (left <= 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

int
deadline_poll(int fd, short events, deadline_t d)
{
	struct pollfd p = { .fd = fd, .events = events };
	int r;

	while ((r = poll(&p, 1, deadline_left(d))) == -1 && errno == EINTR)
		continue;
	return r;
}
