/*
 * control_server: showing and steering the queue; queued's side of
 * msg_control.h.
 */
#ifndef QUEUE_CONTROL_SERVER_H
#define QUEUE_CONTROL_SERVER_H

#include "queue/queue.h"

/* Takes over the listening socket; NULL with errno. */
struct control_server *control_server_new(struct queue *, int fd, size_t peers);

#endif
