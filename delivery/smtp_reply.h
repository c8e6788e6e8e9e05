/*
 * smtp_reply: the replies of other servers (RFC 5321 section 4.2, RFC 2034).
 */
#ifndef DELIVERY_SMTP_REPLY_H
#define DELIVERY_SMTP_REPLY_H

#include <stdbool.h>

#include "common/lineio.h"
#include "common/outcome.h"

#define REPLY_LINE 2048 /* bytes of a line that are looked at */
#define REPLY_LINES 200 /* of one reply */

struct smtp_reply {
	int code;                 /* 200 to 599 */
	char dsn[DSN_LEN + 1];    /* as given, or "" */
	char text[DIAG_TEXT + 1]; /* lines joined by a blank: printable ASCII */
};

enum reply_result {
	REPLY_READ,
	REPLY_NONSENSE, /* not SMTP: the connection is of no use any more */
	REPLY_GONE,     /* closed, or an error; text says which */
	REPLY_LATE      /* the deadline: for the whole reply */
};

/*
 * Called with each line of a reply behind its code and hyphen or space.  EHLO's
 * first line is number 0.
 */
typedef void (*reply_line_fn)(void *arg, size_t number, const char *line);

/*
 * Reads one reply: lines of three digits, the same in all of them, and a blank,
 * hyphen or end.  Otherwise than REPLY_READ, text says what was wanted and
 * found.  fn may be NULL.
 */
enum reply_result smtp_reply_read(struct lineio *, struct smtp_reply *,
    deadline_t, reply_line_fn fn, void *arg);

/*
 * Whether a byte of a reply is here that nothing was asked for yet: an answer
 * before the question.
 */
bool smtp_reply_early(struct lineio *);

/*
 * The reply as an outcome: 2xx OUT_OK, 4xx OUT_TEMP, the rest OUT_PERM; the
 * enhanced code when its class is the reply's, else X.0.0; text as it is.
 */
enum outcome smtp_reply_diag(const struct smtp_reply *, struct diag *);

#endif
