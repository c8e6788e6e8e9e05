/*
 * resolve_name: what one spelling of a local part means.  Part of resolve,
 * in all that uses it; reads the compiled tables.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <bsd/string.h>

#include "common/options.h"
#include "common/resolve_private.h"

const char *
resolve_option(struct resolve_query *q, const char *name)
{
	const char *v;

	switch (tables_get(q->tables, TABLES_OPTION, name, &v)) {
	case TABLES_FOUND:
		return v;
	case TABLES_NONE:
		return option_find(name)->value;
	case TABLES_BROKEN:
		break;
	}
	q->r->kind = RESOLVE_BROKEN;
	return NULL;
}

static bool
refuses(const char *members, struct resolved *r)
{
	const char *error = members_refusal(members);

	if (error == NULL)
		return false;
	(void)strlcpy(r->error, error, sizeof(r->error)); /* as long */
	r->kind = RESOLVE_ERROR;
	return true;
}

static enum resolve
found_alias(struct resolved *r, const char *name, const char *members)
{
	if (refuses(members, r))
		return r->kind;
	(void)strlcpy(r->name, name, sizeof(r->name)); /* a key: it fits */
	r->members = members;
	return r->kind = RESOLVE_ALIAS;
}

/* The forward list of what is found already, if there is one. */
static enum resolve
look_list(struct resolve_query *q, const char *account)
{
	struct resolved *r = q->r;
	const char *v;

	switch (tables_get(q->tables, TABLES_FORWARD, account, &v)) {
	case TABLES_FOUND:
		if (!refuses(v, r))
			r->members = v;
		break;
	case TABLES_NONE:
		break;
	case TABLES_BROKEN:
		r->kind = RESOLVE_BROKEN;
		break;
	}
	return r->kind;
}

static enum resolve
found_account(struct resolved *r, const char *name, const char *maildir)
{
	if (strlcpy(r->maildir, maildir, sizeof(r->maildir)) >=
	    sizeof(r->maildir))
		return r->kind = RESOLVE_BROKEN;
	(void)strlcpy(r->account, name, sizeof(r->account)); /* a key */
	return r->kind = RESOLVE_VIRTUAL;
}

/* One table; RESOLVE_UNKNOWN when it holds nothing. */
static enum resolve
look(struct resolve_query *q, enum tables_space space, const char *key)
{
	struct resolved *r = q->r;
	const char *v;

	switch (tables_get(q->tables, space, key, &v)) {
	case TABLES_FOUND:
		if (space == TABLES_ALIAS)
			return found_alias(r, key, v);
		if (space == TABLES_RECIPIENT)
			return r->kind = RESOLVE_RELAY;
		if (found_account(r, key, v) != RESOLVE_VIRTUAL || !q->aliases)
			return r->kind;
		return look_list(q, key);
	case TABLES_NONE:
		return r->kind = RESOLVE_UNKNOWN;
	case TABLES_BROKEN:
		break;
	}
	return r->kind = RESOLVE_BROKEN;
}

static void
catch_all(const struct resolve_query *q, char key[ADDR_MAX + 1])
{
	(void)snprintf(key, ADDR_MAX + 1, "@%s", q->a.domain); /* it fits */
}

static enum resolve
found_unix(struct resolve_query *q)
{
	const char *v = resolve_option(q, "unix-maildir");
	struct resolved *r = q->r;

	if (v == NULL ||
	    strlcpy(r->maildir, v, sizeof(r->maildir)) >= sizeof(r->maildir))
		return r->kind = RESOLVE_BROKEN;
	(void)strlcpy(r->account, q->local, sizeof(r->account)); /* short */
	return r->kind = RESOLVE_UNIX;
}

/*
 * Whether there is such a user is not known here, so that what holds if not is
 * told, too.
 */
enum resolve
resolve_unix(struct resolve_query *q)
{
	struct resolved *r = q->r;
	char key[ADDR_MAX + 1];
	const char *v;

	if (!resolve_unix_name_valid(q->local))
		return r->kind = RESOLVE_UNKNOWN;
	if (found_unix(q) != RESOLVE_UNIX || !q->aliases ||
	    look_list(q, q->local) != RESOLVE_UNIX || r->members != NULL)
		return r->kind;
	catch_all(q, key);
	switch (tables_get(q->tables, TABLES_ALIAS, key, &v)) {
	case TABLES_FOUND:
		(void)strlcpy(r->name, key, sizeof(r->name)); /* as long */
		r->members = v;
		break;
	case TABLES_NONE:
		break;
	case TABLES_BROKEN:
		r->kind = RESOLVE_BROKEN;
	}
	return r->kind;
}

static bool
is_role(const char *local)
{
	return strcmp(local, "postmaster") == 0 ||
	    strcmp(local, "abuse") == 0 || strcmp(local, "root") == 0 ||
	    strcmp(local, "mailer-daemon") == 0;
}

/*
 * RFC 5321 4.5.1 and RFC 2142: somebody reads these.  An option that names
 * the address itself says nothing.
 */
static enum resolve
look_role(struct resolve_query *q, const char *self)
{
	struct resolved *r = q->r;
	const char *v;

	if (!is_role(q->local))
		return r->kind = RESOLVE_UNKNOWN;
	if ((v = resolve_option(q, "postmaster")) == NULL)
		return r->kind;
	if (*v == '\0' || strcasecmp(v, self) == 0)
		return r->kind = RESOLVE_UNKNOWN;
	(void)snprintf(r->role, sizeof(r->role), "%c%s", MEMBER_ADDRESS, v);
	return found_alias(r, "", r->role);
}

/* clang-format off */
static const struct {
	enum tables_space	space;
	bool			is_local;	/* its key is without the domain */
	unsigned int		domains;
} looks[] = {
	{ TABLES_ALIAS,		false,	DOMAIN_ANY },
	{ TABLES_ACCOUNT,	false,	DOMAIN_ANY },
	{ TABLES_ALIAS,		true,	DOMAIN_OWN },
	{ TABLES_RECIPIENT,	false,	DOMAIN_LISTED },
};
/* clang-format on */

/* The first cut bytes of the local part; false if it cannot be in a table. */
bool
resolve_spell(struct resolve_query *q, size_t cut)
{
	struct address only = q->a;
	int n;

	only.local[cut] = '\0';
	only.domain[0] = '\0';
	if (!address_key(&only, q->local, sizeof(q->local)))
		return false;
	n = snprintf(q->key, sizeof(q->key), "%s@%s", q->local, q->a.domain);
	return (size_t)n < sizeof(q->key);
}

/* All tables for one spelling; a Unix name comes last as it is not known. */
enum resolve
resolve_name(struct resolve_query *q, size_t cut)
{
	if (!resolve_spell(q, cut))
		return q->r->kind = RESOLVE_UNKNOWN;
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		if ((looks[i].domains & q->domain) == 0 ||
		    (looks[i].space == TABLES_ALIAS && !q->aliases))
			continue;
		if (look(q, looks[i].space,
			looks[i].is_local ? q->local : q->key) !=
		    RESOLVE_UNKNOWN)
			return q->r->kind;
	}
	if (q->aliases && q->domain != DOMAIN_RELAY &&
	    look_role(q, q->key) != RESOLVE_UNKNOWN)
		return q->r->kind;
	return q->domain == DOMAIN_UNIX ? resolve_unix(q) : RESOLVE_UNKNOWN;
}

enum resolve
resolve_account(struct resolve_query *q)
{
	return look(q, TABLES_ACCOUNT, q->key);
}

enum resolve
resolve_catch_all(struct resolve_query *q)
{
	char key[ADDR_MAX + 1];

	catch_all(q, key);
	return look(q, TABLES_ALIAS, key);
}

enum resolve
resolve_bare_role(struct resolve_query *q)
{
	if (!is_role(q->local))
		return RESOLVE_UNKNOWN;
	if (look(q, TABLES_ALIAS, q->local) != RESOLVE_UNKNOWN)
		return q->r->kind;
	return look_role(q, q->local);
}
