/*
 * utc: a time as a date in UTC.  Library code; arithmetic only, so that a
 * process which may open nothing can still write a date.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/utc.h"

#define DAY 86400
#define DAYS_400Y 146097
#define TO_1970 719468 /* days from 0000-03-01 */

/*
 * Years counted from March end in the leap day, so that the days before a
 * month are a straight line, (153 m + 2) / 5, rounded.
 */
void
utc_of(int64_t t, struct utc *u)
{
	int64_t day = t / DAY, sec = t % DAY, era, in_era, year, in_year, month;

	if (sec < 0) {
		sec += DAY;
		day--;
	}
	u->hour = (unsigned int)(sec / 3600);
	u->minute = (unsigned int)(sec / 60 % 60);
	u->second = (unsigned int)(sec % 60);
	u->weekday = (unsigned int)(((day + 4) % 7 + 7) % 7);
	day += TO_1970;
	era = (day >= 0 ? day : day - DAYS_400Y + 1) / DAYS_400Y;
	in_era = day - era * DAYS_400Y;
	year =
	    (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	in_year = in_era - (365 * year + year / 4 - year / 100);
	month = (5 * in_year + 2) / 153;
	u->day = (unsigned int)(in_year - (153 * month + 2) / 5 + 1);
	u->month = (unsigned int)(month < 10 ? month + 3 : month - 9);
	u->year = year + era * 400 + (u->month <= 2);
}

void
utc_date(int64_t t, int minutes, char out[UTC_DATE])
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct utc u;

	utc_of(t + 60 * (int64_t)minutes, &u);
	(void)snprintf(out, UTC_DATE,
	    "%.3s, %u %.3s %04lld %02u:%02u:%02u %c%02d%02d",
	    days + 3 * u.weekday, u.day, months + 3 * (u.month - 1),
	    (long long)u.year, u.hour, u.minute, u.second,
	    minutes < 0 ? '-' : '+', abs(minutes) / 60, abs(minutes) % 60);
}
