/*
 * control_item: what the control channel shows of a message.
 */
#ifndef QUEUE_CONTROL_ITEM_H
#define QUEUE_CONTROL_ITEM_H

#include "common/msg_control.h"
#include "queue/queue.h"

/*
 * Fills the item from the spool; false when the file cannot be read now, and
 * then the envelope holds nothing.
 */
bool control_item(struct queue *, const struct entry *, struct envelope *,
    struct msg_control_item *);

/* One that was set aside, and a descriptor to read it, the caller's; or -1. */
int control_damaged(struct queue *, const char *id, struct msg_control_item *);

/* Statistic number i; false behind the last. */
bool control_stat(struct queue *, size_t i, struct msg_control_stat *);

#endif
