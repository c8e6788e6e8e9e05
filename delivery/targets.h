/*
 * targets: the addresses to try for a next hop, in order (RFC 5321 section 5.1,
 * RFC 7505, RFC 3974).
 */
#ifndef DELIVERY_TARGETS_H
#define DELIVERY_TARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/dns_client.h"
#include "common/hop.h"
#include "common/outcome.h"
#include "delivery/remote_config.h"

#define TARGETS_HOSTS 8  /* hosts that are looked at, best first; and as many */
#define TARGETS_ASKED 16 /* again, up to these, where none has an address */
#define TARGETS_MOST 16  /* addresses in all */
#define TARGETS_EACH 4   /* addresses of one host */

struct target {
	char host[DOMAIN_MAX + 1]; /* for SNI and certificates; of an address
				      the address, of a Unix socket "" */
	char ip[IP_MAX + 1]; /* "" for a Unix socket, whose path is in hop */
	uint16_t port;
	bool secure; /* DNSSEC proved the way from the hop to host and ip */
};

struct targets {
	size_t count;
	struct target target[TARGETS_MOST];
	bool
	    down; /* when not OUT_OK: the fault is the destination's or DNS's */
	bool ours; /* or nobody has looked: it is our own */
};

/* What is looked for. */
struct targets_wish {
	const struct hop *hop;
	bool routed; /* a route or the smart host names it, not a recipient */
	const struct remote_config *config;
	struct dns_client *dns;
};

/*
 * OUT_OK with at least one target; OUT_TEMP when DNS cannot say now (4.4.3, or
 * 4.7.5 for what DNSSEC proves to be false), when there is no address of a
 * family that ip-preference allows, or none of so many hosts that more were not
 * asked for (4.4.4); OUT_PERM for no such domain (5.1.2), a null MX (5.1.10),
 * what is ourselves (5.4.6), or hosts that do not exist or have nothing but
 * addresses that no host can be reached by, such as loopback addresses (5.4.4).
 * A recipient's address literal is judged as an address of DNS is.  Of a host
 * or address that the configuration names in brackets all of these are
 * OUT_TEMP, and whatever it is may be reached: mail is not lost to a mistake
 * there.
 *
 * MX hosts with equal preference are in random order; those that are not
 * better than we ourselves are left out; addresses of a host alternate between
 * the families, the preferred one first.  The diag is overwritten.
 */
enum outcome targets_find(
    struct targets *, const struct targets_wish *, struct diag *);

#endif
