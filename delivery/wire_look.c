/*
 * wire_look: what must be known of a message's content before it is sent.
 *
 * Part of remote, which has no rights but its connections; a pure automaton
 * over what strangers wrote, linear in its length.  It looks at the lines as
 * they go out.
 */
#include <string.h>

#include "delivery/wire_look.h"

#define PIECE 4096     /* bytes taken at once */
#define LINE_LIMIT 998 /* RFC 5322 section 2.1.1 */

void
wire_look_init(struct wire_look *l)
{
	memset(l, 0, sizeof(*l));
	wire_text_init(&l->text, false);
	l->header = true;
}

static bool
has_high_bit(const char *p, size_t n)
{
	unsigned char bits = 0;

	for (size_t i = 0; i < n; i++)
		bits |= (unsigned char)p[i];
	return bits > 0x7f;
}

/* Part of a line, without what ends it. */
static void
take_part(struct wire_look *l, const char *p, size_t n)
{
	if (l->header)
		l->line_bits |= has_high_bit(p, n);
	l->line += n;
}

/* The line is complete; its CR was counted. */
static void
take_line(struct wire_look *l)
{
	size_t n = l->line - 1;

	if (n > LINE_LIMIT)
		l->long_line = true;
	if (l->header && n == 0)
		l->header = false;
	if (l->header)
		l->header_utf8 |= l->line_bits;
	l->line = 0;
	l->line_bits = false;
}

/* Text whose lines end in CRLF. */
static void
take_text(struct wire_look *l, const char *p, size_t n)
{
	const char *end = p + n, *lf;

	l->text_octets += n;
	while ((lf = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		take_part(l, p, (size_t)(lf - p));
		take_line(l);
		p = lf + 1;
	}
	take_part(l, p, (size_t)(end - p));
}

/* Line ends as they are in the content. */
static bool
has_bare(struct wire_look *l, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (l->was_cr != (p[i] == '\n'))
			return true;
		l->was_cr = p[i] == '\r';
	}
	return false;
}

void
wire_look_feed(struct wire_look *l, const char *p, size_t n)
{
	char out[PIECE * WIRE_TEXT_GROWS];

	while (n > 0) {
		size_t part = n < PIECE ? n : PIECE;

		l->eight_bit = l->eight_bit || has_high_bit(p, part);
		l->nul = l->nul || memchr(p, '\0', part) != NULL;
		l->bare = l->bare || has_bare(l, p, part);
		take_text(l, out, wire_text_feed(&l->text, p, part, out));
		p += part;
		n -= part;
	}
}

void
wire_look_end(struct wire_look *l)
{
	char end[WIRE_TEXT_END];

	l->bare = l->bare || l->was_cr;
	take_text(l, end, wire_text_end(&l->text, end));
}
