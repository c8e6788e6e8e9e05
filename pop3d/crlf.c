/*
 * crlf: a stored message as POP3 sends it.  In pop3-mailbox, as the mailbox
 * owner; sees every byte of every message and is pure: no descriptor, no
 * memory of its own.
 */
#include <string.h>

#include "pop3d/crlf.h"

void
crlf_init(struct crlf *c, uint64_t lines)
{
	memset(c, 0, sizeof(*c));
	c->lines = lines;
}

/* A piece of a line, without its LF. */
static char *
text(struct crlf *c, const char *s, size_t n, char *out)
{
	if (n == 0)
		return out;
	if (c->len == 0 && *s == '.')
		*out++ = '.';
	memcpy(out, s, n);
	c->octets += n;
	c->len += n;
	c->cr = s[n - 1] == '\r';
	return out + n;
}

static char *
end_line(struct crlf *c, char *out)
{
	bool blank = c->len == (c->cr ? 1 : 0);

	c->octets += c->cr ? 1 : 2;
	if (!c->cr)
		*out++ = '\r';
	*out++ = '\n';
	c->len = 0;
	c->cr = false;
	if (c->body)
		c->lines--;
	else if (blank)
		c->body = true;
	c->done = c->body && c->lines == 0;
	return out;
}

/*
 * The C library's memchr() and memcpy() know the processor's widest blocks;
 * for lines as mail has them nothing tried was faster.
 */
size_t
crlf_feed(struct crlf *c, const char *s, size_t n, char *out)
{
	const char *start = out, *lf;
	size_t len;

	while (n > 0 && !c->done) {
		lf = memchr(s, '\n', n);
		len = lf != NULL ? (size_t)(lf - s) : n;
		out = text(c, s, len, out);
		if (lf == NULL)
			break;
		out = end_line(c, out);
		s += len + 1;
		n -= len + 1;
	}
	return (size_t)(out - start);
}

size_t
crlf_end(struct crlf *c, char *out)
{
	if (c->len == 0)
		return 0;
	/* A lone CR at the very end belongs to the text, not to our CRLF. */
	c->cr = false;
	return (size_t)(end_line(c, out) - out);
}

/*
 * Counting has no lines to copy and so goes block by block: lanes add up
 * where an LF follows no CR, as often as a lane can hold.
 */
typedef unsigned char block __attribute__((vector_size(16)));
#define LANE_MAX 255

/* LFs among the n bytes at s, but not those behind a CR; s[-1] is read. */
static size_t
bare_lfs(const char *s, size_t n)
{
	const block lf = (block){ 0 } + '\n', cr = (block){ 0 } + '\r';
	size_t found = 0;

	while (n >= sizeof(block)) {
		block lanes = { 0 }, here, before;

		for (int i = 0; i < LANE_MAX && n >= sizeof(block); i++) {
			memcpy(&here, s, sizeof(here));
			memcpy(&before, s - 1, sizeof(before));
			lanes -= (block)((here == lf) & (before != cr));
			s += sizeof(block);
			n -= sizeof(block);
		}
		for (size_t i = 0; i < sizeof(block); i++)
			found += lanes[i];
	}
	for (; n > 0; s++, n--)
		found += *s == '\n' && s[-1] != '\r';
	return found;
}

void
crlf_count(struct crlf_count *c, const char *s, size_t n)
{
	if (n == 0)
		return;
	c->octets += n + (*s == '\n' && c->last != '\r');
	c->octets += bare_lfs(s + 1, n - 1);
	c->last = s[n - 1];
}

void
crlf_count_end(struct crlf_count *c)
{
	if (c->octets > 0 && c->last != '\n')
		c->octets += 2;
}
