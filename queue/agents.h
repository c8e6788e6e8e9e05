/*
 * agents: the processes that deliver and report; queued's side of msg_job.h
 * and msg_spawn.h.  They are asked for when work waits, kept for the next,
 * and closed when they have been idle for long or another pool needs the
 * place.
 */
#ifndef QUEUE_AGENTS_H
#define QUEUE_AGENTS_H

#include "queue/queue.h"

struct agents;
struct pool;
struct pool_key;

/*
 * spawn is the descriptor of the spawn channel, taken over; its end of file
 * ends the event loop in good order.  NULL with errno.
 */
struct agents *agents_new(struct queue *, int spawn);

/* The pool of that key, made if need be; NULL without memory. */
struct pool *agents_pool(struct agents *, const struct pool_key *);

/*
 * Whether a delivery into mailboxes by the pool of that name is likely to be
 * done soon: one of its agents is free or has answered a moment ago; or it has
 * none, is not pausing, and there is a place for one.
 */
bool agents_ready(const struct agents *, const char *name);

/* The pool has work: as soon as the event loop has a turn. */
void agents_wake(struct agents *, struct pool *);

/* Agents running or starting; recipients that they have not answered for. */
size_t agents_count(const struct agents *);
size_t agents_outstanding(const struct agents *);

#endif
