/*
 * conf_domains: the file domains.
 */
#ifndef QUEUE_CONF_DOMAINS_H
#define QUEUE_CONF_DOMAINS_H

#include "common/address.h"
#include "queue/conf.h"

enum conf_domain {
	CONF_DOMAIN_NONE, /* none of ours */
	CONF_DOMAIN_VIRTUAL,
	CONF_DOMAIN_UNIX,
	CONF_DOMAIN_ALIAS, /* has the addresses of another */
	CONF_DOMAIN_RELAY,
	CONF_DOMAIN_LISTED /* relay, for recipients of the file users */
};

void conf_domains_read(struct conf *);

/* What kind of domain it is: canonical, lower case. */
enum conf_domain conf_domain(const struct conf *, const char *domain);

/*
 * Whether names in the domain can be declared; else what says is told, a name of
 * ours, with the domain as what is wrong.
 */
bool conf_domain_check(struct conf *, const struct conf_lines *,
    const char *says, const char *name, const char *domain);

#define CONF_DOMAIN_KIND (DOMAIN_MAX + 8) /* bytes, with NUL */

/*
 * The kind in its canonical form, "virtual" if words is empty; false: it is
 * none.  words is "alias DOMAIN", "relay" and so on.
 */
bool conf_domain_kind(char *words, char out[CONF_DOMAIN_KIND]);
#define CONF_DOMAIN_WANTED "virtual, unix, alias DOMAIN, relay or relay listed"

/* A domain name in lower case and A-labels; false when it is none. */
bool conf_fold_domain(const char *name, char out[DOMAIN_MAX + 1]);

#endif
