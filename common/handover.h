/*
 * handover: POP3 clients' sockets on their way from pop3d to pop3-mailbox.
 */
#ifndef COMMON_HANDOVER_H
#define COMMON_HANDOVER_H

#include <event2/event.h>
#include <stdbool.h>

#include "common/tables_fresh.h"

/*
 * A client that has logged in, the profile whose options hold for it, and the
 * mechanisms that it was offered.
 */
struct handover_client {
	const char *account, *ip, *profile, *offered;
};

struct handover;

/* dsn is NULL when the mailbox has the client; else why it has not. */
typedef void handover_done(void *arg, const char *dsn, const char *text);

/*
 * Takes the spawn channel on descriptor SPAWN_FD; when postriderd closes it the
 * event loop ends.  The tables must outlive it.  False with errno.
 */
bool handover_init(struct event_base *, struct tables_fresh *);

/*
 * Gives the client's socket, which is taken over, to a process of the
 * account's owner.  done(arg) runs once, unless cancelled: from the event loop,
 * or at once, and then NULL is returned.
 */
struct handover *handover_start(
    const struct handover_client *, int fd, handover_done *, void *arg);

/* Nobody waits for it: done never runs, though the mailbox may be opened. */
void handover_cancel(struct handover *);

#endif
