/*
 * resolve: what an address means on this host.  Library code in smtpd,
 * queued, postriderd, authd and the tools; reads the compiled tables and
 * decides nothing but this.
 */
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/options.h"
#include "common/resolve.h"

bool
resolve_unix_name_valid(const char *s)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz_";
	static const char rest[] = "abcdefghijklmnopqrstuvwxyz_0123456789.-";
	size_t n = strlen(s);

	return n > 0 && n <= UNIX_NAME_MAX && strchr(first, s[0]) != NULL &&
	    strspn(s, rest) == n;
}

static enum resolve
found_alias(struct resolved *r, const char *members)
{
	r->members = members;
	return r->kind = RESOLVE_ALIAS;
}

static enum resolve
found_account(struct resolved *r, const char *name, const char *maildir)
{
	if (strlcpy(r->maildir, maildir, sizeof(r->maildir)) >=
	    sizeof(r->maildir))
		return r->kind = RESOLVE_BROKEN;
	strlcpy(r->account, name, sizeof(r->account));
	return r->kind = RESOLVE_VIRTUAL;
}

/* One table; RESOLVE_UNKNOWN when it holds nothing. */
static enum resolve
look(struct tables *t, enum tables_space space, const char *key,
    struct resolved *r)
{
	const char *v;

	switch (tables_get(t, space, key, &v)) {
	case TABLES_FOUND:
		if (space == TABLES_ALIAS)
			return found_alias(r, v);
		return found_account(r, key, v);
	case TABLES_NONE:
		return r->kind = RESOLVE_UNKNOWN;
	case TABLES_BROKEN:
		break;
	}
	return r->kind = RESOLVE_BROKEN;
}

static enum resolve
look_unix(struct tables *t, const char *local, struct resolved *r)
{
	const char *v;
	enum tables_result found;

	if (!resolve_unix_name_valid(local))
		return r->kind = RESOLVE_UNKNOWN;
	found = tables_get(t, TABLES_OPTION, "unix-maildir", &v);
	if (found == TABLES_NONE)
		v = option_find("unix-maildir")->value;
	if (found == TABLES_BROKEN ||
	    strlcpy(r->maildir, v, sizeof(r->maildir)) >= sizeof(r->maildir))
		return r->kind = RESOLVE_BROKEN;
	strlcpy(r->account, local, sizeof(r->account));
	return r->kind = RESOLVE_UNIX;
}

static bool
is_role(const char *local)
{
	return strcmp(local, "postmaster") == 0 ||
	    strcmp(local, "abuse") == 0 || strcmp(local, "mailer-daemon") == 0;
}

/*
 * RFC 5321 4.5.1 and RFC 2142: somebody reads these.  An option that names
 * the address itself says nothing.
 */
static enum resolve
look_role(
    struct tables *t, const char *local, const char *self, struct resolved *r)
{
	const char *v;

	if (!is_role(local))
		return r->kind = RESOLVE_UNKNOWN;
	switch (tables_get(t, TABLES_OPTION, "postmaster", &v)) {
	case TABLES_FOUND:
		if (*v != '\0' && strcasecmp(v, self) != 0) {
			(void)snprintf(r->role, sizeof(r->role), "%c%s",
			    MEMBER_ADDRESS, v);
			return found_alias(r, r->role);
		}
		break;
	case TABLES_NONE:
		break;
	case TABLES_BROKEN:
		return r->kind = RESOLVE_BROKEN;
	}
	return r->kind = RESOLVE_UNKNOWN;
}

/* All tables for one spelling; a Unix name comes last as it is not known. */
static enum resolve
look_all(struct tables *t, const char *local, const char *domain, bool is_unix,
    struct resolved *r)
{
	char key[ADDR_MAX + 1];

	if ((size_t)snprintf(key, sizeof(key), "%s@%s", local, domain) >=
	    sizeof(key))
		return r->kind = RESOLVE_UNKNOWN;
	if (look(t, TABLES_ALIAS, key, r) != RESOLVE_UNKNOWN ||
	    look(t, TABLES_ACCOUNT, key, r) != RESOLVE_UNKNOWN ||
	    look(t, TABLES_ALIAS, local, r) != RESOLVE_UNKNOWN)
		return r->kind;
	/* Whether there is such a Unix user is not known here: roles first. */
	if (look_role(t, local, key, r) != RESOLVE_UNKNOWN)
		return r->kind;
	return is_unix ? look_unix(t, local, r) : RESOLVE_UNKNOWN;
}

static enum resolve
find_domain(struct tables *t, const char *domain, bool *is_unix)
{
	const char *v;

	switch (tables_get(t, TABLES_DOMAIN, domain, &v)) {
	case TABLES_FOUND:
		*is_unix = strcmp(v, "unix") == 0;
		return RESOLVE_UNKNOWN;
	case TABLES_NONE:
		return RESOLVE_FOREIGN;
	case TABLES_BROKEN:
		break;
	}
	return RESOLVE_BROKEN;
}

/* Local part as tables are searched by: quoted where it must be, folded. */
static bool
local_key(const struct address *a, char *out, size_t size)
{
	struct address only = *a;

	only.domain[0] = '\0';
	return address_key(&only, out, size);
}

/*
 * <postmaster> is ours even where mail_name is a domain that others serve
 * (RFC 5321 section 4.5.1).
 */
static void
look_bare_role(struct tables *t, const char *local, struct resolved *r)
{
	if (is_role(local) &&
	    look(t, TABLES_ALIAS, local, r) == RESOLVE_UNKNOWN)
		(void)look_role(t, local, "", r); /* r says what came of it */
	if (r->kind == RESOLVE_UNKNOWN)
		r->kind = RESOLVE_FOREIGN;
}

void
resolve_address(struct tables *t, const struct address *a,
    const char *mail_name, struct resolved *r)
{
	const char *domain = a->domain[0] != '\0' ? a->domain : mail_name;
	char local[2 * LOCAL_MAX + 3];
	bool is_unix = false;
	char *plus;

	memset(r, 0, sizeof(*r));
	r->kind = find_domain(t, domain, &is_unix);
	if (!local_key(a, local, sizeof(local)))
		return;
	if (r->kind == RESOLVE_FOREIGN && a->domain[0] == '\0')
		look_bare_role(t, local, r);
	if (r->kind != RESOLVE_UNKNOWN)
		return;
	if (look_all(t, local, domain, is_unix, r) != RESOLVE_UNKNOWN)
		return;
	plus = strchr(local, '+');
	if (plus != NULL && plus != local) {
		*plus = '\0';
		/* r says what came of it */
		(void)look_all(t, local, domain, is_unix, r);
	}
}

void
resolve_login(struct tables *t, const char *login, const char *mail_name,
    struct resolved *r)
{
	char key[ADDR_MAX + 1];
	struct address a;
	bool is_unix = false;

	memset(r, 0, sizeof(*r));
	r->kind = RESOLVE_UNKNOWN;
	if (address_parse(login, &a) != ADDRESS_OK)
		return;
	if (a.domain[0] == '\0')
		strlcpy(a.domain, mail_name, sizeof(a.domain));
	if (!address_key(&a, key, sizeof(key)) ||
	    look(t, TABLES_ACCOUNT, key, r) != RESOLVE_UNKNOWN)
		return;
	r->kind = find_domain(t, a.domain, &is_unix);
	if (r->kind == RESOLVE_FOREIGN)
		r->kind = RESOLVE_UNKNOWN;
	if (r->kind == RESOLVE_UNKNOWN && is_unix &&
	    local_key(&a, key, sizeof(key)))
		(void)look_unix(t, key, r); /* r says what came of it */
}

/* Whether the list holds an address that resolves to the account. */
static bool
names_account(struct tables *t, const char *members, const char *account,
    const char *mail_name)
{
	struct address a;
	struct resolved r;
	struct member m;

	while (members_next(&members, &m)) {
		if ((m.kind != MEMBER_ADDRESS && m.kind != MEMBER_FINAL) ||
		    address_parse(m.text, &a) != ADDRESS_OK)
			continue;
		resolve_address(t, &a, mail_name, &r);
		if (strcmp(r.account, account) == 0)
			return true;
	}
	return false;
}

bool
resolve_owns(struct tables *t, const char *account, const struct address *a,
    const char *mail_name)
{
	struct resolved r;

	resolve_address(t, a, mail_name, &r);
	if (r.kind == RESOLVE_ALIAS)
		return names_account(t, r.members, account, mail_name);
	return r.account[0] != '\0' && strcmp(r.account, account) == 0;
}
