/*
 * order: the order of the messages of a maildrop.  In pop3-mailbox; pure.
 *
 * Nearly all names begin with a time of their own, so the times are sorted as
 * plain numbers, and only messages of one second are compared by their names.
 */
#include <stdlib.h>
#include <string.h>

#include "pop3d/order.h"

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

static int
compare_keys(const void *pa, const void *pb)
{
	const struct key *a = pa, *b = pb;

	return (a->seconds > b->seconds) - (a->seconds < b->seconds);
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
		if (i > start + 1)
			qsort(m + start, i - start, sizeof(*m), compare_rest);
		start = i;
	}
}

void
order_messages(struct message *m, size_t n)
{
	struct key *keys = calloc(n, sizeof(*keys));
	struct message *copy = calloc(n, sizeof(*copy));

	if (n > 1 && keys != NULL && copy != NULL) {
		for (size_t i = 0; i < n; i++)
			keys[i] =
			    (struct key){ filename_seconds(m[i].base), i };
		qsort(keys, n, sizeof(*keys), compare_keys);
		arrange(m, copy, keys, n);
	} else if (n > 1)
		qsort(m, n, sizeof(*m), compare);
	free(copy);
	free(keys);
}
