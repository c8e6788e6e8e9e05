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

/* Until then: makes this one message known now, if it is in the spool. */
void recovery_look(struct recovery *, const char *id);

/*
 * Milliseconds until a recovered message is tried: none for a new one; else
 * what is left of its usual wait, of which since seconds are over (fewer than 0
 * when the clock was set); or if none is left soon, spread as chance (32 random
 * bits) says over that wait, at most the first.
 */
int64_t recovery_wait(const struct retry_policy *, uint32_t attempts,
    int64_t since, uint32_t chance);

#endif
