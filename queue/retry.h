/*
 * retry: when to try again and when to give up.  Arithmetic only: no clock,
 * no queue, no disk.
 */
#ifndef QUEUE_RETRY_H
#define QUEUE_RETRY_H

#include <stdbool.h>
#include <stdint.h>

struct retry_policy {
	int64_t first;    /* seconds to wait after the first failure; >= 1 */
	int64_t most;     /* no wait is longer */
	int64_t lifetime; /* seconds from arrival to giving up */
	int64_t warn;     /* seconds from arrival to "delayed"; 0: never */
};

/*
 * Seconds to wait after so many attempts (at least 1), without jitter: first,
 * twice that, and so on up to most.
 */
int64_t retry_delay(const struct retry_policy *, uint32_t attempts);

/*
 * The wait in milliseconds: up to a tenth less than retry_delay(), as chance
 * (any 32 random bits) says, so that messages that failed together do not come
 * back together; and not past the end of the lifetime when the age in seconds
 * is below it, so that the last try comes there.
 */
int64_t retry_wait_ms(const struct retry_policy *, uint32_t attempts,
    int64_t age, uint32_t chance);

/*
 * How many attempts the waits leave room for in half a lifetime, at least 2.
 * A clock that was set cannot make them go by any faster.
 */
uint32_t retry_attempts_least(const struct retry_policy *);

/* Whether to give up: old by the clock, and tried often enough as well. */
bool retry_expired(const struct retry_policy *, uint32_t attempts, int64_t age);

/*
 * Whether the sender is to be told now that it takes long: once, and not when
 * giving up is what comes next.  As with giving up, the clock alone is not
 * believed: at least retry_attempts_warn() attempts must have failed.
 */
bool retry_warn_due(
    const struct retry_policy *, uint32_t attempts, int64_t age, bool warned);

/* The attempts that the waits leave room for in half that time, at least 1. */
uint32_t retry_attempts_warn(const struct retry_policy *);

/*
 * How many attempts would have come in wait milliseconds (of a clock that
 * nobody sets), after so many: what a message that waited for its destination
 * is to count as if it had been tried.
 */
uint32_t retry_missed(
    const struct retry_policy *, uint32_t attempts, int64_t wait);

/* Age in seconds; an arrival in the future counts as now. */
int64_t retry_age(int64_t arrival, int64_t now);

#endif
