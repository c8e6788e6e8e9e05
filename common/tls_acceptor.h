/*
 * tls_acceptor: the process of tlsd that hears sessions.
 *
 * Sessions come on run-dir/tls (msg_tls.h).  It has what is public of the
 * certificates from the keeper (msg_certs.h), and starts a process for each
 * connection.
 */
#ifndef COMMON_TLS_ACCEPTOR_H
#define COMMON_TLS_ACCEPTOR_H

#include <sys/types.h>

#include <event2/event.h>
#include <stdbool.h>

#include "common/witness.h"

#define TLS_SESSIONS 20000 /* that are connected at once, if there is room */

struct tls_acceptor;

struct tls_acceptor_start {
	struct event_base *base;
	const char *tables;
	int keeper;   /* the certs channel; its end of file ends the loop */
	int listener; /* run-dir/tls */
	/* Who may ask us to serve, and to connect; root asks for the state. */
	uid_t net, out;
	const struct mac_key *witness;
};

/*
 * Sessions are heard from the first message of the keeper on.  NULL without
 * memory or with unusable tables, after logging why.
 */
struct tls_acceptor *tls_acceptor_new(const struct tls_acceptor_start *);

/* The channels are closed by the end of the process. */
void tls_acceptor_free(struct tls_acceptor *);

#endif
