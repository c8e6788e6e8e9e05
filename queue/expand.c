/*
 * expand: aliases of a new message's recipients.  In queued; reads the
 * compiled tables, which are the administrator's; the addresses are
 * strangers'.
 */
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/msg_intake.h"
#include "common/resolve.h"
#include "queue/expand.h"
#include "queue/report_text.h"
#include "queue/strset.h"

enum found { FOUND_OK, FOUND_TOO_MUCH, FOUND_BROKEN, FOUND_MEMORY };

/* The search behind one recipient. */
struct search {
	struct tables *tables;
	const char *mail_name;
	struct strset seen;                    /* all addresses of it */
	struct envelope found;                 /* those that are no aliases */
	char path[EXPAND_DEPTH][ADDR_MAX + 1]; /* from alias to alias */
	size_t steps;
};

static bool
is_ahead(const struct search *s, const char *key, size_t depth)
{
	for (size_t i = 0; i < depth; i++)
		if (strcmp(s->path[i], key) == 0)
			return true;
	return false;
}

static enum found look(struct search *, const char *, size_t depth);

static enum found
look_members(struct search *s, const char *members, size_t depth)
{
	enum found r = FOUND_OK;
	struct member m;

	while (r == FOUND_OK && members_next(&members, &m)) {
		if (++s->steps > EXPAND_STEPS)
			return FOUND_TOO_MUCH;
		r = look(s, m.text, depth);
	}
	return r;
}

/* The key has a domain, all lower case; false for what is no address. */
static bool
key_of(const struct search *s, const char *addr, struct address *a,
    char key[ADDR_MAX + 1])
{
	struct address whole;

	if (address_parse(addr, a) != ADDRESS_OK)
		return false;
	whole = *a;
	if (whole.domain[0] == '\0')
		strlcpy(whole.domain, s->mail_name, sizeof(whole.domain));
	return address_key(&whole, key, ADDR_MAX + 1);
}

static enum found
look(struct search *s, const char *addr, size_t depth)
{
	char key[ADDR_MAX + 1];
	struct resolved r;
	struct address a; /* as it is: <postmaster> is ours without a domain */
	bool valid = key_of(s, addr, &a, key);

	if (!valid)
		strlcpy(key, addr, sizeof(key));
	if (is_ahead(s, key, depth))
		return FOUND_TOO_MUCH;
	switch (strset_add(&s->seen, key)) {
	case STRSET_PRESENT:
		return FOUND_OK;
	case STRSET_MEMORY:
		return FOUND_MEMORY;
	case STRSET_ADDED:
		break;
	}
	r.kind = RESOLVE_UNKNOWN;
	if (valid)
		resolve_address(s->tables, &a, s->mail_name, &r);
	if (r.kind == RESOLVE_BROKEN)
		return FOUND_BROKEN;
	if (r.kind != RESOLVE_ALIAS)
		return env_add(&s->found, depth == 0 ? addr : key, "", 0)
		    ? FOUND_OK
		    : FOUND_MEMORY;
	if (depth == EXPAND_DEPTH)
		return FOUND_TOO_MUCH;
	strlcpy(s->path[depth], key, sizeof(s->path[depth]));
	return look_members(s, r.members, depth + 1);
}

/*
 * RFC 3461 section 4.2: xtext of an address that never had an ORCPT; of one
 * that is not ASCII the form of RFC 6533 section 3 that any host takes.
 */
static void
original(const char *addr, char orcpt[ORCPT_MAX + 1])
{
	struct sbuf b = SBUF_INIT(ORCPT_MAX);

	report_orcpt(&b, addr);
	strlcpy(orcpt, sbuf_ok(&b) ? sbuf_str(&b) : "", ORCPT_MAX + 1);
	sbuf_free(&b);
}

/* The whole message so far. */
struct result {
	struct envelope *to;
	struct strset known; /* keys of its recipients, with their numbers */
	size_t added;        /* by aliases */
};

/* What is to be told of an address that was given twice: all of it. */
static uint32_t
both(uint32_t a, uint32_t b)
{
	const uint32_t unsaid = DSN_FAILURE | DSN_DELAY;
	uint32_t sum;

	if (a == b)
		return a;
	sum = (a != 0 ? a : unsaid) | (b != 0 ? b : unsaid);
	return sum == DSN_NEVER ? sum : sum & ~DSN_NEVER;
}

static bool
add_known(
    struct result *r, const char *addr, const char *orcpt, uint32_t notify)
{
	char key[ADDR_MAX + 1];
	struct address a;
	struct rcpt *twin;

	if (address_parse(addr, &a) != ADDRESS_OK ||
	    !address_key(&a, key, sizeof(key)))
		strlcpy(key, addr, sizeof(key));
	switch (strset_add(&r->known, key)) {
	case STRSET_PRESENT:
		twin = &r->to->rcpts[*strset_value(&r->known, key)];
		twin->notify = both(twin->notify, notify);
		return true;
	case STRSET_MEMORY:
		return false;
	case STRSET_ADDED:
		break;
	}
	*strset_value(&r->known, key) = r->to->nrcpt;
	return env_add(r->to, addr, orcpt, notify);
}

/*
 * RFC 3461 section 5.2.7.3 (c): the alias of several stays, as what the sender
 * is told of, and its members have what is left of NOTIFY.
 */
static bool
add_alias(
    struct result *r, const struct envelope *from, size_t i, uint32_t *notify)
{
	size_t n = r->to->nrcpt;

	if (from->sender[0] == '\0' || (*notify & DSN_SUCCESS) == 0)
		return true;
	if (!add_known(r, env_addr(from, i), env_orcpt(from, i), *notify))
		return false;
	if (r->to->nrcpt > n)
		r->to->rcpts[n].status = RCPT_EXPANDED;
	*notify &= ~DSN_SUCCESS;
	if (*notify == 0)
		*notify = DSN_NEVER;
	return true;
}

static bool
add_found(struct result *r, const struct search *s, const struct envelope *from,
    size_t i)
{
	uint32_t notify = from->rcpts[i].notify;
	/* More than itself was seen. */
	bool alias = s->seen.n > 1;
	char orcpt[ORCPT_MAX + 1];

	strlcpy(orcpt, env_orcpt(from, i), sizeof(orcpt));
	if (orcpt[0] == '\0' && alias)
		original(env_addr(from, i), orcpt);
	if (s->found.nrcpt > 1 && !add_alias(r, from, i, &notify))
		return false;
	for (size_t k = 0; k < s->found.nrcpt; k++)
		if (!add_known(r, env_addr(&s->found, k), orcpt, notify))
			return false;
	if (alias)
		r->added += s->found.nrcpt;
	return true;
}

static enum found
expand_one(
    struct result *r, struct search *s, const struct envelope *from, size_t i)
{
	const char *addr = env_addr(from, i);
	enum found found;
	bool good = true;

	strset_init(&s->seen);
	env_init(&s->found);
	s->steps = 0;
	found = look(s, addr, 0);
	if (found == FOUND_OK &&
	    (s->found.nrcpt == 0 ||
		(s->seen.n > 1 && r->added + s->found.nrcpt > EXPAND_MOST)))
		found = FOUND_TOO_MUCH;
	if (found == FOUND_OK)
		good = add_found(r, s, from, i);
	else if (found == FOUND_TOO_MUCH)
		good = add_known(
		    r, addr, env_orcpt(from, i), from->rcpts[i].notify);
	strset_free(&s->seen);
	env_free(&s->found);
	if (!good)
		return FOUND_MEMORY;
	return found == FOUND_TOO_MUCH ? FOUND_OK : found;
}

enum outcome
expand(struct tables *t, const char *mail_name, const struct envelope *from,
    struct envelope *to, struct diag *d)
{
	struct search s = { .tables = t, .mail_name = mail_name };
	struct result r = { .to = to };
	enum found found = FOUND_OK;

	strset_init(&r.known);
	for (size_t i = 0; found == FOUND_OK && i < from->nrcpt; i++)
		found = expand_one(&r, &s, from, i);
	strset_free(&r.known);
	if (found == FOUND_MEMORY)
		return diag_set(
		    d, "4.3.0", "Out of memory; please try again later");
	if (found == FOUND_BROKEN)
		return diag_set(d, "4.3.5",
		    "The configuration is damaged; please try again later");
	return OUT_OK;
}
