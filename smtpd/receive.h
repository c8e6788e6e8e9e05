/*
 * receive: what DATA and BDAT have in common: the message's way from the
 * client into incoming.h, at a pace that is watched.
 */
#ifndef SMTPD_RECEIVE_H
#define SMTPD_RECEIVE_H

#include "smtpd/session.h"

/*
 * Asks queued for a file; OUT_OK makes s->id the message's, and s->incoming
 * ready for content in this form.
 */
enum outcome receive_open(struct session *, enum incoming_form, struct diag *);

/* The pace counts from now on. */
void receive_start(struct session *);

/*
 * The next bytes that the client has sent: *n at *p, to be given to
 * receive_taken() as far as they are used.  NEXT_GO, or what was to be said has
 * been.
 */
enum next receive_block(struct session *, const char **p, size_t *n);
void receive_taken(struct session *, size_t n);

/*
 * No file may outgrow message and envelope, whatever this process does.  Only
 * while a message is written: the log is a file, too, and may be bigger.
 */
void receive_bound(const struct session *, bool on);

/*
 * The reply to a message that d tells the end of; the next one starts with
 * MAIL.
 */
enum next receive_reply(struct session *, const struct diag *);

#endif
