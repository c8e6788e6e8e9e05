/*
 * tls_facts: what is told of a connection after its handshake.
 */
#ifndef COMMON_TLS_FACTS_H
#define COMMON_TLS_FACTS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/msg_tls.h"
#include "common/witness.h"

/*
 * All of *ready, zero where there is nothing to tell.  verified: the peer's
 * certificate is as was wanted.  The connection is testified of, with a key that
 * is made for its kind of peer and wiped then.  Of a server it is not told, nor
 * testified, whose certificate it has.
 */
void tls_facts(
    SSL *, struct witness_once *, bool verified, struct msg_tls_ready *ready);

/* A name on one line of printable ASCII (RFC 2253), cut to TEXT_MAX. */
void tls_facts_name(const X509_NAME *, char out[TEXT_MAX + 1]);
/* Foreign bytes in the same way: others than printable ones as \xHH. */
void tls_facts_text(const uint8_t *, size_t, char out[TEXT_MAX + 1]);

#endif
