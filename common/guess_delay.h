/*
 * guess_delay: how long an answer to a login is held back because of wrong
 * passwords before it.  Arithmetic and a bounded table; no clock.
 *
 * Times are milliseconds of any monotonic clock.
 */
#ifndef COMMON_GUESS_DELAY_H
#define COMMON_GUESS_DELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guess_policy {
	int64_t first;     /* delay after the first failure that counts */
	int64_t most;      /* no delay is longer */
	unsigned int free; /* failures that cost nothing */
	int64_t forget;    /* one failure is forgotten in this time */
};

#define GUESS_COUNT_MAX 20 /* further failures are not counted */

/* The delay that so many failures have earned. */
int64_t guess_delay(const struct guess_policy *, unsigned int failures);

/* What is left of failures after so much time without a new one. */
unsigned int guess_left(
    const struct guess_policy *, unsigned int failures, int64_t elapsed);

struct guess_table;

/* At most max keys of at most 320 bytes; the longest unseen makes room. */
struct guess_table *guess_table_new(size_t max);
void guess_table_free(struct guess_table *);

#define GUESS_REFUSE (-1)

/*
 * A key is about to try a password: how long that waits.  Tries of one key are
 * spaced by the delay that it has earned, so that many at once gain nothing.
 * GUESS_REFUSE when the wait would be longer than the policy's most.
 */
int64_t guess_admit(struct guess_table *, const struct guess_policy *,
    const char *key, int64_t now);

/* Whether guess_admit() would refuse; takes no place in the line. */
bool guess_refuses(struct guess_table *, const struct guess_policy *,
    const char *key, int64_t now);

/* The password was wrong: the delay earned now. */
int64_t guess_failed(struct guess_table *, const struct guess_policy *,
    const char *key, int64_t now);

/* Keys in the table: for tests of its bound. */
size_t guess_count(const struct guess_table *);

#endif
