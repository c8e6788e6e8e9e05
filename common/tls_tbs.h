/*
 * tls_tbs: what a TLS server signs in a handshake, and nothing else.
 */
#ifndef COMMON_TLS_TBS_H
#define COMMON_TLS_TBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Whether these bytes are to be signed by the server of a handshake: in TLS 1.3
 * the transcript of CertificateVerify (RFC 8446 section 4.4.3), in TLS 1.2 the
 * randoms and parameters of ServerKeyExchange for a named curve (RFC 8422
 * section 5.4).
 */
bool tls_tbs_valid(const uint8_t *, size_t n);

#endif
