/*
 * tls_relay: bytes between a TLS connection and a plain socket.
 */
#ifndef COMMON_TLS_RELAY_H
#define COMMON_TLS_RELAY_H

#include <openssl/ssl.h>

#include "common/tls_wire.h"

#define RELAY_BUFFER (32 * 1024) /* bytes each way, while data is under way */
#define RELAY_IDLE 1000          /* milliseconds; then memory is given back */
#define RELAY_STALL 10000 /* a peer that takes no more of the last bytes */
#define RELAY_DRAIN 60000 /* and one that takes them slowly */

/*
 * From the handshake to the end of the connection, both ways.  plain is one
 * end of a stream socketpair; both sockets stay the caller's, who closes them.
 */
void tls_relay_run(SSL *, struct tls_wire *, int plain);

#endif
