/*
 * dns_config: whom dnsd asks, and what it checks answers with.
 */
#ifndef COMMON_DNS_CONFIG_H
#define COMMON_DNS_CONFIG_H

#include <stdbool.h>

#include "common/address.h"
#include "common/msg.h"
#include "common/options.h"
#include "common/tables_fresh.h"

#define DNS_SYSTEM "system"
#define DNS_RECURSIVE "recursive"

struct dns_config {
	const char *resolv_conf, *hosts;    /* paths */
	char servers[OPTION_VALUE_MAX + 1]; /* as the option dns-server */
	char anchor[OPTION_VALUE_MAX + 1];  /* path */
	/* private */
	struct tables_mark seen_resolv_conf, seen_hosts, seen_anchor;
};

/* With the system's own files. */
void dns_config_init(struct dns_config *);

/*
 * Whether something is different since the last time: an option, or a file that
 * they name.  Always so the first time.  Tables may be NULL: as before.
 */
bool dns_config_changed(struct dns_config *, struct tables *);

/*
 * The zone of the first trust anchor in the file, without a final dot; "." is
 * the root.  False with why when there is none: path, wanted and found.
 */
bool dns_config_zone(const struct dns_config *, char zone[DOMAIN_MAX + 1],
    char why[TEXT_MAX + 1]);

#endif
