/*
 * crlf: a stored message as POP3 sends it.  In pop3-mailbox, as the mailbox
 * owner; sees every byte of every message and is pure: no descriptor, no
 * memory of its own.
 */
#include <string.h>

#include "pop3d/crlf.h"

void
crlf_init(struct crlf *c, crlf_sink sink, void *arg, uint64_t lines)
{
	memset(c, 0, sizeof(*c));
	c->sink = sink;
	c->arg = arg;
	c->lines = lines;
}

static void
put(struct crlf *c, const char *s, size_t n)
{
	if (c->sink != NULL)
		c->sink(c->arg, s, n);
}

/* A piece of a line, without its LF. */
static void
text(struct crlf *c, const char *s, size_t n)
{
	if (n == 0)
		return;
	if (c->len == 0 && *s == '.')
		put(c, ".", 1);
	put(c, s, n);
	c->octets += n;
	c->len += n;
	c->cr = s[n - 1] == '\r';
}

static void
end_line(struct crlf *c)
{
	bool blank = c->len == (c->cr ? 1 : 0);

	if (c->cr)
		put(c, "\n", 1);
	else
		put(c, "\r\n", 2);
	c->octets += c->cr ? 1 : 2;
	c->len = 0;
	c->cr = false;
	if (c->body)
		c->lines--;
	else if (blank)
		c->body = true;
	c->done = c->body && c->lines == 0;
}

void
crlf_feed(struct crlf *c, const char *s, size_t n)
{
	const char *lf;
	size_t len;

	while (n > 0 && !c->done) {
		lf = memchr(s, '\n', n);
		len = lf != NULL ? (size_t)(lf - s) : n;
		text(c, s, len);
		if (lf == NULL)
			return;
		end_line(c);
		s += len + 1;
		n -= len + 1;
	}
}

void
crlf_end(struct crlf *c)
{
	if (c->len == 0)
		return;
	/* A lone CR at the very end belongs to the text, not to our CRLF. */
	c->cr = false;
	end_line(c);
}
