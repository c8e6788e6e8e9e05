/*
 * route: who delivers to a recipient.  In queued; reads the compiled tables.
 * Nothing is looked up or connected to here: that is remote's.
 */
#include <string.h>

#include <bsd/string.h>

#include "common/msg_spawn.h"
#include "common/options.h"
#include "queue/keyed.h"
#include "queue/route.h"

#define AIMS_MOST 50 /* recipients that are looked at */

/* A look into the tables that remembers that they are damaged. */
struct look {
	struct tables *tables;
	bool broken;
};

static bool
found(struct look *l, enum tables_space space, const char *key, const char **v)
{
	enum tables_result r = tables_get(l->tables, space, key, v);

	l->broken = l->broken || r == TABLES_BROKEN;
	return r == TABLES_FOUND;
}

/* The word, and the key that was looked for with success. */
static void
note(char by[ROUTE_BY], const char *word, const char *key)
{
	(void)strlcpy(by, word, ROUTE_BY); /* both fit: see ROUTE_BY */
	(void)strlcat(by, key, ROUTE_BY);
}

struct space {
	enum tables_space space;
	const char *word; /* of a line about one key */
};

static const struct space routes = { TABLES_ROUTE, "route " };
static const struct space policies = { TABLES_TLS, "tls-policy " };

static bool
found_line(struct look *l, const struct space *in, const char *key,
    const char **v, char by[ROUTE_BY])
{
	if (!found(l, in->space, key, v))
		return false;
	note(by, in->word, key);
	return true;
}

/* By the domain, or by ".parent" from the longest. */
static bool
found_by_domain(struct look *l, const struct space *in, const char *domain,
    const char **v, char by[ROUTE_BY])
{
	if (found_line(l, in, domain, v, by))
		return true;
	while ((domain = strchr(domain, '.')) != NULL) {
		if (found_line(l, in, domain, v, by))
			return true;
		domain++;
	}
	return false;
}

static const char *
option_text(struct look *l, const char *name)
{
	const char *v;

	if (!found(l, TABLES_OPTION, name, &v))
		v = option_find(name)->value;
	return v;
}

/* What the administrator wrote for the domain; NULL: nothing. */
static const char *
find_hop(
    struct look *l, const char *domain, const char *literal, char by[ROUTE_BY])
{
	const char *v;

	if (found_by_domain(l, &routes, domain, &v, by) ||
	    (literal != NULL && found_line(l, &routes, literal, &v, by)) ||
	    found_line(l, &routes, "*", &v, by))
		return v;
	v = option_text(l, "smart-host");
	note(by, *v != '\0' ? "smart-host" : "", "");
	return *v != '\0' ? v : NULL;
}

static bool
has_credentials(struct look *l, const char *hop)
{
	char key[sizeof("relay:") + HOP_MAX] = "relay:";
	const char *v;

	strlcat(key, hop, sizeof(key));
	return found(l, TABLES_META, key, &v) && strcmp(v, "yes") == 0;
}

/*
 * Credentials are not shown to a host that proves nothing, unless somebody
 * wrote so for this very hop or domain.
 */
static void
find_tls(struct look *l, const char *hop, const char *domain, struct route *out)
{
	char *by = out->tls_by;
	const char *v;

	out->away.credentials = has_credentials(l, hop);
	if (!found_line(l, &policies, hop, &v, by) &&
	    !found_by_domain(l, &policies, domain, &v, by)) {
		if (out->away.credentials) {
			v = hop_tls_text(HOP_TLS_VERIFY);
			note(by, "relay-passwords", "");
		} else if (!found_line(l, &policies, "*", &v, by)) {
			v = option_text(l, "tls-policy");
			note(by, "tls-policy", "");
		}
	}
	if (!hop_tls_parse(v, &out->away.tls))
		l->broken = true;
}

/* The tables hold canonical hops only; the smart host may be another. */
static bool
canonical(const char *text, struct hop *h, char out[HOP_MAX + 1])
{
	const char *wanted;

	return hop_parse(text, h, &wanted) && hop_format(h, out);
}

static enum outcome
away(struct tables *t, const char *domain, struct route *out, struct diag *d)
{
	struct look l = { .tables = t };
	char own[HOP_MAX + 1], hop[HOP_MAX + 1];
	const char *text;
	struct hop h;

	if (!canonical(domain, &h, own))
		return diag_set(d, "5.1.2", "The domain has a wrong form");
	text =
	    find_hop(&l, domain, h.kind == HOP_ADDRESS ? own : NULL, out->by);
	out->away.routed = text != NULL;
	if (!canonical(text != NULL ? text : own, &h, hop))
		return diag_set(
		    d, "4.3.5", "The next hop in the configuration is none");
	find_tls(&l, hop, domain, out);
	if (h.kind == HOP_UNIX) {
		out->away.tls = HOP_TLS_NONE; /* nobody listens in between */
		note(out->tls_by, "", "");
	}
	if (l.broken)
		return diag_set(d, "4.3.5", "The configuration is damaged");
	out->program = SPAWN_REMOTE;
	strlcpy(out->pool, hop, sizeof(out->pool));
	return OUT_OK;
}

static enum outcome
local_route(const struct resolved *r, struct route *out)
{
	const char *pool =
	    r->kind == RESOLVE_VIRTUAL ? ROUTE_VIRTUAL : r->account;

	out->program = SPAWN_LOCAL;
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
	case RESOLVE_ERROR:
		return diag_set(d, "5.1.1", "%s", r.error);
	case RESOLVE_SRS:
	case RESOLVE_UNKNOWN:
		return diag_set(d, "5.1.1", "There is no such mailbox here");
	case RESOLVE_FOREIGN:
	case RESOLVE_RELAY:
		return away(t, a.domain, out, d);
	case RESOLVE_BROKEN:
		break;
	}
	return diag_set(d, "4.3.5", "The configuration is damaged");
}

uint32_t
route_hop_number(const char *hop, enum hop_tls tls)
{
	struct keyed k = { .n = 0 };

	keyed_text(&k, hop);
	keyed_text(&k, hop_tls_text(tls));
	return keyed_number(&k) | ROUTE_AWAY;
}

static uint32_t
destination(struct tables *t, const char *mail_name, const char *addr)
{
	struct diag d = DIAG_INIT;
	struct keyed k = { .n = 0 };
	struct resolved r;
	struct address a;
	struct route route;

	if (address_parse(addr, &a) != ADDRESS_OK)
		return 0;
	resolve_address(t, &a, mail_name, &r);
	if (r.account[0] != '\0')
		addr = r.account;
	else if (r.kind == RESOLVE_FOREIGN &&
	    away(t, a.domain, &route, &d) == OUT_OK)
		return route_hop_number(route.pool, route.away.tls);
	keyed_text(&k, addr);
	return keyed_number(&k) & ~ROUTE_AWAY;
}

struct route_aim
route_destination(
    struct tables *t, const char *mail_name, const struct envelope *e)
{
	struct route_aim aim = { .only = true };
	uint32_t dest;
	size_t n = 0;

	for (size_t i = 0; i < e->nrcpt && (n == 0 || aim.only); i++) {
		if (rcpt_status_owed(e->rcpts[i].status) || n == AIMS_MOST)
			aim.only = false;
		if (e->rcpts[i].status != RCPT_QUEUED || n == AIMS_MOST)
			continue;
		dest = destination(t, mail_name, env_addr(e, i));
		if (n++ == 0)
			aim.dest = dest;
		aim.only = aim.only && dest == aim.dest;
	}
	return aim;
}
