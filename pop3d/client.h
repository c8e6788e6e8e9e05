/*
 * client: the POP3 client at the other end: commands in, replies out.
 *
 * A client that is gone or does not read makes it broken; from then on output
 * goes nowhere and client_get() says LINE_ERROR, so callers check once.
 */
#ifndef POP3D_CLIENT_H
#define POP3D_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/lineio.h"

#define REPLY_MAX 512         /* octets with CRLF, RFC 2449 section 4 */
#define CLIENT_OUT (1 << 18)  /* bytes gathered before they are sent */
#define CLIENT_ROOM (1 << 17) /* at most asked for at once, and some more */
#define CLIENT_DECIMAL 20     /* digits of the largest number */

struct client {
	struct lineio io; /* its output is not used */
	int64_t patience; /* seconds it may take to read LINEIO_OUT bytes */
	bool broken;
	size_t outlen;
	char outbuf[CLIENT_OUT]; /* pages that were never used cost nothing */
};

/*
 * patience follows from the least rate in bytes a second (0: none is asked)
 * and is at most most seconds.
 */
void client_init(struct client *, int in, int out, int64_t rate, int64_t most);

/* One line, "+OK ..." or "-ERR ...", without CRLF; cut to REPLY_MAX. */
void client_reply(struct client *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void client_put(struct client *, const void *, size_t);
void client_flush(struct client *);

/*
 * Room for n bytes, at most CLIENT_ROOM + REPLY_MAX, to be written directly;
 * how many were is said by client_took().  Long answers are made so.
 */
char *client_room(struct client *, size_t n);
void client_took(struct client *, size_t n);
/* v in decimal, up to CLIENT_DECIMAL digits; what follows them. */
char *client_decimal(char *, uint64_t v);

/*
 * The next command or response.  Replies are sent first, unless another
 * whole command is waiting already (RFC 2449 section 6.6).
 */
enum line client_get(struct client *, char *line, size_t size, deadline_t);

/* Sends what is left and ends the conversation so that it arrives. */
void client_end(struct client *);

/* "quit", "timeout", ...: why no further line came, for logs. */
const char *client_line_text(enum line);

#endif
