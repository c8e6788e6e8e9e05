/*
 * service: how a session program was started: with one connection, or with a
 * listening socket from which it takes many (inetd "wait", Accept=no).
 */
#ifndef COMMON_SERVICE_H
#define COMMON_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/net.h"

enum service_kind {
	SERVICE_LISTENING, /* connections must be accepted */
	SERVICE_CONNECTED, /* this is the only one */
	SERVICE_NO_SOCKET  /* neither: input from a pipe or a file */
};

/*
 * The socket: descriptor 0, or the first of systemd's LISTEN_FDS when it is
 * for this process.
 */
int service_socket(enum service_kind *);

struct service {
	int64_t connections, per_client; /* at once */
	/* Sent to a client over a limit, with CRLF; "" for nothing. */
	const char *refusal;
	/*
	 * Runs in the parent before each child is made, and may change all of
	 * the above: what children shall find done.
	 */
	void (*prepare)(void *arg);
	void *arg;
};

/*
 * Accepts and forks one child per connection, without exec.  Returns the
 * connected socket and sets the client's address, in the child only; the
 * parent stays until SIGTERM, until its own parent dies, until too many
 * children have crashed (common/crashes.h) or until the socket fails, and then
 * exits.  A client over a limit, or whose sessions crash, hears the refusal and
 * is closed by the parent.
 */
int service_accept(int listener, const struct service *, struct net_peer *);

#endif
