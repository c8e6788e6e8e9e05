/*
 * envelope: sender and recipients of the message under way.
 *
 * Part of smtpd(8), as postrider-net; holds what was accepted and passes it to
 * queued (msg_intake.h).  A recipient is packed as its NOTIFY (4 bytes), its
 * address and its ORCPT, each with a NUL: a message to few costs little.
 */
#include <string.h>

#include <bsd/string.h>

#include "common/address.h"
#include "smtpd/envelope.h"

#define RCPT_BYTES (4 + ADDR_MAX + 1 + ORCPT_MAX + 1)

void
envelope_init(struct envelope *e, int64_t recipients)
{
	memset(e, 0, sizeof(*e));
	sbuf_init(&e->rcpts, (size_t)recipients * RCPT_BYTES);
}

void
envelope_reset(struct envelope *e)
{
	e->sender[0] = '\0';
	memset(&e->mail, 0, sizeof(e->mail));
	e->count = 0;
	e->full = e->back = false;
	sbuf_free(&e->rcpts);
}

bool
envelope_add(struct envelope *e, const char *addr, const struct rcpt_params *p)
{
	char one[RCPT_BYTES];
	size_t n = 4;

	memcpy(one, &p->notify, 4);
	n += strlcpy(one + n, addr, ADDR_MAX + 1) + 1;
	n += strlcpy(one + n, p->orcpt, ORCPT_MAX + 1) + 1;
	sbuf_put(&e->rcpts, one, n);
	if (!sbuf_ok(&e->rcpts)) {
		e->rcpts.bad = false; /* what is there is whole */
		return false;
	}
	e->count++;
	return true;
}

const char *
envelope_only(const struct envelope *e)
{
	return e->count == 1 ? sbuf_str(&e->rcpts) + 4 : NULL;
}

const char *
envelope_begin(const struct envelope *e)
{
	return sbuf_str(&e->rcpts);
}

bool
envelope_next(
    const struct envelope *e, const char **p, struct msg_intake_rcpt *m)
{
	if (*p >= sbuf_str(&e->rcpts) + e->rcpts.len)
		return false;
	memcpy(&m->notify, *p, 4);
	*p += 4;
	strlcpy(m->addr, *p, sizeof(m->addr));
	*p += strlen(*p) + 1;
	strlcpy(m->orcpt, *p, sizeof(m->orcpt));
	*p += strlen(*p) + 1;
	return true;
}

static bool
same(const char *a, const char *b)
{
	char key[2][ADDR_MAX + 1];
	struct address one, other;

	return address_parse(a, &one) == ADDRESS_OK &&
	    address_parse(b, &other) == ADDRESS_OK &&
	    address_key(&one, key[0], sizeof(key[0])) &&
	    address_key(&other, key[1], sizeof(key[1])) &&
	    strcmp(key[0], key[1]) == 0;
}

static enum outcome
send_rcpts(const struct envelope *e, struct intake *in, const char *bcc,
    struct diag *d)
{
	const char *p = envelope_begin(e);
	struct msg_intake_rcpt m;
	bool copied = *bcc == '\0';

	while (d->outcome == OUT_OK && envelope_next(e, &p, &m)) {
		copied = copied || same(m.addr, bcc);
		(void)intake_rcpt(in, &m, d); /* d ends the loop */
	}
	if (d->outcome != OUT_OK || copied)
		return d->outcome;
	m.notify = DSN_NEVER;
	strlcpy(m.addr, bcc, sizeof(m.addr));
	m.orcpt[0] = '\0';
	return intake_rcpt(in, &m, d);
}

enum outcome
envelope_send(const struct envelope *e, struct intake *in,
    struct msg_intake_open *open, const char *bcc, struct diag *d)
{
	open->flags |= e->mail.flags;
	open->size = e->mail.size;
	open->ret = e->mail.ret;
	strlcpy(open->sender, e->sender, sizeof(open->sender));
	strlcpy(open->envid, e->mail.envid, sizeof(open->envid));
	if (intake_begin(in, open, d) != OUT_OK ||
	    send_rcpts(e, in, bcc, d) != OUT_OK)
		return d->outcome;
	return intake_body(in, d);
}
