/*
 * server: channels in a long-lived daemon, over libevent.
 *
 * A daemon listens on a Unix socket that postriderd opened, or holds one end
 * of a pair.  Each connection is a peer with its chan; messages arrive through
 * one callback.  A peer that breaks the channel's rules is logged and closed,
 * and its closed callback runs, as for a peer that left.
 */
#ifndef COMMON_SERVER_H
#define COMMON_SERVER_H

#include <sys/queue.h>
#include <sys/types.h>

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/chan.h"

struct peer;
struct post;
STAILQ_HEAD(post_list, post);

struct peer_ops {
	/*
	 * A message that the channel's table allows now.  fd is -1 or the
	 * callee's to close.  The callee may send, and may peer_close().
	 * Where a message without its descriptor means something else than one
	 * with it, the callee looks at peer->lost_fd.
	 */
	void (*message)(
	    struct peer *, unsigned int type, const void *msg, int fd);
	/* The peer is gone, or was closed by either side; data goes next. */
	void (*closed)(struct peer *);
};

struct peer {
	struct chan chan;
	uid_t uid;  /* of the process that connected */
	void *data; /* the owner's */
	const struct peer_ops *ops;
	struct server *server; /* NULL for one made by peer_new() */
	struct event *readable;
	bool lost_fd; /* the message had a descriptor: CHAN_SHORT */
	bool dead;    /* closed while a callback runs */
	int busy;
	struct post_list posted; /* what waits for room */
	struct event *retry;     /* NULL until something does */
};

struct server {
	const struct msg_channel *proto;
	unsigned int self; /* our side */
	const struct peer_ops *ops;
	/* Whether a process of this uid (SO_PEERCRED) may connect. */
	bool (*allowed)(const struct server *, uid_t);
	void (*opened)(struct peer *); /* may be NULL */
	size_t max;                    /* peers at once */
	const void *data;              /* the owner's */
	/* private */
	size_t count;
	struct event_base *base;
	struct event *readable;
	int64_t lines_since; /* deadline_now() */
	unsigned int lines;
	size_t unsaid;
};

/*
 * How many of this process's descriptors may serve one purpose: most, or what
 * RLIMIT_NOFILE leaves besides so many of its own, though no less than half.
 * With no more peers than that there is room for each descriptor that comes.
 */
size_t server_room(size_t most, size_t own);

/* fd is a listening socket, made nonblocking; false with errno. */
bool server_start(struct server *, struct event_base *, int fd);

/*
 * Whether a line about some peer may be logged: 10 a second, since anybody who
 * may connect can cause them.  How many were not is said before the next.
 */
bool server_may_log(struct server *);

/*
 * A peer on a connected descriptor, which it owns; the caller sets its data.
 * NULL without memory.
 */
struct peer *peer_new(struct event_base *, int fd, const struct msg_channel *,
    unsigned int self, const struct peer_ops *);

/*
 * Sends without waiting; a peer that has no room is too slow for this daemon
 * and is closed.  False when it was.
 */
bool peer_send(struct peer *, unsigned int type, const void *msg, int fd);

/*
 * The same for a peer that must not be lost for a burst: CHAN_AGAIN when there
 * is no room now, or too many descriptors are under way; nothing was sent and
 * the peer stays.  Otherwise than CHAN_OK and CHAN_AGAIN it was closed.
 */
enum chan_result peer_try(
    struct peer *, unsigned int type, const void *msg, int fd);

/*
 * For answers to such a peer: sends now or when there is room, in order, and
 * hears nothing new from the peer until then, so that no more than the answers
 * to what it has asked already can wait.  msg points to the channel's union;
 * fd is -1 or taken over.  False when the peer is, or without memory was,
 * closed.
 */
bool peer_post(struct peer *, unsigned int type, const void *msg, int fd);

/* Closes soon; ops->closed runs once, before the memory goes. */
void peer_close(struct peer *);

#endif
