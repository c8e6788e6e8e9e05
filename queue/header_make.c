/*
 * header_make: fields that a message lacks.  In sendmail(8), with the
 * caller's rights; memory only.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/stdlib.h>

#include "common/base64.h"
#include "common/utc.h"
#include "queue/header_make.h"

#define PHRASE_MAX 200 /* bytes of a name; the rest is cut */
#define WORD_BYTES 39  /* 52 of base64: a word of at most 75, RFC 2047 2 */

static bool
is_atom(const char *s, size_t n)
{
	static const char good[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "!#$%&'*+-/=?^_`{|}~ ";

	return n > 0 && s[0] != ' ' && s[n - 1] != ' ' && strspn(s, good) >= n;
}

static bool
is_ascii(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] > 126)
			return false;
	return true;
}

static void
put_quoted(struct sbuf *b, const char *s, size_t n)
{
	sbuf_putc(b, '"');
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '"' || s[i] == '\\')
			sbuf_putc(b, '\\');
		sbuf_putc(b, (unsigned char)s[i] < ' ' ? ' ' : s[i]);
	}
	sbuf_putc(b, '"');
}

/* No character may be cut in two (RFC 2047 section 5). */
static size_t
whole_characters(const char *s, size_t n)
{
	size_t len = n < WORD_BYTES ? n : WORD_BYTES;

	if (len == n)
		return n;
	while (len > 1 && ((unsigned char)s[len] & 0xc0) == 0x80)
		len--;
	return len;
}

static void
put_words(struct sbuf *b, const char *s, size_t n)
{
	char text[4 * (WORD_BYTES + 2) / 3 + 1];
	size_t len;

	for (; n > 0; s += len, n -= len) {
		len = whole_characters(s, n);
		base64_encode((const unsigned char *)s, len, text);
		sbuf_fmt(b, "=?UTF-8?B?%s?=%s", text, len < n ? " " : "");
	}
}

void
header_put_phrase(struct sbuf *b, const char *name)
{
	size_t n = strlen(name);

	if (n > PHRASE_MAX)
		n = PHRASE_MAX;
	while (n > 0 && n < strlen(name) &&
	    ((unsigned char)name[n] & 0xc0) == 0x80)
		n--;
	if (!is_ascii(name, n))
		put_words(b, name, n);
	else if (is_atom(name, n))
		sbuf_put(b, name, n);
	else
		put_quoted(b, name, n);
}

void
header_put_date(struct sbuf *b, time_t now)
{
	char date[UTC_DATE];
	struct tm tm;

	if (localtime_r(&now, &tm) == NULL)
		tm.tm_gmtoff = 0; /* a year beyond int */
	utc_date(now, (int)(tm.tm_gmtoff / 60), date);
	sbuf_fmt(b, "Date: %s\n", date);
}

void
header_put_message_id(struct sbuf *b, time_t now, const char *host)
{
	uint32_t a = arc4random(), c = arc4random();

	sbuf_fmt(b, "Message-ID: <%jx.%x.%08x%08x@%s>\n", (intmax_t)now,
	    (unsigned int)getpid(), a, c, host);
}
