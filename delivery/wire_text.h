/*
 * wire_text: text as SMTP carries it: every line ends in CRLF, and before DATA's
 * end dots are stuffed (RFC 5321 sections 2.3.8 and 4.5.2).
 */
#ifndef DELIVERY_WIRE_TEXT_H
#define DELIVERY_WIRE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct wire_text {
	bool stuff; /* for DATA: dots are doubled, and an end is put */
	bool cr;    /* the last byte was a CR: an LF now belongs to it */
	bool start; /* nothing of the line has been put */
};

#define WIRE_TEXT_GROWS 2 /* bytes out for one in, at most */
#define WIRE_TEXT_END 5   /* bytes of the end, at most */

void wire_text_init(struct wire_text *, bool stuff);

/*
 * Puts n bytes, whose place in the text does not matter, into out, which has
 * room for n * WIRE_TEXT_GROWS; returns how many came out.  Each CRLF, and each
 * CR or LF alone, is one line end.
 */
size_t wire_text_feed(struct wire_text *, const char *in, size_t n, char *out);

/* Ends the last line if need be; when dots are stuffed the text, too. */
size_t wire_text_end(struct wire_text *, char out[WIRE_TEXT_END]);

#endif
