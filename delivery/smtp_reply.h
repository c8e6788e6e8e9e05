/*
 * smtp_reply: the replies of other servers (RFC 5321 section 4.2, RFC 2034).
 */
#ifndef DELIVERY_SMTP_REPLY_H
#define DELIVERY_SMTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "common/lineio.h"
#include "common/outcome.h"

/*
 * Bytes of a line that are looked at; what is behind them is read and dropped.
 * Room for what RFC 4954 section 4 wants: 12 288 bytes of base64.
 */
#define REPLY_LINE 12300
#define REPLY_LINES 200 /* of one reply */

struct smtp_reply {
	int code;                 /* 200 to 599; 0 if it was none */
	char dsn[DSN_LEN + 1];    /* of the code's own class, or "" */
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
 * first line is number 0.  Of a line over REPLY_LINE the last word is missing.
 */
typedef void (*reply_line_fn)(void *arg, size_t number, const char *line);

/*
 * Reads one reply: lines of three digits, the same in all of them, and a blank,
 * hyphen or end.  Otherwise than REPLY_READ, text says what was wanted and
 * found.  fn may be NULL.  A bare LF ends a line, too, and a CR inside one is
 * text: what is tolerated here decides nothing but where a text ends.
 */
enum reply_result smtp_reply_read(struct lineio *, struct smtp_reply *,
    deadline_t, reply_line_fn fn, void *arg);

/*
 * Whether a byte of a reply is here that nothing was asked for yet: an answer
 * before the question.
 */
bool smtp_reply_early(struct lineio *);

/*
 * The reply as an outcome, whatever the diag held: 2xx OUT_OK, 4xx and a 3xx,
 * which answers another question, OUT_TEMP, 5xx OUT_PERM; the enhanced code
 * when its class is the reply's, else X.0.0; text as it is.
 */
enum outcome smtp_reply_diag(const struct smtp_reply *, struct diag *);

/* Whether it says that we are too many, not what is wrong with one message. */
bool smtp_reply_is_busy(const struct smtp_reply *);

/*
 * Whether it refuses for want of TLS (RFC 3207 section 4, RFC 5248), or may do
 * so: 5.7.0 is whatever has to do with security.
 */
bool smtp_reply_wants_tls(const struct smtp_reply *);

/*
 * Adds to a text of another host what it was about, "in reply to RCPT TO": at
 * its end and in parentheses.  What is too long for both of them is cut from the
 * text.  where has at most 40 bytes.
 */
void smtp_reply_where(char text[DIAG_TEXT + 1], const char *where);

#endif
