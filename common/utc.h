/*
 * utc: a time as a date in UTC, without the zone file that gmtime(3) reads.
 */
#ifndef COMMON_UTC_H
#define COMMON_UTC_H

#include <stdint.h>

struct utc {
	int64_t year;
	unsigned int month, day; /* from 1 */
	unsigned int weekday;    /* 0 is Sunday */
	unsigned int hour, minute, second;
};

/* t is seconds since 1970, also before it. */
void utc_of(int64_t t, struct utc *);

#endif
