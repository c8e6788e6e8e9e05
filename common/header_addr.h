/*
 * header_addr: the addresses of a To, Cc or Bcc field (RFC 5322 section 3.4).
 */
#ifndef COMMON_HEADER_ADDR_H
#define COMMON_HEADER_ADDR_H

#include <stdbool.h>
#include <stddef.h>

#include "common/address.h"

enum header_addr {
	HEADER_ADDR_OK,
	HEADER_ADDR_SYNTAX,
	HEADER_ADDR_LONG,
	HEADER_ADDR_UTF8, /* bytes over 127 that are no UTF-8 */
	HEADER_ADDR_STOP  /* fn returned false */
};

#define HEADER_ADDR_TEXT 600 /* bytes of one address as written */

/*
 * Calls fn for every mailbox of the list of n bytes, in order; groups,
 * comments, quoted names, routes and folding are understood.  Takes time in
 * proportion to n and fixed memory, whatever is nested in it.  What failed is
 * shown in found, cut and free of control characters.
 */
enum header_addr header_addresses(const char *, size_t n,
    bool (*fn)(const struct address *, void *), void *arg,
    char found[HEADER_ADDR_TEXT + 1]);

/* A mailbox, and where its address stands in the list. */
struct header_spot {
	const struct address *address;
	/* NULL where comments or blanks are in it, or a route is before it */
	const char *at;
	size_t len;
};

/* The same with the places; the address ends before the call does. */
enum header_addr header_spots(const char *, size_t n,
    bool (*fn)(const struct header_spot *, void *), void *arg);

#endif
