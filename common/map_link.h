/*
 * map_link: one connection to a server of the socketmap protocol, which has one
 * question at a time.
 */
#ifndef COMMON_MAP_LINK_H
#define COMMON_MAP_LINK_H

#include <sys/socket.h>

#include <event2/event.h>
#include <stdbool.h>

#include "common/map_wire.h"

#define MAP_LINK_CONNECT 5000 /* ms until it is connected */
#define MAP_LINK_ANSWER 10000 /* ms until a reply is there */
#define MAP_LINK_IDLE 60000   /* ms without a question until it is closed */

struct map_link;

enum map_link_end {
	MAP_LINK_CLOSED,  /* by the server, with no question open */
	MAP_LINK_DROPPED, /* by the server, before it replied */
	MAP_LINK_FAILED,  /* it did not connect, stays silent, says nonsense */
	MAP_LINK_LONG     /* a reply that is too long */
};

struct map_link_ops {
	/* It has connected, or has replied: it has room for a question. */
	void (*ready)(void *arg, struct map_link *);
	void (*replied)(void *arg, struct map_link *, const struct map_reply *);
	/* It is over; map_link_free() is the callee's.  why is MAP_LATER. */
	void (*ended)(void *arg, struct map_link *, enum map_link_end,
	    const struct map_reply *why);
};

/* Begins to connect; NULL with errno. */
struct map_link *map_link_new(struct event_base *, const struct sockaddr *,
    socklen_t, const struct map_link_ops *, void *arg);
/* Calls nobody. */
void map_link_free(struct map_link *);

/* A whole query; false without memory. */
bool map_link_ask(struct map_link *, const char *query, size_t len);

#endif
