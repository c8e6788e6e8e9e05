/*
 * wire_look: what must be known of a message's content before it is sent.
 */
#ifndef DELIVERY_WIRE_LOOK_H
#define DELIVERY_WIRE_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "delivery/wire_text.h"

struct wire_look {
	bool eight_bit, header_utf8, long_line;
	bool nul;
	bool bare;            /* a CR or LF alone */
	uint64_t text_octets; /* with CRLF line ends, the last one, too */
	/* Its own. */
	struct wire_text text;
	bool header, line_bits, was_cr;
	size_t line; /* bytes of this line */
};

void wire_look_init(struct wire_look *);
/* The content's bytes in order, in pieces of any size. */
void wire_look_feed(struct wire_look *, const char *, size_t n);
void wire_look_end(struct wire_look *);

#endif
