/*
 * dns_name: domain names as text and as they are in DNS messages (RFC 1035
 * section 3.1).
 */
#ifndef COMMON_DNS_NAME_H
#define COMMON_DNS_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/address.h"

#define DNS_NAME_WIRE 255 /* bytes with lengths and the root, RFC 1035 3.1 */

/* Uncompressed, lower case. */
struct dns_name {
	uint8_t wire[DNS_NAME_WIRE];
	size_t len;
};

/*
 * Whether this may be asked: labels of letters, digits, hyphens and underscores
 * (RFC 8552) within the bounds, no hyphen first, with or without a final dot.
 */
bool dns_name_valid(const char *);

/* From valid text or ".", the root; false otherwise. */
bool dns_name_of(const char *, struct dns_name *);

/*
 * The name at *at in a message of len bytes, with *at moved behind it.  False
 * when it leaves the message, is too long, has labels of another kind, or a
 * pointer (RFC 1035 section 4.1.4) that does not go back.
 */
bool dns_name_read(
    const uint8_t *message, size_t len, size_t *at, struct dns_name *);

bool dns_name_equal(const struct dns_name *, const struct dns_name *);

/*
 * As text without the final dot, "" for the root; false when it is not valid
 * as above: then no other program of the suite shall see it.
 */
bool dns_name_text(const struct dns_name *, char out[DOMAIN_MAX + 1]);

/* What a PTR is asked for, of an IPv4 or IPv6 address; false for no address. */
bool dns_name_reverse(const char *ip, char out[DOMAIN_MAX + 1]);

#endif
