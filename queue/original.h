/*
 * original: what a report returns of the message that it is about.
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
	size_t header;    /* bytes of it that are the header */
	bool full;        /* it is the whole message */
	bool eight_bit;   /* it has bytes over 127 */
	bool odd;         /* it has NUL, CR or long lines: to be quoted */
	bool damaged;     /* size or checksum are not what was said */
};

/*
 * Reads all of the message's content from fd.  The whole is kept where that is
 * wanted, if it has at most ORIGINAL_MOST bytes and is text without NUL, CR and
 * lines over 998 bytes; else the header, up to the last line that ends within
 * ORIGINAL_HEADER.  0, or -1 with errno.
 */
int original_read(
    struct original *, int fd, const struct msg_job_message *, bool whole);
void original_free(struct original *);

/* Only the header is returned. */
void original_only_header(struct original *);
/* Whether the header has bytes over 127. */
bool original_header_8bit(const struct original *);
/*
 * Puts the part into quoted-printable (RFC 2045 section 6.7): 7-bit lines.
 * False without memory.
 */
bool original_quote(struct original *);

/* The Message-ID with its brackets; "" if it has none, or one of wrong form. */
void original_message_id(const struct original *, char *out, size_t size);

/* Whether the part holds the text. */
bool original_has(const struct original *, const char *);

#endif
