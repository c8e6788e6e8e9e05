/*
 * mbox_quote: From lines that are none.
 *
 * Part of pipe, which runs as a Unix user or postrider-pipe; a pure automaton.
 * The bytes are strangers'; time is linear.
 */
#include <string.h>

#include "delivery/mbox_quote.h"

static const char from[] = "From ";
#define FROM_LEN (sizeof(from) - 1)

void
mbox_quote_init(struct mbox_quote *q)
{
	*q = (struct mbox_quote){ .start = true, .last = '\n' };
}

/* Where a line begins: what may become "From " is held back. */
static size_t
take_start(struct mbox_quote *q, char c, char *out)
{
	size_t n = 0;

	if (c == '>' && q->matched == 0) {
		out[n++] = c; /* one more of them is the same anywhere */
		return n;
	}
	if (c == from[q->matched] && ++q->matched < FROM_LEN)
		return 0;
	if (q->matched == FROM_LEN)
		out[n++] = '>';
	memcpy(out + n, from, q->matched);
	n += q->matched;
	if (q->matched < FROM_LEN)
		out[n++] = c;
	q->start = q->matched < FROM_LEN && c == '\n';
	q->matched = 0;
	return n;
}

/* The rest of a line, or as much of it as there is; *n of its bytes. */
static size_t
take_rest(struct mbox_quote *q, const char *in, size_t *n, char *out)
{
	const char *lf = memchr(in, '\n', *n);

	if (lf != NULL) {
		*n = (size_t)(lf - in) + 1;
		q->start = true;
	}
	memcpy(out, in, *n);
	return *n;
}

size_t
mbox_quote(struct mbox_quote *q, const char *in, size_t n, char *out)
{
	size_t len = 0, took;

	for (size_t i = 0; i < n; i += took) {
		if (q->start) {
			took = 1;
			len += take_start(q, in[i], out + len);
		} else {
			took = n - i;
			len += take_rest(q, in + i, &took, out + len);
		}
	}
	if (len > 0)
		q->last = out[len - 1];
	return len;
}

size_t
mbox_quote_end(struct mbox_quote *q, char *out)
{
	size_t len = q->matched;

	memcpy(out, from, q->matched);
	if (len > 0)
		q->last = out[len - 1];
	if (q->last != '\n')
		out[len++] = '\n';
	mbox_quote_init(q);
	return len;
}
