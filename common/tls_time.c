/*
 * tls_time: times of certificates and responses.  Library code in all of
 * tlsd and the administrator's tools.
 */
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/tls_time.h"
#include "common/utc.h"

static const char unreadable[] = "unreadable";

int64_t
tls_time(const ASN1_TIME *t)
{
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	/* Without a time OpenSSL would give the present one. */
	if (t == NULL || ASN1_TIME_to_tm(t, &tm) != 1)
		return TLS_NO_TIME;
	return timegm(&tm);
}

/* What cannot be read is 0 to the library. */
bool
tls_time_good(const X509 *x, time_t now)
{
	return X509_cmp_time(X509_get0_notBefore(x), &now) < 0 &&
	    X509_cmp_time(X509_get0_notAfter(x), &now) > 0;
}

void
tls_date(int64_t t, char out[TLS_DATE])
{
	struct utc u;

	utc_of(t, &u);
	if (t == TLS_NO_TIME)
		(void)strlcpy(out, unreadable, TLS_DATE);
	else
		(void)snprintf(out, TLS_DATE, "%04d-%02u-%02u",
		    (int)(u.year % 10000), u.month % 100, u.day % 100);
}

void
tls_moment(int64_t t, char out[TLS_MOMENT])
{
	char date[TLS_DATE];
	struct utc u;

	tls_date(t, date);
	utc_of(t, &u);
	if (t == TLS_NO_TIME)
		(void)strlcpy(out, unreadable, TLS_MOMENT);
	else
		(void)snprintf(out, TLS_MOMENT, "%s %02u:%02u UTC", date,
		    u.hour % 100, u.minute % 100);
}
