/*
 * tls_client: a session's end of the channel to tlsd (msg_tls.h), for smtpd,
 * pop3d and remote.
 *
 * Once a socket was offered, tlsd may hold a descriptor of it for as long as it
 * is stopped: whoever then ends the connection by itself must call shutdown(2),
 * or the peer hears of it late.
 */
#ifndef COMMON_TLS_CLIENT_H
#define COMMON_TLS_CLIENT_H

#include <stdbool.h>

#include "common/chan.h"
#include "common/msg_tls.h"

/* The choices of the option tls. */
enum tls_policy { TLS_NO, TLS_OPTIONAL, TLS_REQUIRED, TLS_IMPLICIT };

struct tls_client {
	struct chan chan; /* fd is -1 when tlsd is gone, or has done its work */
	bool penalty;     /* it refuses this client for its many failures */
	bool refused;     /* the last "no" was tlsd's; else nobody was there */
};

/* Connects; false with the error logged, and every call will fail. */
bool tls_client_open(struct tls_client *, const char *run_dir);
/* For a session that will not call. */
void tls_client_none(struct tls_client *);

/*
 * Offers the connected socket.  True: tlsd waits for tls_client_go(), and the
 * caller may say so on the socket.  False, with a reason of at most TEXT_MAX
 * bytes for the log: no byte of TLS was or will be read or written, the socket
 * is the caller's as before, and the channel is closed.  Takes at most
 * TLS_ANSWER seconds.
 */
bool tls_client_offer(struct tls_client *, const struct msg_tls_start *,
    int socket, char reason[TEXT_MAX + 1]);

/*
 * The handshake that was offered.  Returns the plain socket, the caller's,
 * with *ready filled, which reads and writes wait on; the offered one is to be
 * closed.  -1 with a reason: nothing but an end is left for the connection.
 * Waits at most TLS_HANDSHAKE seconds and a little.
 */
int tls_client_go(
    struct tls_client *, struct msg_tls_ready *, char reason[TEXT_MAX + 1]);

/*
 * Both at once, for implicit TLS and for clients: tlsd may have begun, whatever
 * this returns, and there is no plaintext to go back to.  Whoever hears -1 ends
 * the connection by shutdown(2): a tlsd that is stopped has the socket, too.
 * Waits as long for a word of tlsd, and then for the handshake, as the others.
 */
int tls_client_now(struct tls_client *, const struct msg_tls_start *,
    int socket, struct msg_tls_ready *, char reason[TEXT_MAX + 1]);

#endif
