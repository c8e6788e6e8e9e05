/*
 * circle: whether a message has been at its recipients before.
 *
 * Part of smtpd(8), as postrider-net; reads the compiled tables.  Only what
 * local(8) would find is found: a recipient whose mail goes elsewhere may have
 * had it before, as may one under another name of a domain.
 */
#include "common/resolve.h"
#include "smtpd/circle.h"

void
circle_init(struct circle *c, struct tables *t, const struct envelope *env,
    const char *mail_name)
{
	c->tables = t;
	c->env = env;
	c->mail_name = mail_name;
	c->closed = false;
	loop_init(&c->loop);
}

/* Whether local would refuse it for addr. */
static bool
has_had_it(const struct circle *c, const char *addr)
{
	struct resolved r;
	struct address a;

	if (!loop_has(&c->loop, addr) || address_parse(addr, &a) != ADDRESS_OK)
		return false;
	resolve_address(c->tables, &a, c->mail_name, &r);
	return (r.kind == RESOLVE_VIRTUAL || r.kind == RESOLVE_UNIX) &&
	    r.members == NULL;
}

/* The header is over. */
static void
judge(struct circle *c)
{
	const char *p = envelope_begin(c->env);
	struct msg_intake_rcpt m;

	if (c->loop.count == 0)
		return;
	c->closed = true;
	while (c->closed && envelope_next(c->env, &p, &m))
		c->closed = has_had_it(c, m.addr);
}

void
circle_feed(struct circle *c, const char *s, size_t n)
{
	if (c->env == NULL || c->loop.done)
		return;
	loop_feed(&c->loop, s, n);
	if (c->loop.done)
		judge(c);
}

void
circle_end(struct circle *c)
{
	if (c->env == NULL || c->loop.done)
		return;
	loop_end(&c->loop);
	judge(c);
}
