/*
 * tls_time: times of certificates and responses.
 */
#ifndef COMMON_TLS_TIME_H
#define COMMON_TLS_TIME_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Of a time that is none. */
#define TLS_NO_TIME INT64_MIN

/* Seconds since 1970; TLS_NO_TIME when it is none. */
int64_t tls_time(const ASN1_TIME *);

/* Whether a certificate is one by its dates; false, too, if it has none. */
bool tls_time_good(const X509 *, time_t now);

#define TLS_DATE 16   /* bytes of "2027-01-31", with NUL */
#define TLS_MOMENT 32 /* bytes of "2027-01-31 23:59 UTC", with NUL */

/* Both are "unreadable" for TLS_NO_TIME. */
void tls_date(int64_t, char out[TLS_DATE]);
void tls_moment(int64_t, char out[TLS_MOMENT]);

#endif
