/*
 * expand: aliases and forward lists of a new message's recipients.  In queued;
 * reads the compiled tables, which are the administrator's; the addresses are
 * strangers'.
 */
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/msg_intake.h"
#include "queue/expand_search.h"
#include "queue/report_text.h"

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
	const struct expander *by;
	struct envelope *to;
	struct strset known; /* keys of its recipients, with their numbers */
	struct strset done;  /* aliases whose members are among them */
	size_t steps;        /* members looked at */
	size_t left;         /* recipients that are to come */
	bool owned;          /* they are a list's, and have no original one */
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

/*
 * What tells recipients apart.  Mail that is passed on to somebody reaches him
 * as well as what was sent to him.
 */
static void
known_key(const char *addr, const char *via, char *key, size_t size)
{
	char plain[ADDR_MAX + 1];
	struct address a;

	if (address_parse(addr, &a) != ADDRESS_OK ||
	    !address_key(&a, plain, sizeof(plain)))
		(void)strlcpy(plain, addr, sizeof(plain));
	if (via[0] == VIA_FORWARDED)
		via = "";
	(void)snprintf(key, size, "%s\n%s", via, plain); /* it has the room */
}

struct addition {
	const char *addr, *orcpt, *via;
	const char *key; /* or NULL, for the above */
	uint32_t notify;
};

static bool
add_known(struct result *r, const struct addition *n)
{
	char own[ADDR_MAX + VIA_MAX + 2];
	const char *key = n->key;
	struct rcpt *twin;

	if (key == NULL) {
		known_key(n->addr, n->via, own, sizeof(own));
		key = own;
	}
	switch (strset_add(&r->known, key)) {
	case STRSET_PRESENT:
		twin = &r->to->rcpts[*strset_value(&r->known, key)];
		twin->notify = both(twin->notify, n->notify);
		return true;
	case STRSET_MEMORY:
		return false;
	case STRSET_ADDED:
		break;
	}
	*strset_value(&r->known, key) = r->to->nrcpt;
	return env_add_via(r->to, n->addr, n->orcpt, n->notify, n->via);
}

/* Recipient i of from as it is. */
static bool
add_same(struct result *r, const struct envelope *from, size_t i)
{
	const struct addition n = { .addr = env_addr(from, i),
		.orcpt = env_orcpt(from, i),
		.via = env_via(from, i),
		.notify = from->rcpts[i].notify };

	return add_known(r, &n);
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
	if (!add_same(r, from, i))
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
	struct addition n = { .notify = from->rcpts[i].notify };
	char orcpt[ORCPT_MAX + 1];

	strlcpy(orcpt, env_orcpt(from, i), sizeof(orcpt));
	if (orcpt[0] == '\0' && s->opened > 0)
		original(env_addr(from, i), orcpt);
	if (s->found.nrcpt > 1 && !add_alias(r, from, i, &n.notify))
		return false;
	n.orcpt = r->owned ? "" : orcpt;
	/* Of one that stays an alias, the alias is what is known. */
	n.key = s->kept[0] != '\0' ? s->kept : NULL;
	for (size_t k = 0; k < s->found.nrcpt; k++) {
		n.addr = env_addr(&s->found, k);
		n.via = env_via(&s->found, k);
		if (!add_known(r, &n))
			return false;
	}
	return true;
}

/* What is found may be too much, or more than there is room for. */
static bool
fits(const struct result *r, const struct search *s)
{
	/* One more for the alias itself. */
	return r->to->nrcpt + r->left + s->found.nrcpt + 1 <=
	    ENVELOPE_RCPTS_MAX;
}

static enum search_result
expand_next(struct result *r, struct search *s, const struct envelope *from,
    size_t i, const struct expand_list *list)
{
	const char *addr = env_addr(from, i);
	enum search_result found;

	r->left--;
	s->closed = r->steps > EXPAND_MESSAGE;
	/* He who wants to hear of it hears of each. */
	s->done = (from->rcpts[i].notify & DSN_SUCCESS) == 0 ? &r->done : NULL;
	if (list->members != NULL)
		found = search_list(s, addr, list);
	else
		found = search_address(s, addr);
	r->steps += s->members;
	if (found == SEARCH_OK && !fits(r, s))
		found = SEARCH_TOO_MUCH;
	if (found == SEARCH_OK && !add_found(r, s, from, i))
		return SEARCH_MEMORY;
	if (found == SEARCH_TOO_MUCH)
		return add_same(r, from, i) ? SEARCH_OK : SEARCH_MEMORY;
	return found;
}

static enum outcome
tell(enum search_result found, struct diag *d)
{
	if (found == SEARCH_MEMORY)
		return diag_set(
		    d, "4.3.0", "Out of memory; please try again later");
	if (found == SEARCH_BROKEN)
		return diag_set(d, "4.3.5",
		    "The configuration is damaged; please try again later");
	return OUT_OK;
}

static const struct expand_list tables_say = { .members = NULL };

enum outcome
expand(const struct expander *x, const struct envelope *from,
    struct envelope *to, struct diag *d)
{
	struct result r = { .by = x, .to = to, .left = from->nrcpt };
	enum search_result found = SEARCH_OK;
	struct search s;

	strset_init(&r.known);
	strset_init(&r.done);
	for (size_t i = 0; found == SEARCH_OK && i < from->nrcpt; i++) {
		search_init(&s, x, from);
		found = expand_next(&r, &s, from, i, &tables_say);
		search_free(&s);
	}
	strset_free(&r.known);
	strset_free(&r.done);
	return tell(found, d);
}

/* Whether it is what it was, and no more. */
static bool
is_same(const struct envelope *from, const struct envelope *to)
{
	return to->nrcpt == 1 &&
	    strcmp(env_addr(to, 0), env_addr(from, 0)) == 0 &&
	    strcmp(env_via(to, 0), env_via(from, 0)) == 0;
}

bool
expand_one(const struct expander *x, const struct expand_list *list,
    const struct envelope *from, struct envelope *to, struct diag *d)
{
	struct result r = {
		.by = x, .to = to, .left = 1, .owned = list->owned
	};
	enum search_result found;
	struct search s;

	strset_init(&r.known);
	strset_init(&r.done);
	search_init(&s, x, from);
	s.open_first = true;
	found = expand_next(&r, &s, from, 0, list);
	search_free(&s);
	strset_free(&r.known);
	strset_free(&r.done);
	if (tell(found, d) == OUT_OK && is_same(from, to))
		(void)diag_set(d, EXPAND_FAILED_DSN, EXPAND_FAILED_TEXT);
	return d->outcome == OUT_OK;
}
