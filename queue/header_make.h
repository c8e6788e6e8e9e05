/*
 * header_make: fields that a message lacks.
 */
#ifndef QUEUE_HEADER_MAKE_H
#define QUEUE_HEADER_MAKE_H

#include <time.h>

#include "common/sbuf.h"

/*
 * A person's name as RFC 5322 wants it before "<": bare words, a quoted
 * string, or RFC 2047 words when it holds bytes over 127.
 */
void header_put_phrase(struct sbuf *, const char *name);

/* "Date: ..." in local time, with its LF. */
void header_put_date(struct sbuf *, time_t now);

/* "Message-ID: <...@host>", never the same twice. */
void header_put_message_id(struct sbuf *, time_t now, const char *host);

#endif
