/*
 * submit_send: a message in an SMTP session with smtpd(8).
 */
#ifndef QUEUE_SUBMIT_SEND_H
#define QUEUE_SUBMIT_SEND_H

#include "queue/submit_message.h"
#include "queue/submit_options.h"
#include "queue/submit_smtp.h"

/*
 * Connects and hands the whole message over.  A recipient who is refused ends
 * it: nothing is queued for the others, and the caller hears it at once.
 * These return as smtp_open() does; the session is the caller's to close.
 */
int submit_send(struct submit_smtp *, const struct submit_message *,
    const struct submit_options *);

/* The steps, in a session that is open: MAIL, and RCPT for one. */
int submit_mail(struct submit_smtp *, const struct submit_message *,
    const struct submit_options *);
int submit_rcpt(
    struct submit_smtp *, const char *rcpt, const struct submit_options *);

/* Bytes with CRLF ends (RFC 1870 section 6.1). */
uint64_t submit_size(const struct submit_message *);

/* RFC 3461 section 4: what xtext may not hold becomes +XX. */
void submit_xtext(char *out, size_t size, const char *);

#endif
