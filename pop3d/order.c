/*
 * order: the order of the messages of a maildrop.  In pop3-mailbox; pure.
 *
 * Nearly all names begin with a time of their own, so the times are sorted as
 * plain numbers, and only messages of one second are compared by their names.
 */
#include <stdlib.h>
#include <string.h>

#include "pop3d/order.h"

#define FEW 16 /* so many are put in order one by one */

struct key {
	uint64_t seconds;
	size_t index; /* of the message */
};

/* For messages of one second. */
static int
compare_rest(const void *pa, const void *pb)
{
	const struct message *a = pa, *b = pb;
	int r = filename_compare_rest(a->base, b->base);

	if (r != 0)
		return r;
	if (a->sub != b->sub)
		return a->sub < b->sub ? -1 : 1;
	return strcmp(a->info, b->info);
}

static int
compare(const void *pa, const void *pb)
{
	const struct message *a = pa, *b = pb;
	uint64_t sa = filename_seconds(a->base);
	uint64_t sb = filename_seconds(b->base);

	if (sa != sb)
		return sa < sb ? -1 : 1;
	return compare_rest(pa, pb);
}

static void
order_second(struct message *m, size_t n)
{
	struct message one;
	size_t at;

	if (n > FEW) {
		qsort(m, n, sizeof(*m), compare_rest);
		return;
	}
	for (size_t i = 1; i < n; i++) {
		one = m[i];
		for (at = i; at > 0 && compare_rest(&one, &m[at - 1]) < 0; at--)
			m[at] = m[at - 1];
		m[at] = one;
	}
}

/* By the byte at shift; what was in order stays so. */
static void
order_byte(const struct key *in, struct key *out, size_t n, int shift)
{
	size_t at[256] = { 0 }, sum = 0, count;

	for (size_t i = 0; i < n; i++)
		at[in[i].seconds >> shift & 0xff]++;
	for (int b = 0; b < 256; b++) {
		count = at[b];
		at[b] = sum;
		sum += count;
	}
	for (size_t i = 0; i < n; i++)
		out[at[in[i].seconds >> shift & 0xff]++] = in[i];
}

/* Returns the one of the two that holds the keys in order. */
static struct key *
order_keys(struct key *keys, struct key *other, size_t n)
{
	uint64_t differ = 0;
	struct key *t;

	for (size_t i = 1; i < n; i++)
		differ |= keys[i].seconds ^ keys[0].seconds;
	for (int shift = 0; shift < 64; shift += 8) {
		if ((differ >> shift & 0xff) == 0)
			continue;
		order_byte(keys, other, n, shift);
		t = keys;
		keys = other;
		other = t;
	}
	return keys;
}

/* m in the order of the keys, from a copy. */
static void
arrange(
    struct message *m, struct message *copy, const struct key *keys, size_t n)
{
	size_t start = 0;

	memcpy(copy, m, n * sizeof(*m));
	for (size_t i = 0; i < n; i++)
		m[i] = copy[keys[i].index];
	for (size_t i = 1; i <= n; i++) {
		if (i < n && keys[i].seconds == keys[start].seconds)
			continue;
		order_second(m + start, i - start);
		start = i;
	}
}

void
order_messages(struct message *m, size_t n)
{
	struct key *keys = calloc(n, 2 * sizeof(*keys));
	struct message *copy = calloc(n, sizeof(*copy));

	if (n > 1 && keys != NULL && copy != NULL) {
		for (size_t i = 0; i < n; i++)
			keys[i] =
			    (struct key){ filename_seconds(m[i].base), i };
		arrange(m, copy, order_keys(keys, keys + n, n), n);
	} else if (n > 1)
		qsort(m, n, sizeof(*m), compare);
	free(copy);
	free(keys);
}
