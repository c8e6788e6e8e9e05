/*
 * route: who delivers to a recipient.  In queued; reads the compiled tables.
 */
#include <string.h>

#include <bsd/string.h>

#include "common/crc32c.h"
#include "queue/route.h"

static enum outcome
local_route(const struct resolved *r, struct route *out)
{
	const char *pool =
	    r->kind == RESOLVE_VIRTUAL ? ROUTE_VIRTUAL : r->account;

	strlcpy(out->pool, pool, sizeof(out->pool));
	strlcpy(out->account, r->account, sizeof(out->account));
	strlcpy(out->mailbox, r->maildir, sizeof(out->mailbox));
	return OUT_OK;
}

enum outcome
route_find(struct tables *t, const char *mail_name, const char *addr,
    struct route *out, struct diag *d)
{
	struct resolved r;
	struct address a;

	memset(out, 0, sizeof(*out));
	if (address_parse(addr, &a) != ADDRESS_OK)
		return diag_set(d, "5.1.3", "The address has a wrong form");
	resolve_address(t, &a, mail_name, &r);
	switch (r.kind) {
	case RESOLVE_VIRTUAL:
	case RESOLVE_UNIX:
		return local_route(&r, out);
	case RESOLVE_ALIAS:
		out->alias = true;
		return OUT_OK;
	case RESOLVE_UNKNOWN:
		return diag_set(d, "5.1.1", "There is no such mailbox here");
	case RESOLVE_FOREIGN:
		return diag_set(d, "4.4.0",
		    "No outbound transport is configured for mail to other "
		    "hosts");
	case RESOLVE_BROKEN:
		break;
	}
	return diag_set(d, "4.3.5", "The configuration is damaged");
}

static uint32_t
destination(struct tables *t, const char *mail_name, const char *addr)
{
	struct resolved r;
	struct address a;

	if (address_parse(addr, &a) != ADDRESS_OK)
		return 0;
	resolve_address(t, &a, mail_name, &r);
	if (r.account[0] != '\0')
		addr = r.account;
	else if (r.kind == RESOLVE_FOREIGN)
		addr = a.domain;
	return crc32c(0, addr, strlen(addr));
}

uint32_t
route_destination(
    struct tables *t, const char *mail_name, const struct envelope *e)
{
	for (size_t i = 0; i < e->nrcpt; i++)
		if (e->rcpts[i].status == RCPT_QUEUED)
			return destination(t, mail_name, env_addr(e, i));
	return 0;
}
