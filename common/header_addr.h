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

#endif
