/*
 * tls_time: times of certificates and responses.  Library code in tlsd's
 * keeper and the administrator's tools.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/tls_time.h"
#include "common/utc.h"

int64_t
tls_time(const ASN1_TIME *t)
{
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	/* Without a time OpenSSL would give the present one. */
	if (t == NULL || ASN1_TIME_to_tm(t, &tm) != 1)
		return INT64_MIN;
	return timegm(&tm);
}

void
tls_date(int64_t t, char out[TLS_DATE])
{
	struct utc u;

	utc_of(t, &u);
	(void)snprintf(out, TLS_DATE, "%04d-%02u-%02u", (int)(u.year % 10000),
	    u.month % 100, u.day % 100);
}
