/*
 * talk_listing: the lines behind a "+OK".  In postrider(8), with the caller's
 * rights; memory only.
 */
#include "queue/talk_listing.h"

/* Where a byte leads, and what it lets out. */
static enum talk_place
step(enum talk_place place, char c, struct sbuf *out)
{
	if (place == AT_START && c == '.')
		return AT_DOT;
	if (place == AT_DOT && c == '\r')
		return AT_DOT_CR;
	if (place == AT_DOT_CR && c == '\n')
		return AT_END;
	if (place == AT_CR && c == '\n') {
		sbuf_putc(out, c);
		return AT_START;
	}
	if (place == AT_CR || place == AT_DOT_CR)
		sbuf_putc(out, '\r'); /* it was no line end */
	if (c == '\r')
		return AT_CR;
	sbuf_putc(out, c);
	return IN_TEXT;
}

size_t
talk_listing_feed(
    struct talk_listing *l, const char *p, size_t n, struct sbuf *out)
{
	size_t i;

	for (i = 0; i < n && l->place != AT_END; i++)
		l->place = step(l->place, p[i], out);
	return i;
}
