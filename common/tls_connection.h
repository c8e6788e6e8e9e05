/*
 * tls_connection: one TLS connection, in a process of its own.
 */
#ifndef COMMON_TLS_CONNECTION_H
#define COMMON_TLS_CONNECTION_H

#include <openssl/ssl.h>

#include "common/chan.h"
#include "common/msg_tls.h"
#include "common/witness.h"

/* The exit status of the process, so that its parent can count. */
#define TLS_EXIT_DONE 0   /* there was a handshake */
#define TLS_EXIT_FAILED 1 /* the peer failed in it */
#define TLS_EXIT_UNUSED 2 /* the session or the client did not want it */
#define TLS_EXIT_OURS 3   /* it failed, and not by the peer */

struct tls_connection {
	struct chan *session; /* msg_tls.h, after start or now was received */
	struct msg_tls_start start;
	bool at_once; /* now, and not start */
	int socket;   /* the peer's; blocking or not */
	SSL_CTX *ctx;
	struct witness_once *witness; /* wiped when used */
	struct chan
	    *sign; /* tls_key.h's; closed after the handshake; or NULL */
};

/*
 * From accepted or begun to the end of the connection, as msg_tls.h has it; all
 * descriptors are closed or the process's end closes them.  Returns TLS_EXIT_*.
 * Signs by tls_key.h, whose channel is set.
 */
int tls_connection_run(struct tls_connection *);

#endif
