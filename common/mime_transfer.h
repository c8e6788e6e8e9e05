/*
 * mime_transfer: the body of one part, as another transfer encoding wants it
 * (RFC 2045 sections 6.7 and 6.8).  Fed bytes and line ends.
 */
#ifndef COMMON_MIME_TRANSFER_H
#define COMMON_MIME_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/mime_encode.h"

#define MIME_OUT 8192 /* bytes that the sink gets at once, at most */

/* Gathers what goes to a sink, until that has refused some. */
struct mime_out {
	mime_sink *sink;
	void *arg;
	int error; /* errno then, or 0 */
	size_t n;
	char buf[MIME_OUT];
};

void mime_out_put(struct mime_out *, const char *, size_t);
void mime_out_flush(struct mime_out *);

enum mime_way {
	MIME_WAY_QUOTED, /* encode */
	MIME_WAY_BASE64,
	/*
	 * What is encoded or is no part at all: only what may not be there is
	 * changed, as far as it can without a change of what it means.
	 */
	MIME_WAY_MEND_QUOTED,
	MIME_WAY_MEND_BASE64,
	MIME_WAY_MEND
};

struct mime_transfer {
	enum mime_way way;
	enum mime_wish wish;
	struct mime_out *out;
	size_t column;
	char space;             /* quoted: a blank, in case a line ends */
	bool soft;              /* the line goes on one before it */
	unsigned int escape;    /* mend quoted: bytes of "=XX" to come */
	unsigned char three[3]; /* base64: not yet written */
	size_t nthree;
};

void mime_transfer_begin(
    struct mime_transfer *, enum mime_way, enum mime_wish, struct mime_out *);
/* Bytes within a line; any value. */
void mime_transfer_put(struct mime_transfer *, const char *, size_t);
/* A line end. */
void mime_transfer_line(struct mime_transfer *);
/*
 * Nothing more.  last: it is the message's end, and the result ends in a line
 * end; else a delimiter follows, which brings its own.
 */
void mime_transfer_end(struct mime_transfer *, bool last);

#endif
