/*
 * original: what a report returns of the message that it is about.  In bounce,
 * as postrider; reads a file of the spool that queued opened.  The content is a
 * stranger's: it is copied, and not interpreted beyond its first empty line.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/crc32c.h"
#include "common/fdio.h"
#include "common/msg_intake.h"
#include "queue/original.h"

#define BLOCK 65536
#define LINE_MOST 998  /* bytes, without its end */
#define QUOTED_LINE 72 /* bytes before "=" and the end; 76 is the most */

/* The length of a header within n bytes: up to its empty line or last line. */
static size_t
header_length(const char *p, size_t n)
{
	const char *end;

	if (n > 0 && p[0] == '\n')
		return 0;
	if ((end = memmem(p, n, "\n\n", 2)) != NULL)
		return (size_t)(end + 1 - p);
	end = n > 0 ? memrchr(p, '\n', n) : NULL;
	return end != NULL ? (size_t)(end + 1 - p) : 0;
}

/* A binary message has CRLF at the end of a line. */
static void
drop_cr(struct sbuf *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->len; i++)
		if (b->s[i] != '\r' || i + 1 == b->len || b->s[i + 1] != '\n')
			b->s[n++] = b->s[i];
	b->len = n;
}

static bool
has_8bit(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)p[i] > 127)
			return true;
	return false;
}

/* What no text has as it is: NUL, lone CR, lines over RFC 5322 section 2.1.1. */
static bool
has_odd(const char *p, size_t n)
{
	size_t line = 0;

	for (size_t i = 0; i < n; i++) {
		line = p[i] == '\n' ? 0 : line + 1;
		if (p[i] == '\0' || p[i] == '\r' || line > LINE_MOST)
			return true;
	}
	return false;
}

static void
look(struct original *o)
{
	const char *p = o->part.s;

	o->header = o->part.len > 0 ? header_length(p, o->part.len) : 0;
	if (!o->full)
		o->part.len = o->header;
	o->eight_bit = has_8bit(p, o->part.len);
	o->odd = has_odd(p, o->part.len);
}

void
original_only_header(struct original *o)
{
	o->full = false;
	look(o);
}

bool
original_header_8bit(const struct original *o)
{
	return has_8bit(o->part.s, o->header);
}

static void
keep(struct original *o, const char *p, size_t n)
{
	size_t room = o->part.max - o->part.len;

	sbuf_put(&o->part, p, n < room ? n : room);
}

int
original_read(
    struct original *o, int fd, const struct msg_job_message *m, bool whole)
{
	char buf[BLOCK];
	uint64_t size = m->size;
	uint32_t is = 0;
	size_t n;

	memset(o, 0, sizeof(*o));
	o->full =
	    whole && size <= ORIGINAL_MOST && (m->flags & INTAKE_BINARY) == 0;
	sbuf_init(&o->part, o->full ? ORIGINAL_MOST : ORIGINAL_HEADER);
	for (uint64_t at = 0; at < size; at += n) {
		n = size - at < BLOCK ? (size_t)(size - at) : BLOCK;
		if (fd_preadall(fd, buf, n, (int64_t)(m->offset + at)) == -1) {
			if (errno != ENODATA)
				return -1;
			o->damaged = true;
			break;
		}
		is = crc32c(is, buf, n);
		keep(o, buf, n);
	}
	if (!sbuf_ok(&o->part)) {
		errno = ENOMEM;
		return -1;
	}
	if (o->damaged || is != m->crc) {
		o->damaged = true;
		o->full = false;
		sbuf_clear(&o->part);
	}
	if (m->flags & INTAKE_BINARY)
		drop_cr(&o->part);
	o->full = o->full && !has_odd(o->part.s, o->part.len);
	look(o);
	return 0;
}

void
original_free(struct original *o)
{
	sbuf_free(&o->part);
}

static bool
is_plain(char c)
{
	return (c >= ' ' && c <= '~' && c != '=') || c == '\t';
}

bool
original_quote(struct original *o)
{
	struct sbuf out = SBUF_INIT(4 * ORIGINAL_MOST);
	const char *p = o->part.s;
	size_t column = 0, n = o->part.len;

	for (size_t i = 0; i < n; i++) {
		if (column >= QUOTED_LINE && p[i] != '\n') {
			sbuf_puts(&out, "=\n");
			column = 0;
		}
		if (p[i] == '\n') {
			sbuf_putc(&out, '\n');
			column = 0;
		} else if (is_plain(p[i]) &&
		    (p[i] > ' ' || (i + 1 < n && p[i + 1] != '\n'))) {
			sbuf_putc(&out, p[i]);
			column++;
		} else {
			sbuf_fmt(&out, "=%02X", (unsigned char)p[i]);
			column += 3;
		}
	}
	if (!sbuf_ok(&out)) {
		sbuf_free(&out);
		return false;
	}
	sbuf_free(&o->part);
	o->part = out;
	return true;
}

/* The header field's value, or NULL. */
static const char *
find_field(const struct original *o, const char *name)
{
	const char *p = o->part.s, *end = p + o->header;
	size_t n = strlen(name);

	while (p != NULL && (size_t)(end - p) > n) {
		if (strncasecmp(p, name, n) == 0)
			return p + n;
		p = memchr(p, '\n', (size_t)(end - p));
		p += p != NULL;
	}
	return NULL;
}

/* One that a field of ours can hold: RFC 5322 section 3.6.4, and no quotes. */
static bool
is_id(const char *p, size_t n)
{
	if (n < 3 || p[0] != '<' || p[n - 1] != '>')
		return false;
	for (size_t i = 1; i < n - 1; i++)
		if (p[i] <= ' ' || p[i] > '~' || strchr("<>\"\\", p[i]) != NULL)
			return false;
	return memchr(p, '@', n) != NULL;
}

void
original_message_id(const struct original *o, char *out, size_t size)
{
	const char *p, *end = o->part.s + o->header;
	size_t n = 0;

	out[0] = '\0';
	if (o->header == 0 || (p = find_field(o, "Message-ID:")) == NULL)
		return;
	/* The empty line, or the last line's end, ends these. */
	while (p < end &&
	    (*p == ' ' || *p == '\t' ||
		(*p == '\n' && p + 1 < end && (p[1] == ' ' || p[1] == '\t'))))
		p++;
	while (p + n < end && p[n] > ' ')
		n++;
	if (n >= size || !is_id(p, n))
		return;
	memcpy(out, p, n);
	out[n] = '\0';
}

bool
original_has(const struct original *o, const char *s)
{
	return o->part.len > 0 &&
	    memmem(o->part.s, o->part.len, s, strlen(s)) != NULL;
}
