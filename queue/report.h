/*
 * report: a delivery status notification (RFC 3464, RFC 6522, RFC 6533).
 */
#ifndef QUEUE_REPORT_H
#define QUEUE_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "common/msg_job.h"
#include "common/sbuf.h"

#define REPORT_HEAD_MAX (1 << 20) /* bytes of everything before the original */
#define REPORT_BOUNDARY 48        /* bytes, with the NUL */
#define REPORT_ABOUT 256          /* bytes of a Message-ID, with the NUL */
#define REPORT_POSTMASTER "postmaster"

/* What follows of the original. */
enum report_part {
	REPORT_NOTHING, /* it is not what it was */
	REPORT_HEADER,
	REPORT_WHOLE
};

struct report {
	const char *hostname, *mail_name;
	time_t now;
	char boundary[REPORT_BOUNDARY];
	char id[48];              /* left side of the Message-ID */
	char about[REPORT_ABOUT]; /* the original's, with its brackets, or "" */
	const struct msg_job_message *msg;
	const struct msg_job_rcpt *rcpts; /* msg->nrcpt of them */
	enum report_part part;
	bool part_8bit;   /* it has bytes over 127 */
	bool part_global; /* its header is that of SMTPUTF8 */
	bool part_quoted; /* it is in quoted-printable */
	/*
	 * The sender's address is not ASCII, and so it is in the header: who passes
	 * this on must know SMTPUTF8, and so it is used elsewhere, too.
	 */
	bool utf8;
};

/* The original was a report itself: this goes to the postmaster. */
bool report_is_double(const struct report *);
/* There are bytes over 127 anywhere. */
bool report_is_8bit(const struct report *);
/* Somebody failed. */
bool report_is_failure(const struct report *);

/* The Status of RFC 3464 section 2.3.4. */
const char *report_status(const struct msg_job_rcpt *);

/* Appends what the other host answered, with its codes. */
void report_answer(const struct msg_job_rcpt *, struct sbuf *);

/* The first part: text for people, without the part's header. */
void report_words(const struct report *, struct sbuf *);

/* Everything before the original: header, text, status and part header. */
void report_head(const struct report *, struct sbuf *);
/* What comes behind it. */
void report_tail(const struct report *, struct sbuf *);

#endif
