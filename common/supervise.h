/*
 * supervise: the long-lived daemons under postriderd.  Their listening sockets
 * stay open while they are restarted, so clients wait instead of failing.
 */
#ifndef COMMON_SUPERVISE_H
#define COMMON_SUPERVISE_H

#include "common/deadline.h"
#include "common/master.h"
#include "common/server.h"

#define DAEMON_QUEUED 0
#define DAEMON_AUTHD 1
#define DAEMON_TLSD 2
#define DAEMON_DNSD 3
#define DAEMON_MAPD 4
#define DAEMONS 5

struct daemon {
	struct master *m;
	size_t which;      /* DAEMON_* */
	int sockets[2];    /* listening; -1 for none */
	struct peer *peer; /* our end of its spawn channel; NULL: closed */
	pid_t pid;         /* 0: not running */
	deadline_t started;
	int64_t wait; /* ms before the last start */
	struct event *timer;
	bool stopping;
};

/*
 * Opens run_dir's sockets of all daemons; false after logging why.  Nothing
 * runs before supervise_start().
 */
bool supervise_open(
    struct daemon[DAEMONS], struct master *, const char *run_dir);
void supervise_start(struct daemon *);

/* Ends the daemon by closing its spawn channel; it is not started again. */
void supervise_stop(struct daemon *);

/* Removes the sockets' names. */
void supervise_unlink(const char *run_dir);

#endif
