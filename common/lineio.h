/*
 * lineio: lines and blocks from a blocking stream socket, with bounds and
 * deadlines, and replies gathered into few writes.
 *
 * Reads ahead, so one lineio owns its descriptor's input.  lineio_discard()
 * throws away what is buffered (RFC 3207 section 4.2, RFC 2595 section 4).
 */
#ifndef COMMON_LINEIO_H
#define COMMON_LINEIO_H

#include <stdbool.h>
#include <stddef.h>

#include "common/deadline.h"

#define LINEIO_IN 65536
#define LINEIO_OUT 16384
#define LINEIO_ENDLESS (1 << 20) /* bytes after which a line is given up */

enum line {
	LINE_OK,   /* a line; its end stripped, NUL-terminated */
	LINE_LONG, /* over the bound; consumed to its end */
	LINE_BAD,  /* NUL byte, bare CR or bare LF; consumed to the LF */
	LINE_EOF,
	LINE_TIMEOUT,
	LINE_ERROR /* errno is set */
};

enum lineio_wait { LINEIO_UNKNOWN, LINEIO_TIMED, LINEIO_ENDLESSLY };

struct lineio {
	int in, out;              /* descriptors; not owned; often the same */
	bool lf_ends;             /* a bare LF ends a line too (local socket) */
	bool exact;               /* never read past the line's end (pop3d) */
	enum lineio_wait in_wait; /* of read(2), if nothing comes */
	size_t pos, end;          /* unread input is inbuf[pos..end) */
	size_t outlen;
	char inbuf[LINEIO_IN];
	char outbuf[LINEIO_OUT];
};

void lineio_init(struct lineio *, int in, int out);

/*
 * size counts the NUL; a line longer than size - 1 is LINE_LONG.  One that
 * has not ended after LINEIO_ENDLESS bytes is LINE_ERROR with EMSGSIZE.
 */
enum line lineio_get(struct lineio *, char *line, size_t size, deadline_t);

/* Bytes that lineio_get() would see without reading. */
size_t lineio_pending(const struct lineio *);
/* Whether a whole line is among them, so that getting it does not wait. */
bool lineio_has_line(const struct lineio *);
void lineio_discard(struct lineio *);

/*
 * The buffered block, after reading once if none is buffered: LINE_OK with
 * *p and *n (at least 1), or LINE_EOF, LINE_TIMEOUT, LINE_ERROR.  Bytes count
 * as read only when given to lineio_consume().
 */
enum line lineio_peek(struct lineio *, const char **p, size_t *n, deadline_t);
void lineio_consume(struct lineio *, size_t n);

/*
 * Output is gathered and written when the buffer is full and by
 * lineio_flush(); 0, or -1 with errno (ETIMEDOUT when the peer does not
 * read).
 */
int lineio_put(struct lineio *, const void *, size_t, deadline_t);
int lineio_flush(struct lineio *, deadline_t);

/*
 * For callers that gather themselves: sends what the peer takes of n bytes,
 * *sent, which may be none after a wait.  0, or -1 with errno.
 */
int lineio_send(
    struct lineio *, const char *, size_t n, size_t *sent, deadline_t);

#endif
