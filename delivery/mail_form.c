/*
 * mail_form: in which form a message can go to a server.
 *
 * Part of remote, as postrider-out.  Arithmetic on what the other side offered
 * and on what is known of the message; nothing else.
 */
#include <inttypes.h>
#include <stddef.h>

#include "common/msg_intake.h"
#include "delivery/mail_form.h"

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
choose_utf8(struct mail_form *f, const struct extensions *e, uint32_t flags,
    const char *sender, const struct wire_content *c, struct diag *d)
{
	bool declared = (flags & INTAKE_UTF8) != 0;

	f->utf8 = has(e, EXT_SMTPUTF8) &&
	    ((declared && c->eight_bit) || mail_form_is_utf8(sender));
	if (has(e, EXT_SMTPUTF8))
		return OUT_OK;
	if (mail_form_is_utf8(sender))
		return diag_set(d, "5.6.7",
		    "the sender's address is internationalised, and the next "
		    "mail server takes no such addresses (no SMTPUTF8)");
	if (declared && c->header_utf8)
		return diag_set(d, "5.6.9",
		    "the message's header is internationalised, and the next "
		    "mail server takes no such messages (no SMTPUTF8)");
	return OUT_OK;
}

static enum outcome
choose_binary(struct mail_form *f, const struct extensions *e,
    const struct wire_content *c, struct diag *d)
{
	if (has(e, EXT_BINARYMIME | EXT_CHUNKING)) {
		f->content = WIRE_RAW;
		f->body = "BINARYMIME";
		return OUT_OK;
	}
	if (!c->plain)
		return diag_set(d, "5.6.1",
		    "the message is binary, and the next mail server takes no "
		    "such messages (no BINARYMIME)");
	return OUT_OK;
}

static enum outcome
choose_8bit(struct mail_form *f, const struct extensions *e,
    const struct wire_content *c, struct diag *d)
{
	if (f->body != NULL || !c->eight_bit)
		return OUT_OK;
	if (!has(e, EXT_8BITMIME))
		return diag_set(d, "5.6.3",
		    "the message has 8-bit content, and the next mail server "
		    "takes 7-bit content only (no 8BITMIME)");
	f->body = "8BITMIME";
	return OUT_OK;
}

enum outcome
mail_form_choose(struct mail_form *f, const struct extensions *e,
    uint32_t flags, const char *sender, const struct wire_content *c,
    struct diag *d)
{
	enum outcome r;

	f->content = WIRE_TEXT;
	f->bdat = has(e, EXT_CHUNKING);
	f->body = NULL;
	if ((r = choose_utf8(f, e, flags, sender, c, d)) != OUT_OK)
		return r;
	if (c->binary && (r = choose_binary(f, e, c, d)) != OUT_OK)
		return r;
	return choose_8bit(f, e, c, d);
}

enum outcome
mail_form_size(const struct extensions *e, uint64_t octets, struct diag *d)
{
	if (!has(e, EXT_SIZE) || e->size == 0 || octets <= e->size)
		return OUT_OK;
	return diag_set(d, "5.3.4",
	    "the message has %" PRIu64 " bytes, and the next mail server takes "
	    "%" PRIu64 " at most",
	    octets, e->size);
}

enum outcome
mail_form_rcpt(const struct extensions *e, const char *addr, struct diag *d)
{
	if (has(e, EXT_SMTPUTF8) || !mail_form_is_utf8(addr))
		return OUT_OK;
	return diag_set(d, "5.6.7",
	    "the address is internationalised, and the next mail server takes "
	    "no such addresses (no SMTPUTF8)");
}
