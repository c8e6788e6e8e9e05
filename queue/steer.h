/*
 * steer: what the administrator does to a message.
 */
#ifndef QUEUE_STEER_H
#define QUEUE_STEER_H

#include "queue/queue.h"

/*
 * what is CONTROL_*; uid is who wants it, for the log.  NULL when it was done
 * (the entry may be gone), else why not.  pending: an agent has the message,
 * and it will be done if that does not deliver it.
 */
const char *steer(
    struct queue *, struct entry *, uint32_t what, uid_t uid, bool *pending);

/* The same for one that was set aside: it can only be dropped. */
const char *steer_damaged(
    struct queue *, const char *id, uint32_t what, uid_t uid);

/* "hold", ...; NULL for a number that is none. */
const char *steer_name(uint32_t what);

#endif
