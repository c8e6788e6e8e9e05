/*
 * own: the addresses of this host, for the loop rule (RFC 5321 section 5.1).
 */
#ifndef DELIVERY_OWN_H
#define DELIVERY_OWN_H

#include <netinet/in.h>

#include <ifaddrs.h>
#include <stdbool.h>
#include <stddef.h>

#define OWN_MAX 512 /* addresses that are remembered */

struct own {
	size_t n;
	struct in6_addr addr[OWN_MAX]; /* IPv4 in the mapped form */
};

/*
 * What the interfaces have now.  Never fails: what cannot be known, or is more
 * than OWN_MAX, is logged and left out.
 */
void own_find(struct own *);

/* The same from a list of getifaddrs(3), which stays the caller's. */
void own_take(struct own *, const struct ifaddrs *);

/* Whether an address, as text, is one of them. */
bool own_has(const struct own *, const char *ip);

#endif
