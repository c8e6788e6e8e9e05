/*
 * body: the text behind DATA, from the wire's form to the queue's.
 *
 * Part of smtpd(8), as postrider-net; a pure function of the bytes that a
 * stranger sent.  Must never take anything but CRLF "." CRLF for the end: what
 * comes behind it is obeyed as commands.
 */
#include <string.h>

#include "smtpd/body.h"

void
body_init(struct body *b)
{
	memset(b, 0, sizeof(*b));
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

/* The block being read, and how far it is known to hold no CR and no LF. */
struct in {
	const char *p, *end;
	const char *cr, *lf; /* the next ones; end: none; NULL: not looked */
};

/* Looks again only when p is past what was found: no byte is read twice. */
static void
look_ahead(struct in *in)
{
	size_t left = (size_t)(in->end - in->p);

	if ((in->cr == NULL || in->cr < in->p) &&
	    (in->cr = memchr(in->p, '\r', left)) == NULL)
		in->cr = in->end;
	if ((in->lf == NULL || in->lf < in->p) &&
	    (in->lf = memchr(in->p, '\n', left)) == NULL)
		in->lf = in->end;
}

/* Up to the end of the line or block; most bytes of most messages. */
static void
text(struct body *b, struct in *in, struct out *o)
{
	const char *stop;

	look_ahead(in);
	stop = in->cr < in->lf ? in->cr : in->lf;
	put(b, o, in->p, (size_t)(stop - in->p));
	in->p = stop;
	if (stop == in->end)
		return;
	in->p++;
	if (stop == in->cr) {
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
	struct in in = { p, p + n, NULL, NULL };
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
