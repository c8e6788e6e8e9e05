/*
 * compile_system: the aliases of the host's own names.
 *
 * In postrider(8), with the administrator's rights.  Memory only.
 */
#include <stdio.h>
#include <string.h>

#include "common/members.h"
#include "common/msg.h"
#include "queue/compile_system.h"
#include "queue/conf_domains.h"

struct each {
	const struct conf *conf;
	const struct host *host;
	bool (*fn)(const struct conf_entry *, void *);
	void *arg;
	const struct conf_entry *alias;
	struct sbuf members; /* of the alias in a domain */
};

/* "\user" is that Unix user, whatever mail-name completes with. */
static void
complete(struct each *x, const char *domain)
{
	const char *p = x->alias->value;
	char text[MEMBER_MAX + DOMAIN_MAX + 2];
	struct member m;

	sbuf_clear(&x->members);
	while (members_next(&p, &m)) {
		(void)snprintf(text, sizeof(text), "%s@%s", m.text, domain);
		members_put(&x->members, m.kind,
		    m.kind == MEMBER_FINAL && strrchr(m.text, '@') == NULL
			? text
			: m.text);
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
	good = conf_map_each(&c->system_aliases, one, &x);
	sbuf_free(&x.members);
	return good;
}
