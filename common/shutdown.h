/*
 * shutdown: the order in which a suite stops.
 */
#ifndef COMMON_SHUTDOWN_H
#define COMMON_SHUTDOWN_H

#include "common/drop_pickup.h"
#include "common/submit_listener.h"
#include "common/supervise.h"

struct shutdown {
	struct master *m;
	struct daemon *daemons; /* DAEMONS of them */
	struct submit_listener *submit;
	struct drop_pickup *drop; /* or NULL */
	const char *run_dir;
	/* private */
	struct event *tick;
	int phase;
	deadline_t until;
};

/*
 * On SIGTERM or SIGINT: sessions, authd and tlsd end first, then queued and its
 * agents, each within a bounded time; what remains is killed, and the event
 * loop ends.  False with errno.
 */
bool shutdown_watch(struct shutdown *);

#endif
