/*
 * mime_transfer: the body of one part in another transfer encoding.  Library
 * code in remote and local; pure.  Must never begin a line that it made itself
 * with "-": that could be a delimiter.
 */
#include <errno.h>
#include <string.h>

#include "common/base64.h"
#include "common/mime_transfer.h"

#define COLUMNS 76   /* RFC 2045 sections 6.7 (5) and 6.8 */
#define MEND_AT 900  /* bytes of a line after which it is broken */
#define MEND_NOW 950 /* the same, wherever it is */

void
mime_out_flush(struct mime_out *o)
{
	if (o->n > 0 && o->error == 0 && !o->sink(o->arg, o->buf, o->n))
		o->error = errno != 0 ? errno : EIO;
	o->n = 0;
}

void
mime_out_put(struct mime_out *o, const char *s, size_t n)
{
	size_t room;

	for (; n > 0; s += room, n -= room) {
		if (o->n == sizeof(o->buf))
			mime_out_flush(o);
		room = sizeof(o->buf) - o->n;
		if (room > n)
			room = n;
		memcpy(o->buf + o->n, s, room);
		o->n += room;
	}
}

static void
put(struct mime_transfer *t, const char *s, size_t n)
{
	mime_out_put(t->out, s, n);
	t->column += n;
}

static void
escape(char c, char out[3])
{
	static const char hex[] = "0123456789ABCDEF";

	out[0] = '=';
	out[1] = hex[(unsigned char)c >> 4];
	out[2] = hex[c & 15];
}

static void
new_line(struct mime_transfer *t, const char *end, bool soft)
{
	put(t, end, strlen(end));
	t->column = 0;
	t->soft = soft;
}

/* What stays in one piece. */
static void
put_quoted(struct mime_transfer *t, const char *s, size_t n)
{
	if (t->column + n > COLUMNS - 1)
		new_line(t, "=\n", true);
	put(t, s, n);
}

static void
put_escaped(struct mime_transfer *t, char c)
{
	char s[3];

	escape(c, s);
	put_quoted(t, s, sizeof(s));
}

/* Whether it would be the first of a line that was not one before. */
static bool
begins(const struct mime_transfer *t)
{
	return t->column == COLUMNS - 1 || (t->column == 0 && t->soft);
}

static void
quoted(struct mime_transfer *t, char c)
{
	if (t->space != '\0')
		put_quoted(t, &t->space, 1);
	t->space = '\0';
	if (c == ' ' || c == '\t')
		t->space = c;
	else if (c <= ' ' || c > '~' || c == '=' || (c == '-' && begins(t)))
		put_escaped(t, c);
	else
		put_quoted(t, &c, 1);
}

/* A blank there would be lost on the way. */
static void
quoted_blank(struct mime_transfer *t)
{
	if (t->space != '\0')
		put_escaped(t, t->space);
	t->space = '\0';
}

static void
base64_flush(struct mime_transfer *t)
{
	char four[5];

	if (t->nthree == 0)
		return;
	if (t->column == COLUMNS)
		new_line(t, "\n", false);
	base64_encode(t->three, t->nthree, four);
	put(t, four, 4);
	t->nthree = 0;
}

static void
base64(struct mime_transfer *t, char c)
{
	t->three[t->nthree++] = (unsigned char)c;
	if (t->nthree == sizeof(t->three))
		base64_flush(t);
}

static bool
is_forbidden(const struct mime_transfer *t, char c)
{
	return c == '\0' || c == '\r' || c == '\n' ||
	    (t->wish == MIME_TO_7BIT && (unsigned char)c > 127);
}

/*
 * A lone CR or LF is a line end that has lost its half: encoded, it would be
 * data.  Not broken within "=XX", unless there are too many of them.
 */
static void
mend_quoted(struct mime_transfer *t, char c)
{
	char s[3];

	if (c == '\r')
		return;
	if (t->column >= (t->escape == 0 ? MEND_AT : MEND_NOW))
		new_line(t, "=\n", true);
	if (c == '\n')
		new_line(t, "\n", true);
	else if (is_forbidden(t, c) ||
	    (c == '-' && t->column == 0 && t->soft)) {
		escape(c, s);
		put(t, s, sizeof(s));
	} else
		put(t, &c, 1);
	if (c == '=')
		t->escape = 2;
	else if (t->escape > 0)
		t->escape--;
}

/* What is not of the alphabet means nothing (RFC 2045 section 6.8). */
static void
mend_base64(struct mime_transfer *t, char c)
{
	if (is_forbidden(t, c))
		return;
	if (t->column >= MEND_AT)
		new_line(t, "\n", true);
	if (c != '-' || t->column > 0 || !t->soft)
		put(t, &c, 1);
}

static void
mend(struct mime_transfer *t, char c)
{
	if (t->column >= MEND_AT) {
		new_line(t, "\n", true);
		put(t, " ", 1);
	}
	if (is_forbidden(t, c))
		c = '?';
	put(t, &c, 1);
}

static void (*const byte_of[])(struct mime_transfer *, char) = {
	[MIME_WAY_QUOTED] = quoted,
	[MIME_WAY_BASE64] = base64,
	[MIME_WAY_MEND_QUOTED] = mend_quoted,
	[MIME_WAY_MEND_BASE64] = mend_base64,
	[MIME_WAY_MEND] = mend,
};

void
mime_transfer_begin(struct mime_transfer *t, enum mime_way way,
    enum mime_wish wish, struct mime_out *out)
{
	memset(t, 0, sizeof(*t));
	t->way = way;
	t->wish = wish;
	t->out = out;
}

void
mime_transfer_put(struct mime_transfer *t, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		byte_of[t->way](t, s[i]);
}

/* Encoded lines end in CRLF, whatever is behind (RFC 2045 section 6.8). */
void
mime_transfer_line(struct mime_transfer *t)
{
	t->escape = 0;
	if (t->way == MIME_WAY_BASE64) {
		base64(t, '\r');
		base64(t, '\n');
		return;
	}
	quoted_blank(t);
	new_line(t, "\n", false);
}

void
mime_transfer_end(struct mime_transfer *t, bool last)
{
	quoted_blank(t);
	base64_flush(t);
	if (!last || t->column == 0)
		return;
	new_line(t, t->way == MIME_WAY_QUOTED ? "=\n" : "\n", false);
}
