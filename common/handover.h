/*
 * handover: POP3 clients' sockets on their way from pop3d to pop3-mailbox.
 */
#ifndef COMMON_HANDOVER_H
#define COMMON_HANDOVER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/msg_auth.h"
#include "common/msg_spawn.h"

/* dsn is NULL when the mailbox has the client; else why it has not. */
typedef void handover_done(void *arg, const char *dsn, const char *text);

/*
 * Takes the spawn channel on descriptor SPAWN_FD; when postriderd closes it the
 * event loop ends.  False with errno.
 */
bool handover_init(struct event_base *);

/*
 * Asks for a mailbox of the account on the client's socket, which stays the
 * caller's.  done(arg) runs once, from the event loop, unless cancelled.
 * Returns a number for handover_cancel(), or 0: not to be had now.
 */
uint32_t handover_start(const char *account, const struct msg_auth_handover *,
    int fd, handover_done *, void *arg);
void handover_cancel(uint32_t);

#endif
