/*
 * senders: who holds how many places for mail that leaves, and whose pools wait
 * for one.  However many destinations one sender has that never answer, there
 * are as many places left for others as he has; pools wait in the order of
 * their senders' turns.
 */
#ifndef QUEUE_SENDERS_H
#define QUEUE_SENDERS_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pool;
struct sender;

RB_HEAD(sender_tree, sender);

struct senders {
	struct sender_tree all;     /* who holds something, or waits */
	TAILQ_HEAD(, sender) turns; /* those who wait */
	size_t waiting;             /* pools */
};

void senders_init(struct senders *);

size_t senders_held(const struct senders *, uint32_t who);
/* One more; without memory it is not counted: false. */
bool senders_hold(struct senders *, uint32_t who);
void senders_release(struct senders *, uint32_t who); /* one that was counted */

/* The pool waits (pool->who says for whom), until it leaves; false as above. */
bool senders_wait(struct senders *, struct pool *);
void senders_leave(struct senders *, struct pool *);
/*
 * The pool whose turn it is among those whose senders hold less than that, or
 * NULL.  Looks at no more senders than hold as much, and one.
 */
struct pool *senders_next(const struct senders *, size_t held);

#endif
