/*
 * talk: a scripted dialogue with an SMTP or POP3 server, shown as it runs.
 */
#ifndef QUEUE_TALK_H
#define QUEUE_TALK_H

#include <stdio.h>

#include "queue/talk_script.h"

struct talk_options {
	enum talk_proto proto;
	bool show_secrets;
	bool quiet;   /* listings are counted, not shown */
	long timeout; /* seconds for each reply */
};

/*
 * Runs the script over the connected socket fd, which stays the caller's.
 * Returns 0; 1 when a reply was not good or not as expected; or a status of
 * sysexits(3), told on stderr, when the dialogue could not go on.
 */
int talk_run(
    const struct talk_options *, int fd, FILE *script, FILE *transcript);

#endif
