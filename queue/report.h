/*
 * report: the text of a delivery status notification (RFC 3464, RFC 6522).
 */
#ifndef QUEUE_REPORT_H
#define QUEUE_REPORT_H

#include <stdint.h>
#include <time.h>

#include "common/msg_job.h"
#include "common/sbuf.h"

#define REPORT_HEAD_MAX (1 << 20) /* bytes of everything before the original */
#define REPORT_BOUNDARY 48        /* bytes, with the NUL */

struct report {
	const char *hostname, *mail_name;
	time_t now;
	char boundary[REPORT_BOUNDARY];
	char id[48]; /* left side of the Message-ID */
	const struct msg_job_message *msg;
	const struct msg_job_rcpt *rcpts; /* msg->nrcpt of them */
	bool full;      /* the whole original follows, else its header */
	bool damaged;   /* nothing of it follows: it is not what it was */
	bool eight_bit; /* what follows has bytes over 127 */
};

/* Everything before the original: header, text, status and part header. */
void report_head(const struct report *, struct sbuf *);
/* What comes behind it. */
void report_tail(const struct report *, struct sbuf *);

/*
 * Appends foreign text as one line of a report: what is not printable ASCII
 * becomes '?', what is over max bytes is cut.
 */
void report_text(struct sbuf *, const char *, size_t max);

/*
 * Appends xtext (RFC 3461 section 4) decoded, with the same treatment; text
 * that is no xtext is appended as it is.
 */
void report_xtext(struct sbuf *, const char *, size_t max);

/* RFC 5322 section 3.3: "Sun, 22 Nov 2026 05:17:57 +0000". */
void report_date(struct sbuf *, time_t);

#endif
