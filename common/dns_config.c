/*
 * dns_config: whom dnsd asks, and what it checks answers with.
 *
 * In dnsd, as postrider-dns.  Reads tables and the administrator's files, again
 * when they have changed; must never keep an answer waiting for one of them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/dns_config.h"
#include "common/dns_name.h"
#include "common/log.h"

#define LINE 4096 /* bytes of a record that are looked at */

void
dns_config_init(struct dns_config *c)
{
	memset(c, 0, sizeof(*c));
	c->resolv_conf = "/etc/resolv.conf";
	c->hosts = "/etc/hosts";
}

/* True when it was another text. */
static bool
take(char kept[OPTION_VALUE_MAX + 1], const char *now)
{
	if (strcmp(kept, now) == 0)
		return false;
	(void)strlcpy(kept, now, OPTION_VALUE_MAX + 1); /* the option's bound */
	return true;
}

static bool
options_changed(struct dns_config *c, struct tables *t)
{
	const char *servers = "", *anchor = "";
	const struct option_bind binds[] = { { "dns-server", &servers },
		{ "dns-trust-anchor", &anchor } };
	char e[TABLES_ERR];
	bool changed;

	if (!options_load(t, NULL, binds, 2, e)) {
		log_error("-", "tables=%s kept=old-state", e);
		return false;
	}
	changed = take(c->servers, servers);
	return take(c->anchor, anchor) || changed;
}

bool
dns_config_changed(struct dns_config *c, struct tables *t)
{
	bool changed = t != NULL && options_changed(c, t);

	if (tables_changed(c->hosts, &c->seen_hosts))
		changed = true;
	if (tables_changed(c->anchor, &c->seen_anchor))
		changed = true;
	/* Looked at in any case: a change while it did not count is old. */
	if (tables_changed(c->resolv_conf, &c->seen_resolv_conf) &&
	    strcmp(c->servers, DNS_SYSTEM) == 0)
		changed = true;
	return changed;
}

/* The owner of a line's record when that is an anchor. */
static bool
zone_of(char *line, char zone[DOMAIN_MAX + 1])
{
	char *rest = line, *word, *owner;

	line[strcspn(line, ";\n")] = '\0';
	owner = strsep(&rest, " \t");
	while ((word = strsep(&rest, " \t")) != NULL)
		if (strcasecmp(word, "DNSKEY") == 0 ||
		    strcasecmp(word, "DS") == 0)
			break;
	if (word == NULL)
		return false;
	if (strcmp(owner, ".") != 0 && !dns_name_valid(owner))
		return false;
	return strlcpy(zone, owner, DOMAIN_MAX + 1) <= DOMAIN_MAX;
}

bool
dns_config_zone(const struct dns_config *c, char zone[DOMAIN_MAX + 1],
    char why[TEXT_MAX + 1])
{
	FILE *f = fopen(c->anchor, "re");
	const char *found = "none";
	char line[LINE];
	bool is = false;
	size_t n;

	if (f == NULL)
		found = strerror(errno);
	else {
		while (!is && fgets(line, sizeof(line), f) != NULL)
			is = zone_of(line, zone);
		(void)fclose(f); /* was only read */
	}
	if (!is)
		(void)snprintf(why, TEXT_MAX + 1,
		    "path=%.120s wanted=trust-anchor found=%s", c->anchor,
		    found);
	n = is ? strlen(zone) : 0;
	if (n > 1 && zone[n - 1] == '.')
		zone[n - 1] = '\0';
	return is;
}
