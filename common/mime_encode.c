/*
 * mime_encode: content in a form that the next place can take.  Library code
 * in remote and local, of which the latter runs as a mailbox's owner; parses
 * what strangers wrote, in one pass, without recursion.
 *
 * A part whose header does not say that it must be encoded is held until it is
 * known whether it must, or too long to wait for.  The line end in front of a
 * delimiter belongs to that (RFC 2046 section 5.1.1), so each line end waits
 * for what follows.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "common/mime_encode.h"
#include "common/mime_part.h"
#include "common/mime_transfer.h"
#include "common/sbuf.h"

#define PIECE 4096 /* bytes of a line that are looked at together */

enum at {
	AT_HEADER, /* of the message or a part; held */
	AT_BODY,   /* of a part; held, nothing is wrong with it yet */
	AT_CODED   /* what comes goes through ->transfer */
};

/* A multipart whose end has not come. */
struct level {
	char boundary[MIME_BOUNDARY + 1];
	size_t len;
	unsigned int depth; /* of what is in it */
	bool digest;
};

struct mime_encode {
	enum mime_wish wish;
	bool binary;
	bool header_8bit;
	int error; /* errno, or 0 */
	enum at at;
	bool begun;         /* a line has: the next piece goes on with it */
	bool line_end;      /* one is waiting */
	bool whole;         /* the header is that of a message */
	bool blank;         /* the header has ended in an empty line */
	unsigned int depth; /* of the part in all around it */
	size_t column;      /* bytes of the body's line so far */
	struct mime_part part;
	struct sbuf held;
	size_t header; /* bytes of held that are it */
	struct mime_transfer transfer;
	struct mime_out out;
	size_t nlevels;
	struct level levels[MIME_DEPTH];
	size_t len; /* of the piece being gathered */
	char piece[PIECE];
};

/* Bytes of a line, without its end. */
struct piece {
	const char *s;
	size_t n;
	bool first; /* of the line */
	bool last;  /* of the line */
};

struct mime_encode *
mime_encode_new(enum mime_wish wish, bool binary, mime_sink *sink, void *arg)
{
	struct mime_encode *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->wish = wish;
	m->binary = binary;
	m->whole = true;
	m->out.sink = sink;
	m->out.arg = arg;
	sbuf_init(&m->held, MIME_HELD);
	return m;
}

void
mime_encode_free(struct mime_encode *m)
{
	if (m == NULL)
		return;
	sbuf_free(&m->held);
	free(m);
}

bool
mime_encode_header_8bit(const struct mime_encode *m)
{
	return m->header_8bit;
}

static void
hold(struct mime_encode *m, const char *s, size_t n)
{
	bool room = n <= MIME_HELD - m->held.len;

	sbuf_put(&m->held, s, n);
	if (!sbuf_ok(&m->held)) {
		m->held.bad = false; /* what is there is whole */
		m->error = room ? ENOMEM : EMSGSIZE;
	}
}

static bool
has_8bit(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] > 127)
			return true;
	return false;
}

/* The most that may be said of a part and go as it is. */
static enum mime_cte
most(const struct mime_encode *m)
{
	return m->wish == MIME_TO_7BIT ? MIME_7BIT : MIME_8BIT;
}

static void
put_str(struct mime_encode *m, const char *s)
{
	mime_out_put(&m->out, s, strlen(s));
}

/*
 * The header, with cte for what it said, and what it lacks; as it is if cte is
 * "".
 */
static void
put_header(struct mime_encode *m, const char *cte, const char *lacks)
{
	const char *p = sbuf_str(&m->held);
	size_t n = m->header, len;

	if (*cte == '\0') {
		mime_out_put(&m->out, p, n);
		return;
	}
	for (n -= m->blank; n > 0; p += len, n -= len) {
		len = mime_field_length(p, n);
		if (!mime_field_begins(p, len, "Content-Transfer-Encoding"))
			mime_out_put(&m->out, p, len);
	}
	if (m->whole && !m->part.has_version)
		put_str(m, "MIME-Version: 1.0\n");
	put_str(m, lacks);
	put_str(m, "Content-Transfer-Encoding: ");
	put_str(m, cte);
	put_str(m, "\n\n");
}

/* What is true of a body that goes as it is, or "" if that is said. */
static const char *
relabel(const struct mime_encode *m)
{
	if (m->part.cte > MIME_BINARY || m->part.cte <= most(m))
		return "";
	return m->wish == MIME_TO_7BIT ? "7bit" : "8bit";
}

static void
through(struct mime_encode *m, enum mime_way way)
{
	mime_transfer_begin(&m->transfer, way, m->wish, &m->out);
	m->at = AT_CODED;
}

/* Held lines have LF ends; the last may have none. */
static void
transfer_held(struct mime_encode *m)
{
	const char *p = sbuf_str(&m->held) + m->header, *lf;
	const char *end = sbuf_str(&m->held) + m->held.len;

	for (; (lf = memchr(p, '\n', (size_t)(end - p))) != NULL; p = lf + 1) {
		mime_transfer_put(&m->transfer, p, (size_t)(lf - p));
		mime_transfer_line(&m->transfer);
	}
	mime_transfer_put(&m->transfer, p, (size_t)(end - p));
	sbuf_clear(&m->held);
}

/* The part has to be encoded, as has all of it that comes. */
static void
encode(struct mime_encode *m)
{
	bool text = m->part.kind == MIME_TEXT;

	/* RFC 1428 section 3: nobody knows what it is. */
	put_header(m, text ? "quoted-printable" : "base64",
	    m->part.has_type
		? ""
		: "Content-Type: text/plain; charset=unknown-8bit\n");
	through(m, text ? MIME_WAY_QUOTED : MIME_WAY_BASE64);
	transfer_held(m);
}

/* The held part is as it may be. */
static void
put_held(struct mime_encode *m)
{
	put_header(m, relabel(m), "");
	mime_out_put(
	    &m->out, sbuf_str(&m->held) + m->header, m->held.len - m->header);
	sbuf_clear(&m->held);
}

/* The header, and what is neither part nor body behind it. */
static void
begin_multipart(struct mime_encode *m)
{
	struct level *l = &m->levels[m->nlevels++];

	l->len = strlcpy(l->boundary, m->part.boundary, sizeof(l->boundary));
	l->depth = m->depth + 1;
	l->digest = m->part.digest;
	put_held(m);
	through(m, MIME_WAY_MEND);
}

static void
begin_header(struct mime_encode *m, unsigned int depth, bool whole)
{
	m->at = AT_HEADER;
	m->depth = depth;
	m->whole = whole;
	m->blank = m->line_end = false;
	sbuf_clear(&m->held);
}

static void
begin_leaf(struct mime_encode *m)
{
	static const enum mime_way mends[] = {
		[MIME_QUOTED] = MIME_WAY_MEND_QUOTED,
		[MIME_BASE64] = MIME_WAY_MEND_BASE64,
		[MIME_UNKNOWN] = MIME_WAY_MEND,
	};

	m->at = AT_BODY;
	m->column = 0;
	if (m->part.cte > MIME_BINARY) {
		put_held(m);
		through(m, mends[m->part.cte]);
	} else if (m->part.cte == MIME_BINARY && m->part.kind != MIME_TEXT)
		encode(m);
}

static void
end_header(struct mime_encode *m)
{
	bool digest =
	    m->nlevels > 0 && !m->whole && m->levels[m->nlevels - 1].digest;

	m->header = m->held.len;
	mime_part_read(&m->part, sbuf_str(&m->held), m->header, digest);
	if (m->depth == MIME_DEPTH &&
	    (m->part.kind == MIME_MULTIPART || m->part.kind == MIME_MESSAGE))
		m->part.kind = MIME_OTHER;
	if (m->part.kind == MIME_MULTIPART)
		begin_multipart(m);
	else if (m->part.kind == MIME_MESSAGE) {
		put_held(m);
		begin_header(m, m->depth + 1, true);
	} else
		begin_leaf(m);
}

/* Whether the line is of the header; what is not ends it. */
static bool
header(struct mime_encode *m, const struct piece *p)
{
	bool continues =
	    m->held.len > 0 && p->n > 0 && (p->s[0] == ' ' || p->s[0] == '\t');

	if (p->first && p->n == 0 && p->last)
		m->blank = true;
	else if (p->first && !continues && !mime_field_begins(p->s, p->n, NULL))
		return false;
	m->header_8bit |= has_8bit(p->s, p->n);
	hold(m, p->s, p->n);
	if (p->last)
		hold(m, "\n", 1);
	if (m->blank)
		end_header(m);
	return true;
}

static bool
is_fit(const struct mime_encode *m, const struct piece *p)
{
	return p->n <= MIME_LINE - m->column &&
	    memchr(p->s, '\0', p->n) == NULL &&
	    memchr(p->s, '\r', p->n) == NULL &&
	    memchr(p->s, '\n', p->n) == NULL &&
	    (m->wish != MIME_TO_7BIT || !has_8bit(p->s, p->n));
}

static void
body(struct mime_encode *m, const struct piece *p)
{
	if (m->line_end) {
		hold(m, "\n", 1);
		m->column = 0;
	}
	m->line_end = p->last;
	if (is_fit(m, p) && p->n < MIME_HELD - 1 - m->held.len) {
		hold(m, p->s, p->n);
		m->column += p->n;
		return;
	}
	encode(m);
	mime_transfer_put(&m->transfer, p->s, p->n);
}

static void
coded(struct mime_encode *m, const struct piece *p)
{
	if (m->line_end)
		mime_transfer_line(&m->transfer);
	m->line_end = p->last;
	mime_transfer_put(&m->transfer, p->s, p->n);
}

/* The part ends; a line end that is waiting is the delimiter's. */
static void
end_part(struct mime_encode *m)
{
	if (m->at == AT_HEADER) {
		m->header = m->held.len;
		mime_out_put(&m->out, sbuf_str(&m->held), m->held.len);
	} else if (m->at == AT_BODY)
		put_held(m);
	else
		mime_transfer_end(&m->transfer, false);
	if (m->line_end)
		put_str(m, "\n");
	m->line_end = false;
}

/* "--boundary", or that and "--", is a whole line but for blanks behind. */
static bool
is_delimiter(const struct level *l, const char *s, size_t n, bool *closes)
{
	*closes = n == l->len + 4 && s[n - 1] == '-' && s[n - 2] == '-';
	return (*closes || n == l->len + 2) &&
	    memcmp(s + 2, l->boundary, l->len) == 0;
}

/* Whether the line ended a part, or several in each other. */
static bool
delimiter(struct mime_encode *m, const struct piece *p)
{
	size_t i = m->nlevels, n = p->n;
	const struct level *l;
	bool closes = false;

	if (n < 3 || p->s[0] != '-' || p->s[1] != '-')
		return false;
	while (n > 0 && (p->s[n - 1] == ' ' || p->s[n - 1] == '\t'))
		n--;
	do {
		if (i-- == 0)
			return false;
		l = &m->levels[i];
	} while (!is_delimiter(l, p->s, n, &closes));
	end_part(m);
	mime_out_put(&m->out, p->s, p->n);
	put_str(m, "\n");
	m->nlevels = closes ? i : i + 1;
	begin_header(m, l->depth, false);
	if (closes)
		through(m, MIME_WAY_MEND);
	return true;
}

static void
take(struct mime_encode *m, const struct piece *p)
{
	if (p->first && p->last && delimiter(m, p))
		return;
	/* A message within may begin with what is no field, too. */
	while (m->at == AT_HEADER) {
		if (header(m, p))
			return;
		end_header(m);
	}
	if (m->at == AT_BODY)
		body(m, p);
	else
		coded(m, p);
}

/* What is gathered of a line; keep bytes of it stay. */
static void
piece(struct mime_encode *m, bool last, size_t keep)
{
	struct piece p = { m->piece, m->len - keep, !m->begun, last };

	if (m->error == 0)
		take(m, &p);
	memmove(m->piece, m->piece + p.n, keep);
	m->len = keep;
	m->begun = !last;
}

static bool
ends_in_cr(const struct mime_encode *m)
{
	return m->binary && m->len > 0 && m->piece[m->len - 1] == '\r';
}

/* Bytes of a line; a CR could be half of its end. */
static void
gather(struct mime_encode *m, const char *s, size_t n)
{
	size_t room;

	for (; n > 0; s += room, n -= room) {
		if (m->len == PIECE)
			piece(m, false, ends_in_cr(m));
		room = PIECE - m->len;
		if (room > n)
			room = n;
		memcpy(m->piece + m->len, s, room);
		m->len += room;
	}
}

static void
line_feed(struct mime_encode *m)
{
	if (m->binary && !ends_in_cr(m)) {
		gather(m, "\n", 1);
		return;
	}
	m->len -= m->binary;
	piece(m, true, 0);
}

static bool
is_well(struct mime_encode *m)
{
	if (m->error == 0)
		m->error = m->out.error;
	if (m->error == 0)
		return true;
	errno = m->error;
	return false;
}

bool
mime_encode_feed(struct mime_encode *m, const char *s, size_t n)
{
	const char *lf;

	while (n > 0 && m->error == 0 && m->out.error == 0) {
		lf = memchr(s, '\n', n);
		gather(m, s, lf != NULL ? (size_t)(lf - s) : n);
		if (lf == NULL)
			break;
		line_feed(m);
		n -= (size_t)(lf + 1 - s);
		s = lf + 1;
	}
	return is_well(m);
}

/* A last line without an end may be a delimiter, too. */
bool
mime_encode_end(struct mime_encode *m)
{
	bool open = m->len > 0 || m->begun;

	if (open)
		piece(m, true, 0);
	if (m->at != AT_CODED)
		end_part(m);
	else {
		if (m->line_end && !(open && m->binary))
			mime_transfer_line(&m->transfer);
		mime_transfer_end(&m->transfer, true);
	}
	mime_out_flush(&m->out);
	return is_well(m);
}
