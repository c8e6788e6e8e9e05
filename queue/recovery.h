/*
 * recovery: finds what is in the spool, at the start and every hour: messages
 * that are not known yet, files that were never completed, damage.
 */
#ifndef QUEUE_RECOVERY_H
#define QUEUE_RECOVERY_H

#include "queue/queue.h"

/* Begins; goes on while the event loop serves others.  NULL without memory. */
struct recovery *recovery_new(struct queue *);

/* The spool has been read once since the start. */
bool recovery_done(const struct recovery *);

/*
 * Milliseconds until a recovered message is tried: none for a new one, else
 * soon, spread as chance (32 random bits) says over one of its usual waits,
 * at most the first.
 */
int64_t recovery_wait(
    const struct retry_policy *, uint32_t attempts, uint32_t chance);

#endif
