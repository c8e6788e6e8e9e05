/*
 * wire_text: text as SMTP carries it.
 *
 * Part of remote, which has no rights but its connections; a pure automaton
 * over what strangers wrote.  Whatever is fed, CRLF.CRLF comes out of
 * wire_text_end() and of nothing else: a CR or LF is never put alone, and a dot
 * that begins a line never single.
 */
#include <string.h>

#include "delivery/wire_text.h"

void
wire_text_init(struct wire_text *t, bool stuff)
{
	t->stuff = stuff;
	t->cr = false;
	t->start = true;
}

/* The next c from p on, or end; *at is where the last one was. */
static const char *
next(const char **at, const char *p, const char *end, int c)
{
	if (*at == NULL || *at < p) {
		*at = memchr(p, c, (size_t)(end - p));
		if (*at == NULL)
			*at = end;
	}
	return *at;
}

static char *
put_part(struct wire_text *t, char *out, const char *p, size_t n)
{
	if (n == 0)
		return out;
	if (t->start && t->stuff && *p == '.')
		*out++ = '.';
	memcpy(out, p, n);
	t->start = t->cr = false;
	return out + n;
}

/* c is a CR or LF. */
static char *
put_end(struct wire_text *t, char *out, char c)
{
	if (c == '\n' && t->cr) {
		t->cr = false; /* it was put with the CR */
		return out;
	}
	memcpy(out, "\r\n", 2);
	t->start = true;
	t->cr = c == '\r';
	return out + 2;
}

size_t
wire_text_feed(struct wire_text *t, const char *in, size_t n, char *out)
{
	const char *p = in, *end = in + n, *lf = NULL, *cr = NULL, *stop;
	char *to = out;

	while (p < end) {
		stop = next(&lf, p, end, '\n');
		if (next(&cr, p, end, '\r') < stop)
			stop = cr;
		to = put_part(t, to, p, (size_t)(stop - p));
		if (stop == end)
			break;
		to = put_end(t, to, *stop);
		p = stop + 1;
	}
	return (size_t)(to - out);
}

size_t
wire_text_end(struct wire_text *t, char out[WIRE_TEXT_END])
{
	size_t n = 0;

	if (!t->start) {
		memcpy(out, "\r\n", 2);
		n = 2;
	}
	if (t->stuff) {
		memcpy(out + n, ".\r\n", 3);
		n += 3;
	}
	t->start = true;
	t->cr = false;
	return n;
}
