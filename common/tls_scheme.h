/*
 * tls_scheme: the signatures that tlsd's keys are used for.
 *
 * The numbers are SignatureScheme of RFC 8446 section 4.2.3.  In TLS 1.2 the
 * same numbers are a pair of hash and signature (RFC 5246 section 7.4.1.4.1),
 * and then those of ECDSA do not name a curve.  SHA-1 and SHA-224 are left out:
 * nobody who speaks TLS 1.2 today needs them.
 */
#ifndef COMMON_TLS_SCHEME_H
#define COMMON_TLS_SCHEME_H

#include <stdbool.h>
#include <stdint.h>

enum tls_scheme_kind { TLS_RSA_PKCS1, TLS_RSA_PSS, TLS_ECDSA };

struct tls_scheme {
	uint32_t code;
	enum tls_scheme_kind kind;
	const char *md;    /* OpenSSL's name; PSS uses it for its mask, too, and
			   as much salt as it is long */
	const char *group; /* the only one in TLS 1.3; NULL without a curve */
};

/* NULL when there is none. */
const struct tls_scheme *tls_scheme_by_code(uint32_t code);
const struct tls_scheme *tls_scheme_for(enum tls_scheme_kind, const char *md);

#endif
