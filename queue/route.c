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
static const struct space senders = { TABLES_SENDER_ROUTE, "sender-route " };
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

/* By the domain, or by ".parent" from the longest; not behind damage. */
static bool
found_by_domain(struct look *l, const struct space *in, const char *domain,
    const char **v, char by[ROUTE_BY])
{
	const char *parents[ADDRESS_PARENTS];
	size_t n = address_parents(domain, parents);

	if (found_line(l, in, domain, v, by))
		return true;
	for (size_t i = 0; i < n && !l->broken; i++)
		if (found_line(l, in, parents[i], v, by))
			return true;
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

static bool
found_by_sender(
    struct look *l, const char *sender, const char **v, char by[ROUTE_BY])
{
	char key[ADDR_MAX + 1];
	struct address a;

	if (address_parse(sender, &a) != ADDRESS_OK ||
	    !address_key(&a, key, sizeof(key)))
		return false;
	if (found_line(l, &senders, key, v, by))
		return true;
	/* Behind the last "@"; <postmaster> has none. */
	return a.domain[0] != '\0' &&
	    found_by_domain(l, &senders, strrchr(key, '@') + 1, v, by);
}

/* A domain that mail is for, and who sends it. */
struct trip {
	const char *domain, *sender;
};

/* What the administrator wrote for the domain; NULL: nothing. */
static const char *
find_hop(struct look *l, const struct trip *t, const char *literal,
    char by[ROUTE_BY])
{
	const char *v;

	if (found_by_domain(l, &routes, t->domain, &v, by) ||
	    (literal != NULL && found_line(l, &routes, literal, &v, by)) ||
	    found_by_sender(l, t->sender, &v, by) ||
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
away(struct tables *t, const struct trip *trip, struct route *out,
    struct diag *d)
{
	struct look l = { .tables = t };
	char own[HOP_MAX + 1], hop[HOP_MAX + 1];
	const char *text;
	struct hop h;

	if (!canonical(trip->domain, &h, own))
		return diag_set(d, "5.1.2", "The domain has a wrong form");
	text = find_hop(&l, trip, h.kind == HOP_ADDRESS ? own : NULL, out->by);
	out->away.routed = text != NULL;
	if (!canonical(text != NULL ? text : own, &h, hop))
		return diag_set(
		    d, "4.3.5", "The next hop in the configuration is none");
	find_tls(&l, hop, trip->domain, out);
	if (h.kind == HOP_UNIX) {
		out->away.tls = HOP_TLS_NONE; /* nobody listens in between */
		note(out->tls_by, "", "");
	}
	if (l.broken)
		return diag_set(d, "4.3.5", "Routes cannot be looked up now");
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
	strlcpy(out->tag, r->tag, sizeof(out->tag));
	return OUT_OK;
}

/* Commands and files: of a Unix user, or with "" of an alias. */
static enum outcome
pipe_route(const char *user, struct route *out)
{
	out->program = SPAWN_PIPE;
	strlcpy(out->pool, ROUTE_PIPE, sizeof(out->pool));
	strlcat(out->pool, user, sizeof(out->pool)); /* a Unix name: short */
	strlcpy(out->account, user, sizeof(out->account));
	return OUT_OK;
}

/* Which look at an address the way of a recipient wants. */
static void
resolve_ask(struct tables *t, const char *mail_name, const struct route_ask *q,
    const struct address *a, struct resolved *r)
{
	if (q->via[0] == '\0' || q->via[0] == VIA_FORWARDED)
		resolve_address(t, a, mail_name, r);
	else
		resolve_mailbox(t, a, mail_name, r);
}

/* One who has no mailbox, or whose domain is another's, by now. */
static enum outcome
no_mailbox(const struct resolved *r, struct diag *d)
{
	if (r->kind == RESOLVE_BROKEN)
		return diag_set(d, "4.3.5", "Accounts cannot be looked up now");
	return diag_set(d, "5.1.1", "There is no such mailbox here");
}

/* Ways that name an account: as it is, whatever lists it has. */
static enum outcome
account_route(
    const struct resolved *r, char way, struct route *out, struct diag *d)
{
	bool local = r->kind == RESOLVE_VIRTUAL || r->kind == RESOLVE_UNIX;

	if (way == VIA_MAILBOX)
		return local ? local_route(r, out) : no_mailbox(r, d);
	if (r->kind == RESOLVE_BROKEN)
		return no_mailbox(r, d);
	if (r->kind != RESOLVE_UNIX)
		return diag_set(d, "5.7.1",
		    "Commands and files are run for Unix users only");
	strlcpy(out->tag, r->tag, sizeof(out->tag));
	return pipe_route(r->account, out);
}

enum outcome
route_refused(const char *error, struct diag *d)
{
	char dsn[DSN_LEN + 1];
	size_t n = strcspn(error, " ");

	if (strlcpy(dsn, error, sizeof(dsn)) > n && n < sizeof(dsn))
		dsn[n] = '\0';
	if (!dsn_valid(dsn) || error[n] == '\0')
		return diag_set(d, "5.1.1", "%s", error);
	return diag_set(d, dsn, "%s", error + n + 1);
}

static enum outcome
address_route(struct tables *t, const struct route_ask *q,
    const struct resolved *r, struct route *out, struct diag *d)
{
	struct trip trip = { NULL, q->sender };
	struct address a;

	switch (r->kind) {
	case RESOLVE_VIRTUAL:
		return local_route(r, out);
	case RESOLVE_UNIX:
		out->user = true;
		return local_route(r, out);
	case RESOLVE_ERROR:
		return route_refused(r->error, d);
	case RESOLVE_FOREIGN:
	case RESOLVE_RELAY:
		/* In its domain, whatever other name that has. */
		if (address_parse(
			r->kind == RESOLVE_RELAY ? r->address : q->addr, &a) !=
		    ADDRESS_OK)
			break;
		trip.domain = a.domain;
		return away(t, &trip, out, d);
	case RESOLVE_ALIAS:
	case RESOLVE_SRS:
	case RESOLVE_UNKNOWN:
	case RESOLVE_BROKEN:
		break;
	}
	return no_mailbox(r, d);
}

enum outcome
route_find(struct tables *t, const char *mail_name, const struct route_ask *q,
    struct route *out, struct diag *d)
{
	struct resolved r;
	struct address a;

	memset(out, 0, sizeof(*out));
	if (address_parse(q->addr, &a) != ADDRESS_OK)
		return diag_set(d, "5.1.3", "The address has a wrong form");
	switch (q->via[0]) {
	case VIA_ALIAS_COMMAND:
	case VIA_ALIAS_FILE:
	case VIA_ALIAS_INCLUDE:
		resolve_address(t, &a, mail_name, &r);
		if (r.kind == RESOLVE_ALIAS) /* else it was one before */
			strlcpy(out->tag, r.tag, sizeof(out->tag));
		return pipe_route("", out);
	case VIA_MAILBOX:
	case VIA_COMMAND:
	case VIA_FILE:
		resolve_ask(t, mail_name, q, &a, &r);
		return account_route(&r, q->via[0], out, d);
	default:
		break;
	}
	resolve_ask(t, mail_name, q, &a, &r);
	out->alias = resolve_list(&r) != NULL;
	return out->alias ? OUT_OK : address_route(t, q, &r, out, d);
}

struct route_ask
route_ask(const struct envelope *e, size_t i)
{
	return (struct route_ask){ env_addr(e, i), env_via(e, i), e->sender };
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
destination(struct tables *t, const char *mail_name, const struct route_ask *q)
{
	struct diag d = DIAG_INIT;
	struct keyed k = { .n = 0 };
	struct route route;

	if (route_find(t, mail_name, q, &route, &d) == OUT_OK &&
	    route.program == SPAWN_REMOTE)
		return route_hop_number(route.pool, route.away.tls);
	if (route.program == SPAWN_PIPE) {
		keyed_text(&k, route.pool);
		return (keyed_number(&k) & ~ROUTE_AWAY) | ROUTE_PIPED;
	}
	keyed_text(&k, route.account[0] != '\0' ? route.account : q->addr);
	return keyed_number(&k) & ~(ROUTE_AWAY | ROUTE_PIPED);
}

bool
route_piped(uint32_t number)
{
	return (number & (ROUTE_AWAY | ROUTE_PIPED)) == ROUTE_PIPED;
}

/* The first recipient that is queued and for pipe, or how many there are. */
static size_t
first_piped(const struct envelope *e)
{
	static const char ways[] = { VIA_COMMAND, VIA_FILE, VIA_ALIAS_COMMAND,
		VIA_ALIAS_FILE, VIA_ALIAS_INCLUDE };
	size_t i;

	for (i = 0; i < e->nrcpt; i++)
		if (e->rcpts[i].status == RCPT_QUEUED &&
		    memchr(ways, env_via(e, i)[0], sizeof(ways)) != NULL)
			break;
	return i;
}

struct route_aim
route_destination(
    struct tables *t, const char *mail_name, const struct envelope *e)
{
	struct route_aim aim = { .only = true };
	struct route_ask q;
	uint32_t dest;
	size_t n = 0, piped = first_piped(e);

	for (size_t i = 0; i < e->nrcpt && (n == 0 || aim.only); i++) {
		if (rcpt_status_owed(e->rcpts[i].status) || n == AIMS_MOST)
			aim.only = false;
		if (e->rcpts[i].status != RCPT_QUEUED || n == AIMS_MOST)
			continue;
		q = route_ask(e, i);
		dest = destination(t, mail_name, &q);
		if (n++ == 0)
			aim.dest = dest;
		aim.only = aim.only && dest == aim.dest;
	}
	if (piped < e->nrcpt) {
		q = route_ask(e, piped);
		aim.dest = destination(t, mail_name, &q);
	}
	return aim;
}
