/*
 * control_item: what the control channel shows of a message.
 */
#ifndef QUEUE_CONTROL_ITEM_H
#define QUEUE_CONTROL_ITEM_H

#include "common/msg_control.h"
#include "queue/queue.h"

/* Fills the item with what was read, and with what the schedule knows. */
void control_item(const struct queue *, const struct entry *,
    const struct envelope *, const struct spool_content *,
    struct msg_control_item *);

/* The same with recipient i. */
/* all: with what users have written in their files. */
void control_rcpt(
    const struct envelope *, size_t i, bool all, struct msg_control_rcpt *);

/* One that was set aside, and a descriptor to read it, the caller's; or -1. */
int control_damaged(struct queue *, const char *id, struct msg_control_item *);

/* Statistic number i; false behind the last. */
bool control_stat(struct queue *, size_t i, struct msg_control_stat *);

#endif
