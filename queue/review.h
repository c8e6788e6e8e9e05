/*
 * review: all messages that are known, in the order of their ids, with their
 * envelopes, which are read ahead: for lists, and for who looks for some.
 */
#ifndef QUEUE_REVIEW_H
#define QUEUE_REVIEW_H

#include "queue/queue.h"
#include "queue/spool_read.h"

struct review;

enum review_answer {
	REVIEW_ONE,  /* the entry, and what its file says */
	REVIEW_WAIT, /* the thread reads: ready() runs */
	REVIEW_MORE, /* many were passed over: ask again, after others */
	REVIEW_END
};

/*
 * uid: only what this user submitted, or MSG_NO_UID: everything.  ready runs in
 * the event loop after REVIEW_WAIT.  NULL without memory.
 */
struct review *review_new(
    struct queue *, uint32_t uid, void (*ready)(void *), void *arg);
void review_free(struct review *); /* NULL: nothing */

/*
 * The next message that is still there.  *r is the review's, and may be taken
 * out of (its env) and then is to be SPOOL_GONE; both are good until the next
 * call.
 */
enum review_answer review_next(
    struct review *, struct entry **, struct spool_read **r);

#endif
