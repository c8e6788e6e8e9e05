/*
 * compile_system: the aliases of the host's own names.
 *
 * In postrider(8), with the administrator's rights.  Memory only.
 */
#include <stdio.h>
#include <string.h>

#include "common/address.h"
#include "common/members.h"
#include "common/msg.h"
#include "queue/compile_system.h"
#include "queue/conf_domains.h"
#include "queue/conf_sources.h"

struct each {
	const struct conf *conf;
	const struct host *host;
	bool (*fn)(const struct conf_entry *, void *);
	void *arg;
	const char *unix_domain; /* one of them; NULL: there is none */
	const struct conf_entry *alias;
	struct sbuf members; /* of the alias in a domain */
};

/* Whether it is the name of an account or, also, an alias in that domain. */
static bool
is_named(
    const struct conf *c, const char *local, const char *domain, bool aliases)
{
	char key[ADDR_MAX + DOMAIN_MAX + 2];

	(void)snprintf(key, sizeof(key), "%s@%s", local, domain);
	if (!aliases || conf_map_get(&c->accounts, key) != NULL)
		return conf_map_get(&c->accounts, key) != NULL;
	return conf_map_get(&c->aliases, key) != NULL ||
	    conf_map_get(&c->aliases, local) != NULL ||
	    conf_map_get(&c->system_aliases, key) != NULL ||
	    conf_map_get(&c->system_aliases, local) != NULL;
}

/*
 * Whether mail-name's domain has somebody whom the member means, perhaps with a
 * tag.  Where sources may say so, it is taken to have.
 */
static bool
is_in_mail_name(const struct each *x, const struct member *m)
{
	const char *signs = conf_option(x->conf, "tag-separators");
	bool aliases = m->kind != MEMBER_FINAL;
	char local[ADDR_MAX + 1];
	struct address a;

	if (conf_domain(x->conf, x->host->mail_name) != CONF_DOMAIN_VIRTUAL ||
	    conf_sources_has(x->conf, TABLES_ACCOUNT) ||
	    conf_sources_has(x->conf, TABLES_ALIAS))
		return true;
	if (address_parse(m->text, &a) != ADDRESS_OK ||
	    !address_key(&a, local, sizeof(local)) ||
	    is_named(x->conf, local, x->host->mail_name, aliases))
		return true;
	local[strcspn(local, signs)] = '\0';
	return is_named(x->conf, local, x->host->mail_name, aliases);
}

/* To go on is true. */
static bool
is_no_unix_domain(const struct conf_entry *domain, void *arg)
{
	struct each *x = arg;

	if (conf_domain(x->conf, domain->key) != CONF_DOMAIN_UNIX)
		return true;
	x->unix_domain = domain->key;
	return false;
}

/*
 * A name without a domain is mostly a Unix user's in a file of the system:
 * "\user" is that one, whatever mail-name completes with, and any other that is
 * nobody there.
 */
static void
complete(struct each *x, const char *domain)
{
	bool own = conf_domain(x->conf, domain) == CONF_DOMAIN_UNIX;
	const char *others = own ? domain : x->unix_domain, *to;
	const char *p = x->alias->value;
	char text[MEMBER_MAX + DOMAIN_MAX + 2];
	struct member m;

	sbuf_clear(&x->members);
	while (members_next(&p, &m)) {
		to = m.kind == MEMBER_FINAL ? domain : NULL;
		if (strrchr(m.text, '@') != NULL ||
		    (m.kind != MEMBER_FINAL && m.kind != MEMBER_ADDRESS))
			to = NULL;
		else if (others != NULL && !is_in_mail_name(x, &m))
			to = others;
		(void)snprintf(
		    text, sizeof(text), "%s@%s", m.text, to != NULL ? to : "");
		members_put(&x->members, m.kind, to != NULL ? text : m.text);
	}
}

static bool
is_taken(const struct each *x, const char *key)
{
	const struct conf *c = x->conf;

	return conf_map_get(&c->aliases, key) != NULL ||
	    conf_map_get(&c->accounts, key) != NULL ||
	    conf_map_get(&c->aliases, x->alias->key) != NULL ||
	    (key != x->alias->key &&
		conf_map_get(&c->system_aliases, key) != NULL);
}

static bool
in_domain(const struct conf_entry *domain, void *arg)
{
	char key[ADDR_MAX + DOMAIN_MAX + 2];
	struct each *x = arg;
	struct conf_entry e = *x->alias;

	switch (conf_domain(x->conf, domain->key)) {
	case CONF_DOMAIN_UNIX:
		break;
	case CONF_DOMAIN_VIRTUAL:
		if (strcmp(domain->key, x->host->mail_name) == 0)
			break;
		return true;
	case CONF_DOMAIN_NONE:
	case CONF_DOMAIN_ALIAS:
	case CONF_DOMAIN_RELAY:
	case CONF_DOMAIN_LISTED:
		return true;
	}
	(void)snprintf(key, sizeof(key), "%s@%s", e.key, domain->key);
	if (is_taken(x, key) || strlen(key) > ADDR_MAX)
		return true;
	complete(x, domain->key);
	e.key = key;
	e.value = sbuf_str(&x->members);
	return sbuf_ok(&x->members) && x->fn(&e, x->arg);
}

static bool
one(const struct conf_entry *e, void *arg)
{
	struct each *x = arg;

	x->alias = e;
	if (strrchr(e->key, '@') != NULL)
		return is_taken(x, e->key) || x->fn(e, x->arg);
	return conf_map_each(&x->conf->domains, in_domain, x);
}

bool
compile_system_each(const struct conf *c, const struct host *h,
    bool (*fn)(const struct conf_entry *, void *), void *arg)
{
	struct each x = { .conf = c, .host = h, .fn = fn, .arg = arg };
	bool good;

	sbuf_init(&x.members, CONF_LIST_MAX);
	(void)conf_map_each(&c->domains, is_no_unix_domain, &x); /* finds it */
	good = conf_map_each(&c->system_aliases, one, &x);
	sbuf_free(&x.members);
	return good;
}
