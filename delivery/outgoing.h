/*
 * outgoing: one message to recipients of one destination, over a link.
 */
#ifndef DELIVERY_OUTGOING_H
#define DELIVERY_OUTGOING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/msg_job.h"
#include "common/verdict.h"
#include "delivery/flight.h"
#include "delivery/link.h"
#include "delivery/mail_form.h"
#include "delivery/wire_content.h"

/* The reply that comes next. */
enum outgoing_step {
	STEP_RSET,
	STEP_MAIL,
	STEP_RCPT, /* one for each recipient */
	STEP_DATA,
	STEP_END, /* of the end of data; LMTP: one for each accepted */
	STEP_OVER
};

enum outgoing_rcpt {
	RCPT_TODO,     /* in none of the transactions yet */
	RCPT_ASKED,    /* in this one */
	RCPT_ACCEPTED, /* by the reply to RCPT */
	RCPT_SETTLED   /* has a verdict, which stays */
};

struct outgoing {
	const struct msg_job_message *msg;
	struct wire_content *content;
	const struct msg_job_rcpt *rcpt;
	size_t n;
	struct verdict *verdict; /* of each recipient */
	/* Its own. */
	enum outgoing_rcpt state[JOB_RCPT_MAX];
	/* Of the transaction that runs: */
	bool begun;         /* its commands are in the flight */
	bool data;          /* DATA is among them */
	bool reused, heard; /* the link was; something came of this */
	enum outgoing_step step;
	size_t who[JOB_RCPT_MAX]; /* its recipients */
	size_t count;
	size_t asked, answered; /* RCPTs put, and replies to them */
	size_t accepted, told;  /* of them; LMTP's replies to the end of data */
	bool mail_accepted, go_ahead;
	bool ended;      /* the end of data was put, */
	uint64_t end_at; /* and is there in the flight */
	struct mail_form form;
};

/* What goes over one link. */
struct outgoing_line {
	struct link *link;
	const struct remote_config *config;
	struct flight flight;
	struct outgoing *now, *next; /* whose replies come, in this order */
	bool dirty;                  /* a transaction was left: RSET */
	bool broken;                 /* the link is of no use any more */
	bool again;                  /* and that is nobody's fault */
};

enum outgoing_result {
	OUTGOING_DONE,  /* every recipient has a verdict */
	OUTGOING_CLOSE, /* the same, and the link must be closed */
	/*
	 * The link must be closed, and the message be run over another one: this
	 * one was kept for it and is dead, or may take no further transaction.
	 */
	OUTGOING_AGAIN
};

/* A link that is ready for MAIL. */
void outgoing_line_init(
    struct outgoing_line *, struct link *, const struct remote_config *);

/* The content has been looked at; there are nrcpt recipients and verdicts. */
void outgoing_init(struct outgoing *, const struct msg_job_message *,
    struct wire_content *, const struct msg_job_rcpt *, struct verdict *);

/* What becomes of all that have no verdict yet. */
void outgoing_fail(struct outgoing *, const struct verdict *);

/*
 * Gives the message to the link.  When the link is lost, what was not answered
 * is OUT_TEMP, and says so when the whole content had been sent: the other side
 * may have taken it.  A recipient is OUT_OK only on the 250 that came after our
 * end of data, for LMTP its own, and behind which nothing came unasked.
 *
 * Where TLS was to be had and is not in use (tls_lost), it is OUT_TEMP that the
 * other side wants TLS, or does not offer what the message needs.
 *
 * next, initialised and not yet run, or NULL: is run over the same link
 * afterwards, so that its commands may go with this one's end (RFC 2920 section
 * 3.1).  Unless the result is OUTGOING_DONE it must be initialised again.
 */
enum outgoing_result outgoing_run(
    struct outgoing_line *, struct outgoing *, struct outgoing *next);

#endif
