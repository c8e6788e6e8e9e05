/*
 * tls_reason: why a handshake failed, in words for a log.
 */
#ifndef COMMON_TLS_REASON_H
#define COMMON_TLS_REASON_H

#include <openssl/ssl.h>

#include "common/msg_tls.h"
#include "common/tls_wire.h"

/*
 * What a failed call has left in the connection, the socket and OpenSSL's
 * queue, which is empty afterwards.  Printable ASCII.
 */
void tls_reason(SSL *, const struct tls_wire *, char out[TEXT_MAX + 1]);

#endif
