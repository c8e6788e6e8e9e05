/*
 * original: what a report returns of the message that failed.
 */
#ifndef QUEUE_ORIGINAL_H
#define QUEUE_ORIGINAL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/msg_job.h"
#include "common/sbuf.h"

#define ORIGINAL_MOST 51200   /* bytes of a message that is returned whole */
#define ORIGINAL_HEADER 32768 /* bytes of a header that is returned */

struct original {
	struct sbuf part; /* what is returned; empty when damaged */
	bool full;        /* it is the whole message */
	bool eight_bit;   /* it has bytes over 127 */
	bool damaged;     /* size or checksum are not what was said */
};

/*
 * Reads all of the message's content from fd.  RET=FULL asks for the whole
 * message, which is granted up to ORIGINAL_MOST.  0, or -1 with errno.
 */
int original_read(struct original *, int fd, const struct msg_job_message *);
void original_free(struct original *);

/* Whether the part holds the text. */
bool original_has(const struct original *, const char *);

#endif
