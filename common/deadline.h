/*
 * deadline: points in time on the monotonic clock, for waits.  Clocks that
 * are set do not move them.
 */
#ifndef COMMON_DEADLINE_H
#define COMMON_DEADLINE_H

#include <stdint.h>

typedef int64_t deadline_t; /* milliseconds of CLOCK_MONOTONIC */

#define DEADLINE_NEVER INT64_MAX

deadline_t deadline_now(void);
deadline_t deadline_in(int64_t seconds);
deadline_t deadline_in_ms(int64_t ms);
/* Milliseconds left, for poll(2): 0 when passed, -1 for never. */
int deadline_left(deadline_t);
/* Waits for events (POLLIN, POLLOUT); 1 ready, 0 deadline passed, -1 errno. */
int deadline_poll(int fd, short events, deadline_t);

#endif
