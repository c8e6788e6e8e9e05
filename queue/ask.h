/*
 * ask: what queued has against a recipient, before a message comes.
 */
#ifndef QUEUE_ASK_H
#define QUEUE_ASK_H

#include "common/msg_intake.h"
#include "common/server.h"
#include "queue/queue.h"

#define ASK_CACHE 256   /* accounts whose last answer is remembered */
#define ASK_CACHED 1000 /* milliseconds for which it is */
#define ASK_UNKNOWN                                                            \
	120000 /* and for which one is not asked for that nobody answered */

#define ASK_MARGIN 4     /* and this part of a quota must be free then */
#define ASK_UNDECLARED 8 /* such a part is a message of unknown size */

struct asks;

struct asks *asks_new(struct queue *); /* NULL without memory */
void asks_free(struct asks *);

/*
 * Answers the peer, now or within MEASURE_MOST: nothing is against a recipient
 * that nobody knows anything about.
 */
void ask_begin(struct asks *, struct peer *, const struct msg_intake_ask *);

/* The peer is gone. */
void ask_forget(struct asks *, const struct peer *);

#endif
