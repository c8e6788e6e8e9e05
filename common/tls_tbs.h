/*
 * tls_tbs: what a TLS server signs in a handshake, and nothing else.
 */
#ifndef COMMON_TLS_TBS_H
#define COMMON_TLS_TBS_H

#include <stddef.h>
#include <stdint.h>

enum tls_tbs {
	TLS_TBS_NONE, /* not to be signed */
	TLS_TBS_12,   /* ServerKeyExchange (RFC 8422 section 5.4) */
	TLS_TBS_13    /* CertificateVerify (RFC 8446 section 4.4.3) */
};

/*
 * What these bytes are to the server of a handshake: in TLS 1.3 the transcript
 * of CertificateVerify, in TLS 1.2 the randoms and parameters of
 * ServerKeyExchange for a named curve.  No bytes are both.
 */
enum tls_tbs tls_tbs_kind(const uint8_t *, size_t n);

#endif
