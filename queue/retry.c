/*
 * retry: when to try again and when to give up.  In queued; arithmetic only.
 */
#include "queue/retry.h"

int64_t
retry_delay(const struct retry_policy *p, uint32_t attempts)
{
	int64_t delay = p->first;

	/* Doubles at most 63 times before the ceiling stops it. */
	while (attempts-- > 1 && delay < p->most)
		if (__builtin_mul_overflow(delay, 2, &delay))
			return p->most;
	return delay < p->most ? delay : p->most;
}

int64_t
retry_wait_ms(const struct retry_policy *p, uint32_t attempts, int64_t age,
    uint32_t chance)
{
	int64_t delay = retry_delay(p, attempts), left = p->lifetime - age;
	int64_t less = delay * 100 * (chance & 1023) / 1024;

	if (age < p->lifetime && delay > left)
		return left * 1000;
	return delay * 1000 - less;
}

/* The first, and those after waits that fit into so many seconds. */
static uint32_t
attempts_in(const struct retry_policy *p, int64_t left)
{
	int64_t delay = p->first;
	uint32_t attempts = 1;

	for (; delay < p->most && delay <= left; delay *= 2) {
		left -= delay;
		attempts++;
	}
	if (delay >= p->most)
		attempts += (uint32_t)(left / p->most);
	return attempts;
}

uint32_t
retry_attempts_least(const struct retry_policy *p)
{
	uint32_t attempts = attempts_in(p, p->lifetime / 2);

	return attempts > 2 ? attempts : 2;
}

uint32_t
retry_attempts_warn(const struct retry_policy *p)
{
	return attempts_in(p, p->warn / 2);
}

bool
retry_warn_due(
    const struct retry_policy *p, uint32_t attempts, int64_t age, bool warned)
{
	return !warned && p->warn > 0 && age >= p->warn && age < p->lifetime &&
	    attempts >= retry_attempts_warn(p);
}

uint32_t
retry_missed(const struct retry_policy *p, uint32_t attempts, int64_t wait)
{
	uint32_t missed = 0;
	int64_t left = wait / 1000, delay;

	if (attempts == 0)
		attempts = 1;
	for (; (delay = retry_delay(p, attempts)) < p->most; attempts++) {
		if (delay > left)
			return missed;
		left -= delay;
		missed++;
	}
	return missed + (uint32_t)(left / p->most);
}

bool
retry_expired(const struct retry_policy *p, uint32_t attempts, int64_t age)
{
	return age >= p->lifetime && attempts >= retry_attempts_least(p);
}

int64_t
retry_age(int64_t arrival, int64_t now)
{
	return now > arrival ? now - arrival : 0;
}
