/*
 * body: the text behind DATA or BDAT, from the wire's form to the queue's.
 *
 * Part of smtpd(8), as postrider-net; a pure function of the bytes that a
 * stranger sent.  Must never take anything but CRLF "." CRLF for the end: what
 * comes behind it is obeyed as commands.
 */
#include <endian.h>
#include <string.h>

#include "smtpd/body.h"

void
body_init(struct body *b, bool chunks)
{
	memset(b, 0, sizeof(*b));
	b->chunks = chunks;
	b->at = BODY_LINE;
}

struct out {
	char *p;
	size_t n;
};

static void
put(struct body *b, struct out *o, const char *s, size_t n)
{
	memcpy(o->p + o->n, s, n);
	o->n += n;
	b->octets += n;
}

static void
put_end(struct body *b, struct out *o)
{
	o->p[o->n++] = '\n';
	b->octets += 2;
}

struct in {
	const char *p, *end;
};

/* The compiler knows what the processor has for it. */
typedef unsigned char block __attribute__((vector_size(16)));

/* Where in the block the first CR or LF is; its size: nowhere. */
static size_t
first_end(block v)
{
	const block cr = (block){ 0 } + '\r', lf = (block){ 0 } + '\n';
	block found = (block)((v == cr) | (v == lf));
	uint64_t half[2];

	memcpy(half, &found, sizeof(half));
	if (half[0] != 0)
		return (size_t)__builtin_ctzll(le64toh(half[0])) / 8;
	if (half[1] != 0)
		return 8 + (size_t)__builtin_ctzll(le64toh(half[1])) / 8;
	return sizeof(v);
}

/*
 * Within lines; most bytes of most messages.  Copies as it looks, and goes on
 * over line ends of the usual form: CRLF in front of anything but a dot.
 * Stops in front of any other CR or LF, and near the end of what is there,
 * where a block would not fit.
 */
static void
lines(struct body *b, struct in *in, struct out *o)
{
	const char *p = in->p;
	char *start = o->p + o->n, *q = start;
	uint64_t ends = 0;
	size_t n;
	block v;

	while ((size_t)(in->end - p) >= sizeof(v) + 2) {
		memcpy(&v, p, sizeof(v));
		memcpy(q, &v, sizeof(v));
		n = first_end(v);
		p += n;
		q += n;
		if (n == sizeof(v))
			continue;
		if (p[0] != '\r' || p[1] != '\n' || p[2] == '.')
			break;
		p += 2;
		*q++ = '\n';
		ends++;
	}
	in->p = p;
	o->n += (size_t)(q - start);
	b->octets += (size_t)(q - start) + ends;
}

/* Up to the end of the line or of what is there. */
static void
text(struct body *b, struct in *in, struct out *o)
{
	const char *p;

	lines(b, in, o);
	p = in->p;
	while (p < in->end && *p != '\r' && *p != '\n')
		p++;
	put(b, o, in->p, (size_t)(p - in->p));
	in->p = p;
	if (p == in->end)
		return;
	in->p++;
	if (*p == '\r') {
		b->at = BODY_CR;
		return;
	}
	b->bare = true;
	put_end(b, o);
}

/* Behind a CR; a byte that is no CR and no LF is left to text(). */
static void
after_cr(struct body *b, struct in *in, struct out *o)
{
	if (*in->p == '\n') {
		in->p++;
		put_end(b, o);
		b->at = BODY_LINE;
		return;
	}
	b->bare = true;
	if (*in->p == '\r') {
		in->p++;
		return;
	}
	put(b, o, " ", 1);
	b->at = BODY_TEXT;
}

/* At a line's start, where dots mean something; puts nothing out. */
static void
line_start(struct body *b, struct in *in)
{
	char c = *in->p;

	if (b->chunks) {
		b->at = BODY_TEXT;
		return;
	}
	switch (b->at) {
	case BODY_LINE:
		b->at = c == '.' ? BODY_DOT : BODY_TEXT;
		in->p += c == '.';
		return;
	case BODY_DOT:
		b->at = c == '\r' ? BODY_DOTCR : BODY_TEXT;
		in->p += c == '\r';
		return;
	default: /* BODY_DOTCR: the line is empty, or a lone CR follows */
		b->ended = c == '\n';
		in->p += c == '\n';
		b->at = BODY_CR;
		return;
	}
}

size_t
body_feed(struct body *b, const char *p, size_t n, char *out, size_t *outlen)
{
	struct in in = { p, p + n };
	struct out o = { out, 0 };

	while (in.p < in.end && !b->ended)
		if (b->at == BODY_TEXT)
			text(b, &in, &o);
		else if (b->at == BODY_CR)
			after_cr(b, &in, &o);
		else
			line_start(b, &in);
	*outlen = o.n;
	return (size_t)(in.p - p);
}

size_t
body_end(struct body *b, char *out)
{
	struct out o = { out, 0 };

	b->ended = true;
	b->bare |= b->at == BODY_CR;
	if (b->at != BODY_LINE)
		put_end(b, &o);
	return o.n;
}
