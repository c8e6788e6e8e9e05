/*
 * idn: domains with other letters than ASCII (RFC 5890), as DNS and the
 * envelope have them.
 */
#ifndef COMMON_IDN_H
#define COMMON_IDN_H

#include <stdbool.h>

#include "common/address.h"

/*
 * A domain with U-labels, in UTF-8, as one of A-labels in lower case: IDNA2008
 * with the mappings of UTS 46, non-transitional (case, full width, the
 * ideographic full stop).  One of ASCII alone is only folded.  False for what
 * is no domain then; out may be the same string if it has room.
 */
bool idn_to_ascii(const char *, char out[DOMAIN_MAX + 1]);

/*
 * A mailbox as a person writes it, as address_parse() would have it: U-labels
 * of its domain have become A-labels.
 */
enum address_result idn_address(const char *, struct address *);

#endif
