/*
 * mail_form: in which form a message can go to a server.
 *
 * Part of remote, as postrider-out.  Arithmetic on what the other side offered
 * and on what is known of the message; nothing else.
 */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "common/msg_intake.h"
#include "delivery/mail_form.h"

#define WANTS_UTF8 "5.6.9" /* the message, not an address */

bool
mail_form_is_utf8(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s > 0x7f)
			return true;
	return false;
}

static bool
has(const struct extensions *e, uint32_t bits)
{
	return (e->has & bits) == bits;
}

/* RFC 6531 section 3.2: what wants it goes to nobody who does not offer it. */
static enum outcome
choose_utf8(struct mail_form *f, const struct extensions *e,
    const struct mail_facts *m, struct diag *d)
{
	bool declared = (m->flags & INTAKE_UTF8) != 0;

	f->utf8 = has(e, EXT_SMTPUTF8) &&
	    ((declared && m->content->eight_bit) ||
		mail_form_is_utf8(m->sender));
	if (has(e, EXT_SMTPUTF8))
		return OUT_OK;
	if (mail_form_is_utf8(m->sender))
		return diag_set(d, "5.6.7",
		    "the sender's address is internationalised, and the next "
		    "mail server takes no such addresses (no SMTPUTF8)");
	if (declared && m->content->header_utf8)
		return diag_set(d, WANTS_UTF8,
		    "the message's header is internationalised, and the next "
		    "mail server takes no such messages (no SMTPUTF8)");
	return OUT_OK;
}

/*
 * RFC 3030 section 4, RFC 6152 section 3: what the other side cannot take is
 * encoded.
 */
static void
choose_content(struct mail_form *f, const struct extensions *e,
    const struct wire_content *c)
{
	bool takes_8bit = has(e, EXT_8BITMIME);

	f->content = WIRE_TEXT;
	f->body = NULL;
	if (c->binary && has(e, EXT_BINARYMIME | EXT_CHUNKING)) {
		f->content = WIRE_RAW;
		f->body = "BINARYMIME";
		return;
	}
	if (!c->plain || (c->eight_bit && !takes_8bit))
		f->content = takes_8bit ? WIRE_8BIT : WIRE_7BIT;
	if (c->eight_bit && takes_8bit)
		f->body = "8BITMIME";
}

enum outcome
mail_form_choose(struct mail_form *f, const struct extensions *e,
    const struct mail_facts *m, struct diag *d)
{
	choose_content(f, e, m->content);
	f->bdat = f->content == WIRE_RAW;
	return choose_utf8(f, e, m, d);
}

enum outcome
mail_form_check(const struct mail_form *f, const struct extensions *e,
    const struct wire_content *c, struct diag *d)
{
	if (c->header_8bit && !f->utf8)
		return diag_set(d, "5.6.3",
		    "the message has a header with 8-bit characters, and the "
		    "next mail server takes 7-bit messages only (no "
		    "8BITMIME)");
	if (!has(e, EXT_SIZE) || e->size == 0 || c->octets <= e->size)
		return OUT_OK;
	return diag_set(d, "5.3.4",
	    "the message has %" PRIu64 " bytes, and the next mail server takes "
	    "%" PRIu64 " at most",
	    c->octets, e->size);
}

enum outcome
mail_form_rcpt(const struct extensions *e, const char *addr, struct diag *d)
{
	if (has(e, EXT_SMTPUTF8) || !mail_form_is_utf8(addr))
		return OUT_OK;
	/* With another header it could not be given to them either. */
	if (strcmp(d->dsn, WANTS_UTF8) == 0)
		*d = (struct diag)DIAG_INIT;
	return diag_set(d, "5.6.7",
	    "the address is internationalised, and the next mail server takes "
	    "no such addresses (no SMTPUTF8)");
}
