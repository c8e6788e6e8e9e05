/*
 * tls_acceptor_child: the connections' processes, from fork to wait.
 */
#ifndef COMMON_TLS_ACCEPTOR_CHILD_H
#define COMMON_TLS_ACCEPTOR_CHILD_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/tls_connection.h"

#define TLS_CONNECTIONS 20000 /* at once, if the keeper has room for them */
/*
 * Descriptors of the acceptor for all but sessions, so that it never misses
 * one.  A new process needs some beyond the first 64 (children.h).
 */
#define ACCEPTOR_OWN 96

struct tls_children {
	uint64_t handshakes, failures; /* of those that have ended */
	/* private */
	size_t most;
	struct event_base *base;
	struct event *timer;
};

/* One in a process; false with errno. */
bool tls_children_init(struct tls_children *, struct event_base *);
void tls_children_clear(struct tls_children *);

/* How many run, as far as is known; looks which have ended. */
size_t tls_children_count(struct tls_children *);

/*
 * Why a client, named as by net_client_key(), gets no process of this profile
 * now; NULL when it gets one.
 */
const char *tls_children_refuse(
    struct tls_children *, const char *client, const char *profile);

/*
 * Starts a process for *c, whose descriptors stay the caller's; sign is the
 * process's end of a sign channel.  The client is "" when we are it.  False
 * with errno.
 */
bool tls_children_start(struct tls_children *, struct tls_connection *c,
    int sign, const char *client);

#endif
