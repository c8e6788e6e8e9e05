/*
 * resolve: what an address means on this host.  Library code in smtpd,
 * queued, postriderd, authd and the tools; reads the compiled tables and
 * decides nothing but this.
 */
#include <string.h>
#include <strings.h>

#include <bsd/string.h>

#include "common/resolve_private.h"

/*
 * Places at which a name is tried: a stranger chooses how many there could be,
 * and each may be asked of another host.
 */
#define CUTS_MAX 8

bool
resolve_unix_name_valid(const char *s)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz_";
	static const char rest[] = "abcdefghijklmnopqrstuvwxyz_0123456789.-";
	size_t n = strlen(s);

	return n > 0 && n <= UNIX_NAME_MAX && strchr(first, s[0]) != NULL &&
	    strspn(s, rest) == n;
}

/* Where a name may end: the places of separators, no name is empty. */
static size_t
find_cuts(const char *local, const char *separators, size_t cuts[CUTS_MAX])
{
	size_t n = 0;

	if (local[0] == '\0')
		return 0;
	for (size_t i = 1; local[i] != '\0' && n < CUTS_MAX; i++)
		if (strchr(separators, local[i]) != NULL)
			cuts[n++] = i;
	return n;
}

/* The longest name first. */
static enum resolve
look_names(struct resolve_query *q)
{
	size_t cuts[CUTS_MAX], n;
	const char *separators;

	if (resolve_name(q, strlen(q->a.local)) != RESOLVE_UNKNOWN)
		return q->r->kind;
	if ((separators = resolve_option(q, "tag-separators")) == NULL)
		return q->r->kind;
	for (n = find_cuts(q->a.local, separators, cuts); n > 0; n--)
		if (resolve_name(q, cuts[n - 1]) != RESOLVE_UNKNOWN) {
			(void)strlcpy(q->r->tag, q->a.local + cuts[n - 1] + 1,
			    sizeof(q->r->tag)); /* a part of it */
			return q->r->kind;
		}
	return RESOLVE_UNKNOWN;
}

static enum resolve
look_domain(struct resolve_query *q)
{
	if (q->a.local[0] == '\0')
		return RESOLVE_UNKNOWN;
	if (look_names(q) != RESOLVE_UNKNOWN)
		return q->r->kind;
	if (q->domain == DOMAIN_RELAY)
		return q->r->kind = RESOLVE_RELAY;
	return q->aliases ? resolve_catch_all(q) : RESOLVE_UNKNOWN;
}

/* clang-format off */
static const struct {
	const char	*text;
	enum resolve_domain	 domain;
} kinds[] = {
	{ "virtual",		DOMAIN_VIRTUAL },
	{ "unix",		DOMAIN_UNIX },
	{ "relay",		DOMAIN_RELAY },
	{ "relay listed",	DOMAIN_LISTED },
};
/* clang-format on */

/* RESOLVE_UNKNOWN when the domain is in the table, which says *text. */
static enum resolve
read_domain(struct resolve_query *q, const char **text)
{
	switch (tables_get(q->tables, TABLES_DOMAIN, q->a.domain, text)) {
	case TABLES_FOUND:
		return q->r->kind = RESOLVE_UNKNOWN;
	case TABLES_NONE:
		return q->r->kind = RESOLVE_FOREIGN;
	case TABLES_BROKEN:
		break;
	}
	return q->r->kind = RESOLVE_BROKEN;
}

/*
 * The kind of q->a.domain, which becomes what it is an alias of: one step, to
 * a domain of ours.
 */
static enum resolve
find_domain(struct resolve_query *q)
{
	const char *text;

	if (read_domain(q, &text) != RESOLVE_UNKNOWN)
		return q->r->kind;
	if (strncmp(text, "alias ", 6) == 0) {
		if (strlcpy(q->a.domain, text + 6, sizeof(q->a.domain)) >=
			sizeof(q->a.domain) ||
		    read_domain(q, &text) != RESOLVE_UNKNOWN)
			return q->r->kind = RESOLVE_BROKEN;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(text, kinds[i].text) == 0) {
			q->domain = kinds[i].domain;
			return RESOLVE_UNKNOWN;
		}
	return q->r->kind = RESOLVE_BROKEN;
}

/* "SRS0=" and "SRS1=" in any case, and with other signs (srs.h). */
static bool
is_srs_local(const char *s)
{
	return strncasecmp(s, "SRS", 3) == 0 && (s[3] == '0' || s[3] == '1') &&
	    s[4] != '\0' && strchr("=+-", s[4]) != NULL;
}

/* Whether it has the form of a sender that we rewrote. */
static bool
is_srs(struct resolve_query *q, const char *mail_name)
{
	const char *v;

	if (!is_srs_local(q->a.local))
		return false;
	if ((v = resolve_option(q, "srs")) == NULL)
		return true;
	if (strcmp(v, "yes") != 0)
		return false;
	if ((v = resolve_option(q, "srs-domain")) == NULL)
		return true;
	if (strcasecmp(*v != '\0' ? v : mail_name, q->a.domain) != 0)
		return false;
	q->r->kind = RESOLVE_SRS;
	return true;
}

/*
 * <postmaster> is ours even where mail_name is a domain that others serve
 * (RFC 5321 section 4.5.1).
 */
static void
look_bare_role(struct resolve_query *q)
{
	q->a.domain[0] = '\0';
	if (!resolve_spell(q, strlen(q->a.local)) ||
	    resolve_bare_role(q) == RESOLVE_UNKNOWN)
		q->r->kind = RESOLVE_FOREIGN;
}

static void
start(struct resolve_query *q, struct tables *t, const struct address *a,
    const char *mail_name, struct resolved *r)
{
	memset(r, 0, sizeof(*r));
	r->kind = RESOLVE_UNKNOWN;
	q->tables = t;
	q->r = r;
	q->a = *a;
	if (a->domain[0] == '\0')
		(void)strlcpy(q->a.domain, mail_name, sizeof(q->a.domain));
}

/* What was found, as all answers have it. */
static void
finish(const struct resolve_query *q)
{
	struct resolved *r = q->r;

	if (r->kind == RESOLVE_FOREIGN || r->kind == RESOLVE_BROKEN ||
	    !address_key(&q->a, r->address, sizeof(r->address)))
		r->address[0] = '\0';
}

void
resolve_address(struct tables *t, const struct address *a,
    const char *mail_name, struct resolved *r)
{
	struct resolve_query q = { .aliases = true };

	start(&q, t, a, mail_name, r);
	if (!is_srs(&q, mail_name)) {
		if (find_domain(&q) == RESOLVE_UNKNOWN)
			(void)look_domain(&q); /* r says what came of it */
		else if (r->kind == RESOLVE_FOREIGN && a->domain[0] == '\0')
			look_bare_role(&q);
	}
	finish(&q);
}

void
resolve_mailbox(struct tables *t, const struct address *a,
    const char *mail_name, struct resolved *r)
{
	struct resolve_query q = { .aliases = false };

	start(&q, t, a, mail_name, r);
	if (find_domain(&q) == RESOLVE_UNKNOWN)
		(void)look_domain(&q); /* r says what came of it */
	finish(&q);
}

void
resolve_login(struct tables *t, const char *login, const char *mail_name,
    struct resolved *r)
{
	struct resolve_query q = { .aliases = false };
	const char *text;
	struct address a;

	if (address_parse(login, &a) != ADDRESS_OK) {
		memset(r, 0, sizeof(*r));
		r->kind = RESOLVE_UNKNOWN;
		return;
	}
	start(&q, t, &a, mail_name, r);
	if (!resolve_spell(&q, strlen(a.local)) ||
	    resolve_account(&q) != RESOLVE_UNKNOWN)
		return;
	if (read_domain(&q, &text) == RESOLVE_UNKNOWN &&
	    strcmp(text, "unix") == 0)
		(void)resolve_unix(&q); /* r says what came of it */
	if (r->kind == RESOLVE_FOREIGN)
		r->kind = RESOLVE_UNKNOWN;
}

/* The name of a Unix user's members says that they are not his. */
static bool
is_unfound(const struct resolved *r)
{
	return r->kind == RESOLVE_UNIX && r->name[0] != '\0';
}

const char *
resolve_list(const struct resolved *r)
{
	return is_unfound(r) ? NULL : r->members;
}

const char *
resolve_unfound(const struct resolved *r)
{
	return is_unfound(r) ? r->members : NULL;
}

bool
resolve_leaves(const struct resolved *r)
{
	return r->kind == RESOLVE_FOREIGN || r->kind == RESOLVE_RELAY;
}
