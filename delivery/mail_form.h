/*
 * mail_form: in which form a message can go to a server, by what that offers
 * (RFC 1870, RFC 3030, RFC 6152, RFC 6531); and what is refused beforehand.
 * Pure decisions.
 */
#ifndef DELIVERY_MAIL_FORM_H
#define DELIVERY_MAIL_FORM_H

#include <stdbool.h>
#include <stdint.h>

#include "common/outcome.h"
#include "delivery/extensions.h"
#include "delivery/wire_content.h"

struct mail_form {
	enum wire_form content;
	bool bdat;        /* by BDAT, else DATA: RFC 3030 section 3 */
	const char *body; /* of MAIL's BODY=, or NULL: none */
	bool utf8;        /* MAIL's SMTPUTF8 */
};

/* Whether a byte over 127 is in it. */
bool mail_form_is_utf8(const char *);

/* What is known of a message. */
struct mail_facts {
	uint32_t flags;                     /* INTAKE_* */
	const char *sender;                 /* the reverse-path */
	const struct wire_content *content; /* looked at */
};

/* OUT_OK with the form, or OUT_PERM for all recipients. */
enum outcome mail_form_choose(struct mail_form *, const struct extensions *,
    const struct mail_facts *, struct diag *);

/*
 * The same again, when the content is in that form: a header that no encoding
 * helps, and SIZE.
 */
enum outcome mail_form_check(const struct mail_form *,
    const struct extensions *, const struct wire_content *, struct diag *);

/*
 * The same for one recipient, whose address may want SMTPUTF8: that is the
 * reason then, and not that the message wants it, too.
 */
enum outcome mail_form_rcpt(
    const struct extensions *, const char *addr, struct diag *);

#endif
