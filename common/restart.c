/*
 * restart: how long a daemon that ended waits for its next start.  In
 * postriderd; pure.
 */
#include "common/restart.h"

int64_t
restart_wait(int64_t last, int64_t ran)
{
	if (last <= 0 || ran / RESTART_WORTH >= last)
		return RESTART_FIRST;
	return last > RESTART_MOST / 2 ? RESTART_MOST : last * 2;
}
