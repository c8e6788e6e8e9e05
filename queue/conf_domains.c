/*
 * conf_domains: the file domains.
 *
 * In postrider(8), with the administrator's rights.
 */
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/idn.h"
#include "queue/conf_domains.h"
#include "queue/conf_sources.h"

bool
conf_fold_domain(const char *name, char out[DOMAIN_MAX + 1])
{
	return idn_to_ascii(name, out);
}

bool
conf_domain_kind(char *words, char out[CONF_DOMAIN_KIND])
{
	const char *kind = conf_word(&words), *more = conf_word(&words);
	char domain[DOMAIN_MAX + 1];

	if (kind == NULL)
		kind = "virtual";
	if (*words != '\0')
		return false;
	if (strcmp(kind, "alias") == 0 && more != NULL) {
		(void)snprintf(out, CONF_DOMAIN_KIND, "alias %s",
		    conf_fold_domain(more, domain) ? domain : "");
		return out[6] != '\0';
	}
	(void)snprintf(out, CONF_DOMAIN_KIND, "%s%s%.20s", kind,
	    more != NULL ? " " : "", more != NULL ? more : "");
	return strcmp(out, "virtual") == 0 || strcmp(out, "unix") == 0 ||
	    strcmp(out, "relay") == 0 || strcmp(out, "relay listed") == 0;
}

static void
read_domain(struct conf *c, const struct conf_lines *l, char *rest)
{
	const char *name = conf_word(&rest);
	char domain[DOMAIN_MAX + 1], kind[CONF_DOMAIN_KIND], words[300];

	strlcpy(words, rest, sizeof(words)); /* cut: for the message */
	if (!conf_fold_domain(name, domain))
		conf_mistake(&c->report, l->path, l->start,
		    "wanted a domain name, found \"%s\"", name);
	else if (!conf_domain_kind(rest, kind))
		conf_mistake(&c->report, l->path, l->start,
		    "domain \"%s\": wanted " CONF_DOMAIN_WANTED
		    ", found \"%s\"",
		    name, words);
	else
		(void)conf_add(c, l, &c->domains, domain, kind); /* told */
}

/* The domain that has the addresses is no alias itself, so none is a circle. */
static bool
check_target(const struct conf_entry *e, void *arg)
{
	struct conf *c = arg;
	const char *target, *near;

	if (strncmp(e->value, "alias ", 6) != 0)
		return true;
	target = e->value + 6;
	switch (conf_domain(c, target)) {
	case CONF_DOMAIN_NONE:
		if (conf_sources_has(c, TABLES_DOMAIN))
			break;
		near = conf_map_nearest(&c->domains, target);
		conf_mistake(&c->report, e->path, e->line,
		    "domain \"%s\": wanted an alias of a domain in this file, "
		    "found \"%s\"%s%s",
		    e->key, target, near != NULL ? "; nearest: " : "",
		    near != NULL ? near : "");
		break;
	case CONF_DOMAIN_ALIAS:
		conf_mistake(&c->report, e->path, e->line,
		    "domain \"%s\": wanted an alias of a domain that is none "
		    "itself, found \"%s\"",
		    e->key, target);
		break;
	case CONF_DOMAIN_VIRTUAL:
	case CONF_DOMAIN_UNIX:
	case CONF_DOMAIN_RELAY:
	case CONF_DOMAIN_LISTED:
		break;
	}
	return true;
}

void
conf_domains_read(struct conf *c)
{
	struct conf_lines l;
	char *rest;

	conf_lines_open(&l, c->dir, "domains", &c->report);
	while ((rest = conf_lines_next(&l)) != NULL)
		read_domain(c, &l, rest);
	conf_lines_close(&l);
	(void)conf_map_each(&c->domains, check_target, c); /* goes to the end */
}

enum conf_domain
conf_domain(const struct conf *c, const char *domain)
{
	const struct conf_entry *e = conf_map_get(&c->domains, domain);

	if (e == NULL)
		return CONF_DOMAIN_NONE;
	if (strcmp(e->value, "virtual") == 0)
		return CONF_DOMAIN_VIRTUAL;
	if (strcmp(e->value, "unix") == 0)
		return CONF_DOMAIN_UNIX;
	if (strcmp(e->value, "relay") == 0)
		return CONF_DOMAIN_RELAY;
	return strcmp(e->value, "relay listed") == 0 ? CONF_DOMAIN_LISTED
						     : CONF_DOMAIN_ALIAS;
}

bool
conf_domain_check(struct conf *c, const struct conf_lines *l, const char *says,
    const char *name, const char *domain)
{
	const struct conf_entry *e = conf_map_get(&c->domains, domain);
	const char *near;

	if (e == NULL && conf_sources_has(c, TABLES_DOMAIN))
		return true;
	if (e == NULL) {
		near = conf_map_nearest(&c->domains, domain);
		conf_mistake(&c->report, l->path, l->start,
		    "%s \"%s\": domain \"%s\" is not in the file domains%s%s",
		    says, name, domain, near != NULL ? "; nearest: " : "",
		    near != NULL ? near : "");
	} else if (strncmp(e->value, "alias ", 6) == 0)
		conf_mistake(&c->report, l->path, l->start,
		    "%s \"%s\": domain \"%s\" is an alias; wanted a name in %s",
		    says, name, domain, e->value + 6);
	else
		return true;
	return false;
}
