/*
 * pipe_letter: a message as commands and mbox files get it: a file without a
 * name, which begins with a "From " line.
 */
#ifndef DELIVERY_PIPE_LETTER_H
#define DELIVERY_PIPE_LETTER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/msg_job.h"
#include "delivery/content.h"
#include "delivery/failure.h"

#define LETTER_IN_MEMORY 4194304 /* bytes; larger ones lie in /var/tmp */

/* Large; one per process. */
struct letter {
	struct content content;
	/*
	 * What the first line is that queued writes above a message that it
	 * passes on: it is on its way from that address, and has not come back.
	 */
	struct loop own;
	enum content_result looked; /* how reading it went; error: errno */
	int error;
};

/*
 * The content of a job, whose descriptor fd is.  What cannot be read is told by
 * pipe_letter_make() for each recipient.
 */
void pipe_letter_look(struct letter *, const struct msg_job_message *, int fd);

/* Whether the message has been to this address before. */
bool pipe_letter_loops(const struct letter *, const char *addr);

/*
 * Writes "From sender date", Return-Path, Delivered-To and the content with LF
 * line ends.  The descriptor, at the beginning and close-on-exec, which the
 * caller closes, and the bytes in *size; -1 with the failure.
 */
int pipe_letter_make(struct letter *, const struct msg_job_message *,
    const struct msg_job_rcpt *, uint64_t *size, struct failure *);

#endif
