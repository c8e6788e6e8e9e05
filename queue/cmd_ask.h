/*
 * cmd_ask: one question to a daemon.
 */
#ifndef QUEUE_CMD_ASK_H
#define QUEUE_CMD_ASK_H

#include <stdbool.h>

#include "common/chan.h"
#include "common/tables.h"

/* A question and where its answer goes; of one channel. */
struct question {
	const char *socket; /* below run-dir */
	const struct msg_channel *channel;
	unsigned int side, type;
	const void *msg;
	void *answer; /* of the one type that there is in this state */
};

/*
 * Asks on fd, which is taken over, or is -1 with errno when there was nobody to
 * connect to, and waits 5 seconds for the answer.  False with why.
 */
bool cmd_ask(
    const char *run_dir, int fd, const struct question *, char why[TABLES_ERR]);

#endif
