/*
 * envelope: sender and recipients of the message under way, kept until DATA.
 */
#ifndef SMTPD_ENVELOPE_H
#define SMTPD_ENVELOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/intake.h"
#include "common/sbuf.h"
#include "smtpd/params.h"

struct envelope {
	char sender[ADDR_MAX + 1]; /* "" is the null reverse-path */
	struct mail_params mail;
	int64_t count;     /* recipients */
	bool full;         /* a recipient too many was told so */
	bool back;         /* a return address of ours is a recipient */
	struct sbuf rcpts; /* packed; see envelope.c */
};

/* Room for so many recipients at most. */
void envelope_init(struct envelope *, int64_t recipients);
/* Forgets sender and recipients. */
void envelope_reset(struct envelope *);
/* False without memory; then it is as before. */
bool envelope_add(
    struct envelope *, const char *addr, const struct rcpt_params *);
/* Where its recipients begin, which envelope_next() goes through. */
const char *envelope_begin(const struct envelope *);
/* The recipient at *p, which moves behind it; false at the end. */
bool envelope_next(
    const struct envelope *, const char **p, struct msg_intake_rcpt *);
/* The recipient, if there is just one; else NULL. */
const char *envelope_only(const struct envelope *);
/*
 * Sends open, which the caller has filled but for what the envelope knows,
 * and the recipients to queued, and asks for a file.  bcc is one more of them,
 * of which nobody is told, if it is not among them; or "".
 */
enum outcome envelope_send(const struct envelope *, struct intake *,
    struct msg_intake_open *, const char *bcc, struct diag *);

#endif
