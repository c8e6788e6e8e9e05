/*
 * talk_listing: the lines behind a "+OK" up to the line "." (RFC 1939
 * section 3), as text.
 */
#ifndef QUEUE_TALK_LISTING_H
#define QUEUE_TALK_LISTING_H

#include <stdbool.h>
#include <stddef.h>

#include "common/sbuf.h"

enum talk_place { AT_START, AT_DOT, AT_DOT_CR, IN_TEXT, AT_CR, AT_END };

struct talk_listing {
	enum talk_place place; /* AT_START at first */
};

/*
 * Takes bytes until the listing ends; returns how many.  The text, with LF
 * ends and single dots, is appended to out.  Afterwards place is AT_END if
 * the end was there.
 */
size_t talk_listing_feed(
    struct talk_listing *, const char *, size_t, struct sbuf *out);

#endif
