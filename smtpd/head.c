/*
 * head: what smtpd must know of a message's header.
 *
 * Part of smtpd(8), as postrider-net; a pure function of what a stranger sent.
 * Must never keep or change a byte of it, nor decode anything.
 */
#include <string.h>
#include <strings.h>

#include "smtpd/head.h"

void
head_init(struct head *h)
{
	memset(h, 0, sizeof(*h));
	h->at = HEAD_FIRST;
}

static bool
is_named(const struct head *h, const char *name)
{
	return h->len == strlen(name) &&
	    strncasecmp(h->name, name, h->len) == 0;
}

static void
field(struct head *h)
{
	if (is_named(h, "received"))
		h->received++;
	else if (is_named(h, "date"))
		h->date = true;
	else if (is_named(h, "message-id"))
		h->message_id = true;
	h->at = HEAD_VALUE;
}

/* RFC 5322 section 3.6.8: printable ASCII without the colon. */
static bool
is_ftext(char c)
{
	return c > ' ' && c <= '~' && c != ':';
}

static void
line_start(struct head *h, char c)
{
	if ((c == ' ' || c == '\t') && h->at == HEAD_LINE)
		h->at = HEAD_VALUE;
	else if (is_ftext(c)) {
		h->name[0] = c;
		h->len = 1;
		h->at = HEAD_IN_NAME;
	} else
		h->ended = true;
}

static void
name(struct head *h, char c)
{
	if (c == ':')
		field(h);
	else if (c == ' ' || c == '\t')
		h->at = HEAD_SPACE;
	else if (!is_ftext(c) || h->at == HEAD_SPACE)
		h->ended = true;
	else {
		if (h->len < sizeof(h->name))
			h->name[h->len] = c;
		h->len++;
	}
}

/* Moves behind the line's end, if it is in the block. */
static const char *
value(struct head *h, const char *p, const char *end)
{
	const char *lf = memchr(p, '\n', (size_t)(end - p));

	if (lf == NULL)
		return end;
	h->at = HEAD_LINE;
	return lf + 1;
}

void
head_feed(struct head *h, const char *s, size_t n)
{
	const char *p = s, *end = s + n;

	while (p < end && !h->ended)
		if (h->at == HEAD_VALUE)
			p = value(h, p, end);
		else if (h->at == HEAD_IN_NAME || h->at == HEAD_SPACE)
			name(h, *p++);
		else
			line_start(h, *p++);
	h->size += (uint64_t)(p - s);
}
