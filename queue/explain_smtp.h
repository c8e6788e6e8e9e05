/*
 * explain_smtp: what smtpd says to a sender and a recipient.
 */
#ifndef QUEUE_EXPLAIN_SMTP_H
#define QUEUE_EXPLAIN_SMTP_H

#include <stdbool.h>

#include "queue/explain_run.h"
#include "queue/submit_reply.h"

struct explain_smtp {
	const char *smtpd, *tables; /* paths */
	const char *client;         /* an address; NULL: a user of this host */
	const char *hostname;
	const char *from; /* "" is the null reverse-path */
	const char *to;
	/*
	 * Told of each command and of its reply, and how the address is in
	 * the envelope: NULL where it was not taken.
	 */
	void (*told)(void *, const char *command, const struct reply *,
	    const char *addr);
	void *arg;
};

enum explain_said {
	EXPLAIN_YES,
	EXPLAIN_NO,     /* told has heard why */
	EXPLAIN_UNKNOWN /* smtpd could not be asked: err */
};

/*
 * Runs smtpd for one session, from MAIL to RCPT and no further: nothing is
 * sent, and queued hears no more than what smtpd asks of it about a recipient.
 */
enum explain_said explain_smtp(
    const struct explain_smtp *, char err[EXPLAIN_ERR]);

#endif
