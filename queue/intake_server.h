/*
 * intake_server: how messages enter the queue; queued's side of msg_intake.h.
 */
#ifndef QUEUE_INTAKE_SERVER_H
#define QUEUE_INTAKE_SERVER_H

#include "queue/queue.h"

/* Takes over the listening socket; NULL with errno. */
struct intake_server *intake_server_new(struct queue *, int fd, size_t peers);

/* Whether a session is writing (or has just committed) the message. */
bool intake_server_has(struct intake_server *, const char *id);

/*
 * No new message is begun; what was committed is still answered, what is in
 * memory filed.
 */
void intake_server_stop(struct intake_server *);
/* No message is delivered whose session has no answer yet. */
bool intake_server_quiet(const struct intake_server *);

#endif
