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

#define UTC_DATE 64 /* bytes of an RFC 5322 date, with NUL */

/*
 * RFC 5322 section 3.3: "Sun, 22 Nov 2026 05:17:57 +0000", with names that
 * no locale changes.  minutes is the zone, east of Greenwich.
 */
void utc_date(int64_t t, int minutes, char out[UTC_DATE]);

#endif
