/*
 * expand_search: what one address leads to, through aliases and forward lists.
 * In queued; reads the compiled tables, which are the administrator's; the
 * addresses are strangers', and members may be any user's.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <bsd/string.h>

#include "common/msg_intake.h"
#include "queue/expand_owner.h"
#include "queue/expand_search.h"

/*
 * Where a way through lists ended: somewhere, or at a list that is open, by its
 * number.  A list from which all ways lead back, to it or to those behind it,
 * is a circle without an exit.
 */
#define SOMEWHERE SIZE_MAX

/* An address as it was found. */
struct place {
	struct address a;        /* <postmaster> is ours without a domain */
	char full[ADDR_MAX + 1]; /* with its domain */
	char key[ADDR_MAX + 1];  /* the same, lower case; or what is none */
	bool valid;
};

void
search_init(
    struct search *s, const struct expander *by, const struct envelope *from)
{
	memset(s, 0, sizeof(*s));
	s->by = by;
	s->from = from;
	strset_init(&s->seen);
	env_init(&s->found);
}

void
search_free(struct search *s)
{
	strset_free(&s->seen);
	env_free(&s->found);
}

/* False for what is no address. */
static bool
complete(const struct search *s, const char *addr, struct place *p)
{
	const char *mail_name = s->by->mail_name;
	struct address whole;

	if (address_parse(addr, &p->a) != ADDRESS_OK)
		return false;
	whole = p->a;
	if (whole.domain[0] == '\0') /* it has room for any */
		(void)strlcpy(whole.domain, mail_name, DOMAIN_MAX + 1);
	return address_format(&whole, p->full, sizeof(p->full)) &&
	    address_key(&whole, p->key, sizeof(p->key));
}

static void
find_place(const struct search *s, const char *addr, struct place *p)
{
	p->valid = complete(s, addr, p);
	if (p->valid)
		return;
	(void)strlcpy(p->full, addr, sizeof(p->full));
	(void)strlcpy(p->key, addr, sizeof(p->key));
}

/* A recipient, once for each address and way. */
static enum search_result
put(struct search *s, const char *addr, const char *key, const char *via)
{
	char name[ADDR_MAX + VIA_MAX + 2];

	/* No address has a line end. */
	(void)snprintf(name, sizeof(name), "%s\n%s", via, key);
	switch (strset_add(&s->seen, name)) {
	case STRSET_PRESENT:
		return SEARCH_OK;
	case STRSET_MEMORY:
		return SEARCH_MEMORY;
	case STRSET_ADDED:
		break;
	}
	if (env_add_via(&s->found, addr, "", 0, via))
		return SEARCH_OK;
	return SEARCH_MEMORY;
}

static enum search_result
put_way(struct search *s, const char *addr, char way, const char *what)
{
	char via[VIA_MAX + 1];

	(void)snprintf(via, sizeof(via), "%c%s", way, what); /* it fits */
	return put(s, addr, addr, via);
}

/* A mailbox and no list: "\user". */
static enum search_result
put_final(struct search *s, const char *addr)
{
	const char via[] = { VIA_MAILBOX, '\0' };
	struct place p;

	find_place(s, addr, &p);
	return put(s, p.full, p.key, via);
}

static enum search_result look(
    struct search *, const char *, size_t depth, size_t *end);

/*
 * A name without a domain in a user's own file is another user's beside him,
 * whatever mail-name is: in the domain that the mail came to.
 */
static const char *
beside(const struct search_list *l, const char *text, char full[ADDR_MAX + 1])
{
	const char *at = strrchr(l->address, '@');
	struct address a;

	if (!l->user || at == NULL || address_parse(text, &a) != ADDRESS_OK ||
	    a.domain[0] != '\0')
		return text;
	(void)strlcpy(a.domain, at + 1, sizeof(a.domain)); /* is one */
	return address_format(&a, full, ADDR_MAX + 1) ? full : text;
}

/*
 * "\user": in the administrator's lists anybody's mailbox, but a user does not
 * go past what another one has in his ~/.forward.
 */
static enum search_result
look_final(struct search *s, const char *addr, size_t depth, size_t *end)
{
	const struct search_list *l = &s->path[depth - 1];
	struct resolved r;
	struct address a;

	if (!l->user || address_parse(addr, &a) != ADDRESS_OK)
		return put_final(s, addr);
	resolve_mailbox(s->by->tables, &a, s->by->mail_name, &r);
	return r.kind == RESOLVE_UNIX && strcmp(r.account, l->key) == 0
	    ? put_final(s, addr)
	    : look(s, addr, depth, end);
}

static enum search_result
look_member(struct search *s, const struct member *m, size_t depth, size_t *end)
{
	const struct search_list *l = &s->path[depth - 1];
	char full[ADDR_MAX + 1];

	*end = SOMEWHERE;
	switch (m->kind) {
	case MEMBER_ADDRESS:
		return look(s, beside(l, m->text, full), depth, end);
	case MEMBER_FINAL:
		return look_final(s, beside(l, m->text, full), depth, end);
	case MEMBER_COMMAND:
		return put_way(s, l->address,
		    l->user ? VIA_COMMAND : VIA_ALIAS_COMMAND, m->text);
	case MEMBER_FILE:
		return put_way(s, l->address,
		    l->user ? VIA_FILE : VIA_ALIAS_FILE, m->text);
	case MEMBER_INCLUDE:
		return put_way(s, l->address, VIA_ALIAS_INCLUDE, m->text);
	case MEMBER_ERROR: /* stands alone, and resolve_address() knows it */
		break;
	}
	return SEARCH_OK;
}

/* s->path[depth - 1] is whose members these are. */
static enum search_result
look_members(struct search *s, const char *members, size_t depth, size_t *end)
{
	enum search_result r = SEARCH_OK;
	size_t first = SOMEWHERE, one;
	bool any = false, led = false;
	struct member m;

	if (++s->opened > EXPAND_OPENED)
		return SEARCH_TOO_MUCH;
	while (r == SEARCH_OK && members_next(&members, &m)) {
		if (++s->members > EXPAND_MOST)
			return SEARCH_TOO_MUCH;
		r = look_member(s, &m, depth, &one);
		any = true;
		led = led || one == SOMEWHERE;
		if (one < first)
			first = one;
	}
	*end = any && !led ? first : SOMEWHERE;
	if (r == SEARCH_OK && *end != SOMEWHERE && *end >= depth - 1)
		return SEARCH_TOO_MUCH;
	return r;
}

/* What tells an address from others: of an account, whatever leads to it. */
static const char *
identity(const struct resolved *r, const struct place *p)
{
	if (r->kind == RESOLVE_VIRTUAL || r->kind == RESOLVE_UNIX)
		return r->account;
	return r->kind == RESOLVE_ALIAS && r->address[0] != '\0' ? r->address
								 : p->key;
}

/* Who names himself means his mailbox, if he has one. */
static enum search_result
look_own(struct search *s, size_t depth, size_t *end)
{
	const struct search_list *l = &s->path[depth - 1];
	struct resolved r;
	struct address a;

	*end = depth - 1;
	if (address_parse(l->address, &a) != ADDRESS_OK)
		return SEARCH_OK;
	resolve_mailbox(s->by->tables, &a, s->by->mail_name, &r);
	if (r.kind == RESOLVE_BROKEN)
		return SEARCH_BROKEN;
	if (r.kind != RESOLVE_VIRTUAL && r.kind != RESOLVE_UNIX)
		return SEARCH_OK;
	*end = SOMEWHERE;
	return put_final(s, l->address);
}

/* As the mail came to it: a folder may be named by the tag. */
static void
set_address(
    struct search_list *l, const struct resolved *r, const struct place *p)
{
	size_t tag = strlen(r->tag);
	char *at;

	(void)strlcpy(l->address, r->address[0] != '\0' ? r->address : p->key,
	    sizeof(l->address)); /* all of them are addresses */
	at = strrchr(l->address, '@');
	if (at != NULL && (size_t)(at - l->address) > tag &&
	    strncasecmp(at - tag, r->tag, tag) == 0)
		memcpy(at - tag, r->tag, tag);
}

/* Opens the list of what was found, unless it was open before. */
static enum search_result
open_list(struct search *s, const struct resolved *r, const struct place *p,
    size_t depth, size_t *end)
{
	const char *key = identity(r, p);
	struct search_list *l = &s->path[depth];

	switch (strset_add(&s->seen, key)) {
	case STRSET_PRESENT:
		return SEARCH_OK;
	case STRSET_MEMORY:
		return SEARCH_MEMORY;
	case STRSET_ADDED:
		break;
	}
	if (depth == EXPAND_DEPTH)
		return SEARCH_TOO_MUCH;
	(void)strlcpy(l->key, key, sizeof(l->key));
	set_address(l, r, p);
	l->user = l->back = false;
	return look_members(s, r->members, depth + 1, end);
}

/*
 * The address that another host knows: its domain may have another name here.
 * False when it is as it is.
 */
static bool
other_name(const struct resolved *r, const struct place *p, char *out)
{
	struct address a, canonical;

	a = p->a;
	if (r->kind != RESOLVE_RELAY ||
	    address_parse(r->address, &canonical) != ADDRESS_OK ||
	    strcasecmp(canonical.domain, a.domain) == 0)
		return false;
	(void)strlcpy(a.domain, canonical.domain, sizeof(a.domain));
	return address_format(&a, out, ADDR_MAX + 1);
}

/* What is delivered to, or fails: as it came if it is the first. */
static enum search_result
put_found(struct search *s, const struct resolved *r, const struct place *p,
    const char *addr, size_t depth)
{
	const char forwarded[] = { VIA_FORWARDED, '\0' };
	/* What comes back to a sender is not passed on: it keeps its own. */
	bool behind = depth > 0 && !s->path[depth - 1].back;
	const char *via = behind && resolve_leaves(r) ? forwarded : "";
	char other[ADDR_MAX + 1];

	if (other_name(r, p, other)) {
		s->opened++;
		return put(s, other, r->address, via);
	}
	return put(s, depth == 0 ? addr : p->full, p->key, via);
}

/*
 * Whether the mail may go by a return address of ours: reports do, and what
 * our own clients send.  smtpd(8) has asked no less.
 */
static bool
may_return(const struct envelope *from)
{
	return from->sender[0] == '\0' || (from->flags & INTAKE_OWN) != 0;
}

/* Who had it before a host of ours gave it another sender. */
static enum search_result
look_srs(struct search *s, const struct place *p, const char *addr,
    size_t depth, size_t *end)
{
	struct resolved r = { .kind = RESOLVE_SRS };
	struct diag d = DIAG_INIT;
	char was[ADDR_MAX + 1];

	/* Which one a list names is up to whoever keeps the list. */
	if (s->by->srs == NULL || depth == EXPAND_DEPTH ||
	    (depth == 0 && !may_return(s->from)) ||
	    !srs_reverse(s->by->srs, p->full, s->by->now, was, &d))
		return put_found(s, &r, p, addr, depth);
	s->opened++;
	(void)strlcpy(s->path[depth].key, p->key, sizeof(s->path[depth].key));
	(void)strlcpy(
	    s->path[depth].address, p->key, sizeof(s->path[depth].address));
	s->path[depth].user = false;
	s->path[depth].back = true;
	return look(s, was, depth + 1, end);
}

/*
 * Whether all addresses of an alias, with whatever tag, are as good as one: its
 * members are addresses, and not a command, which sees who was written to.
 */
static bool
is_one(const struct resolved *r)
{
	if (r->name[0] == '\0')
		return false;
	for (const char *p = r->members; p != NULL; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (*p != MEMBER_ADDRESS && *p != MEMBER_FINAL)
			return false;
	}
	return true;
}

/* Whether an alias or a list is opened, or stays as one with an owner does. */
static enum owner
may_open(struct search *s, const struct resolved *r, size_t depth)
{
	enum owner owner = OWNER_NONE;

	if (s->closed)
		owner = OWNER_IS;
	else if (r->kind == RESOLVE_ALIAS && (depth > 0 || !s->open_first))
		owner = expand_owner(s->by, r, NULL);
	if (depth > 0 || r->kind != RESOLVE_ALIAS || !is_one(r))
		return owner;
	if (owner == OWNER_IS)
		(void)strlcpy(s->kept, r->name, sizeof(s->kept));
	else if (owner == OWNER_NONE && s->done != NULL)
		s->again = strset_add(s->done, r->name) == STRSET_PRESENT;
	return owner;
}

static enum search_result
look(struct search *s, const char *addr, size_t depth, size_t *end)
{
	struct resolved r = { .kind = RESOLVE_UNKNOWN };
	struct place p;

	*end = SOMEWHERE;
	find_place(s, addr, &p);
	if (p.valid)
		resolve_address(s->by->tables, &p.a, s->by->mail_name, &r);
	if (r.kind == RESOLVE_BROKEN)
		return SEARCH_BROKEN;
	if (r.kind == RESOLVE_SRS)
		return look_srs(s, &p, addr, depth, end);
	for (size_t i = depth; i > 0; i--)
		if (strcmp(s->path[i - 1].key, identity(&r, &p)) == 0) {
			if (i == depth)
				return look_own(s, depth, end);
			*end = i - 1;
			return SEARCH_OK;
		}
	if (resolve_list(&r) == NULL)
		return put_found(s, &r, &p, addr, depth);
	switch (may_open(s, &r, depth)) {
	case OWNER_NONE:
		return s->again ? SEARCH_OK : open_list(s, &r, &p, depth, end);
	case OWNER_BROKEN:
		return SEARCH_BROKEN;
	case OWNER_IS:
		break;
	}
	return put_found(s, &r, &p, addr, depth);
}

/* Nothing at all is a circle, too. */
static enum search_result
over(const struct search *s, enum search_result r)
{
	return r == SEARCH_OK && s->found.nrcpt == 0 && !s->again
	    ? SEARCH_TOO_MUCH
	    : r;
}

enum search_result
search_address(struct search *s, const char *addr)
{
	size_t end;

	return over(s, look(s, addr, 0, &end));
}

enum search_result
search_list(struct search *s, const char *addr, const struct expand_list *list)
{
	struct search_list *l = &s->path[0];
	struct resolved r = { .kind = RESOLVE_UNKNOWN };
	struct place p;
	size_t end;

	find_place(s, addr, &p);
	if (p.valid)
		resolve_address(s->by->tables, &p.a, s->by->mail_name, &r);
	if (r.kind == RESOLVE_BROKEN)
		return SEARCH_BROKEN;
	(void)strlcpy(l->key, identity(&r, &p), sizeof(l->key));
	set_address(l, &r, &p);
	l->user = list->user;
	l->back = false;
	if (strset_add(&s->seen, l->key) == STRSET_MEMORY)
		return SEARCH_MEMORY;
	return over(s, look_members(s, list->members, 1, &end));
}
