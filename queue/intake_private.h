/*
 * intake_private: what the files of intake_server share.
 */
#ifndef QUEUE_INTAKE_PRIVATE_H
#define QUEUE_INTAKE_PRIVATE_H

#include <bsd/sys/queue.h>

#include "common/msg_intake.h"
#include "common/outcome.h"
#include "common/server.h"
#include "queue/ask.h"
#include "queue/intake_server.h"

struct intake_server {
	struct server server; /* first: a peer leads back to here */
	struct queue *q;
	LIST_HEAD(, incoming) writing; /* messages that have an id */
	uint64_t bytes; /* of the recipients of all that are handed in */
	TAILQ_HEAD(, incoming) early; /* by the time that they are given */
	struct event *late;           /* for the first of those */
	struct asks *asks;
};

/* One session's message, from open on; outlives a session that commits. */
struct incoming {
	LIST_ENTRY(incoming) link; /* while it has an id */
	struct intake_server *server;
	struct peer *peer; /* NULL: gone, nobody to answer */
	struct envelope env;
	uint64_t size;  /* declared, or committed */
	uint64_t bytes; /* of memory for the recipients, about */
	struct diag diag;
	bool memory;    /* the session writes, or has written, into memory */
	bool scheduled; /* deliveries may have begun */
	bool busy;      /* committed: on_done() will run */
	TAILQ_ENTRY(incoming) in_early;
	bool is_early;       /* among those: delivered first, filed if late */
	int64_t late;        /* deadline_now() when it is filed; 0: at once */
	const char *because; /* why it is filed, for the log */
};

void incoming_free(struct incoming *);
/* Refuses with what the errno means, and frees. */
void incoming_refuse(struct incoming *, int error);
/* Gives the session a spool file instead of its memory file, or refuses. */
void incoming_file(struct incoming *);
/* Forgets and frees it, with a line in the log if it might be known already. */
void incoming_give_up(struct incoming *, const char *reason);

/*
 * intake_early: delivery before the answer.
 */

/* Bytes of content that the message may have in memory; 0: it gets a file. */
uint64_t early_room(const struct incoming *);
/* It is committed in memory. */
void early_begin(struct incoming *);
/* It is to be filed, in the event loop's next turn. */
void early_over(struct incoming *, const char *because);
/* It is being freed. */
void early_leave(struct incoming *);
/* All are to be filed. */
void early_stop(struct intake_server *);
void early_late(evutil_socket_t, short, void *);

#endif
