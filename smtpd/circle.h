/*
 * circle: whether a message has been at its recipients before.
 *
 * Agents refuse mail that says so by its Delivered-To fields (loop.h), and then
 * its sender gets a report.  Anybody can write such a field, and any sender: what
 * no recipient would get is refused while the client is there to hear it.
 */
#ifndef SMTPD_CIRCLE_H
#define SMTPD_CIRCLE_H

#include "common/loop.h"
#include "common/tables.h"
#include "smtpd/envelope.h"

struct circle {
	struct tables *tables;
	const struct envelope *env; /* NULL: it is not looked for */
	const char *mail_name;
	struct loop loop;
	bool closed; /* all recipients have had it */
};

void circle_init(
    struct circle *, struct tables *, const struct envelope *, const char *);
/* Content in order, as it goes to the queue, in pieces of any size. */
void circle_feed(struct circle *, const char *, size_t);
/* After the last piece. */
void circle_end(struct circle *);

#endif
