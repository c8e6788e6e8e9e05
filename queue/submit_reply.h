/*
 * submit_reply: replies of an SMTP server, and what they mean for an exit
 * status.
 */
#ifndef QUEUE_SUBMIT_REPLY_H
#define QUEUE_SUBMIT_REPLY_H

#include "common/outcome.h"

#define REPLY_LINE 1024 /* bytes with NUL; RFC 5321 4.5.3.1.5 says 512 */
#define REPLY_LINES 200

enum reply_line {
	REPLY_MORE, /* "250-text" */
	REPLY_LAST, /* "250 text", "250" */
	REPLY_BAD   /* no reply (RFC 5321 section 4.2) */
};

struct reply {
	unsigned int code;     /* 200 to 599 */
	char dsn[DSN_LEN + 1]; /* of the last line; "" when it has none */
	char text[REPLY_LINE]; /* of the last line, behind code and dsn */
};

/* One line without its end; text goes into *r. */
enum reply_line reply_parse_line(const char *line, struct reply *r);

/* sysexits(3) for a reply that is not a success. */
int reply_exit(const struct reply *);

#endif
