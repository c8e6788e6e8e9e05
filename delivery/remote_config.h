/*
 * remote_config: what remote takes from the compiled tables, and from the
 * kernel, at its start.
 */
#ifndef DELIVERY_REMOTE_CONFIG_H
#define DELIVERY_REMOTE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/address.h"
#include "common/tables.h"
#include "delivery/own.h"

/* As the choices of the option ip-preference. */
enum ip_preference { IP_6_FIRST, IP_4_FIRST, IP_6_ONLY, IP_4_ONLY };

struct remote_config {
	char hostname[DOMAIN_MAX + 1];
	char run_dir[108];
	char user[40];         /* who we are: "user postrider-out", "uid 7" */
	char source[2][64];    /* own address for IPv4, for IPv6; "" for any */
	char own[1001];        /* own-addresses, a list for net_in_list() */
	struct own interfaces; /* what this host knows that it is */
	int ip;                /* enum ip_preference */
	int64_t port;          /* of MX hosts */
	int64_t connect;       /* seconds to wait for a connection */
	int64_t timeout;       /* seconds that no reply may take longer */
	int64_t idle;          /* seconds that a connection is kept for more */
	int64_t messages;      /* over one connection */
	bool loopback;         /* what DNS says may be a loopback address */
};

/* Strings are copied.  False with the reason logged. */
bool remote_config_load(struct remote_config *, struct tables *);

/*
 * Splits "192.0.2.1 2001:db8::1", in any order and with commas or blanks, into
 * at most one IPv4 and one IPv6 address, as inet_ntop(3) writes them.  False
 * for anything else.
 */
bool remote_config_source(const char *, char source[2][64]);

#endif
