/*
 * sbuf: a growable byte string with a ceiling.  Library code in every
 * program; no rights, no I/O, no globals.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/sbuf.h"

void
sbuf_init(struct sbuf *b, size_t max)
{
	*b = (struct sbuf)SBUF_INIT(max);
}

/* Makes room for n more bytes and a NUL, or marks the buffer bad. */
static bool
reserve(struct sbuf *b, size_t n)
{
	size_t want, size;
	char *s;

	if (b->bad || n > b->max - b->len) {
		b->bad = true;
		return false;
	}
	want = b->len + n + 1;
	if (want <= b->size)
		return true;
	for (size = b->size != 0 ? b->size : 64; size < want; size *= 2)
		continue;
	if ((s = realloc(b->s, size)) == NULL) {
		b->bad = true;
		return false;
	}
	b->s = s;
	b->size = size;
	return true;
}

void
sbuf_put(struct sbuf *b, const void *p, size_t n)
{
	if (!reserve(b, n))
		return;
	if (n > 0)
		memcpy(b->s + b->len, p, n);
	b->len += n;
	b->s[b->len] = '\0';
}

void
sbuf_puts(struct sbuf *b, const char *s)
{
	sbuf_put(b, s, strlen(s));
}

void
sbuf_putc(struct sbuf *b, char c)
{
	sbuf_put(b, &c, 1);
}

void
sbuf_fmt(struct sbuf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !reserve(b, (size_t)n)) {
		b->bad = true;
		return;
	}
	va_start(ap, fmt);
	(void)vsnprintf(b->s + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

bool
sbuf_ok(const struct sbuf *b)
{
	return !b->bad;
}

const char *
sbuf_str(const struct sbuf *b)
{
	return b->s != NULL ? b->s : "";
}

void
sbuf_drop(struct sbuf *b, size_t n)
{
	if (n == 0)
		return;
	b->len -= n;
	memmove(b->s, b->s + n, b->len + 1);
}

void
sbuf_clear(struct sbuf *b)
{
	b->len = 0;
	b->bad = false;
	if (b->s != NULL)
		b->s[0] = '\0';
}

void
sbuf_free(struct sbuf *b)
{
	free(b->s);
	*b = (struct sbuf)SBUF_INIT(b->max);
}
