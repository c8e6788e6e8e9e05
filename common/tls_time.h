/*
 * tls_time: times of certificates and responses.
 */
#ifndef COMMON_TLS_TIME_H
#define COMMON_TLS_TIME_H

#include <openssl/asn1.h>
#include <stdint.h>

#define TLS_DATE 16 /* bytes of "2027-01-31", with NUL */

/* Seconds since 1970; INT64_MIN when it is none. */
int64_t tls_time(const ASN1_TIME *);

void tls_date(int64_t, char out[TLS_DATE]);

#endif
