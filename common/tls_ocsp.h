/*
 * tls_ocsp: an OCSP response to staple (RFC 6960, RFC 6066 section 8).
 */
#ifndef COMMON_TLS_OCSP_H
#define COMMON_TLS_OCSP_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tls_ocsp {
	int64_t from, until; /* seconds since 1970: thisUpdate, nextUpdate */
};

/*
 * NULL for a successful response that says of this certificate that it is good,
 * and its times; its signature is for clients to check.  Otherwise what was
 * found instead, a constant.
 */
const char *tls_ocsp_judge(const uint8_t *der, size_t n, X509 *leaf,
    STACK_OF(X509) * chain, struct tls_ocsp *);

/* Whether to staple it at this time. */
bool tls_ocsp_valid(const struct tls_ocsp *, int64_t now);

#endif
