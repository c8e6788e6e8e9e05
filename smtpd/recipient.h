/*
 * recipient: what becomes of a recipient.
 */
#ifndef SMTPD_RECIPIENT_H
#define SMTPD_RECIPIENT_H

#include "smtpd/session.h"

struct verdict {
	enum reply reply; /* REPLY_RCPT_OK, or why not */
	/* a whole reply that is told instead, of the administrator or queued */
	char text[REPLY_MAX + 1];
	/* the address that was replaced by another, complete; or "" */
	char was[ADDR_MAX + 1];
	bool back; /* a return address of this host (srs.h) */
};

/*
 * Completes the address, replaces it by what the file rewrite has, and judges
 * it: asks authd whether there is a Unix user, and queued of what the tables do
 * not know.
 */
void recipient_judge(struct session *, struct address *, struct verdict *);

/*
 * U-labels become A-labels, so that all behind has one spelling of a domain.
 * REPLY_OK; wide, if other letters than ASCII were not announced; no_domain, if
 * it is none.
 */
enum reply recipient_narrow(const struct session *, struct address *,
    enum reply wide, enum reply no_domain);

#endif
