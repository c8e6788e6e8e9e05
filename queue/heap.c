/*
 * heap: entries of the schedule by the time they are due.  In queued; memory
 * only.
 */
#include "queue/heap.h"

bool
heap_reserve(struct heap *h, size_t n)
{
	size_t room = h->room != 0 ? h->room : 64;
	struct entry **at;

	while (room < n)
		room *= 2;
	if (room == h->room)
		return true;
	if ((at = reallocarray(h->at, room, sizeof(*at))) == NULL)
		return false;
	h->at = at;
	h->room = room;
	return true;
}

static void
put(struct heap *h, size_t i, struct entry *e)
{
	h->at[i] = e;
	e->link.heap = i;
}

/* Moves e from place i towards the root as far as it is earlier. */
static size_t
rise(struct heap *h, size_t i, struct entry *e)
{
	size_t parent;

	for (; i > 0; i = parent) {
		parent = (i - 1) / 2;
		if (h->at[parent]->due <= e->due)
			break;
		put(h, i, h->at[parent]);
	}
	put(h, i, e);
	return i;
}

static void
sink(struct heap *h, size_t i, struct entry *e)
{
	size_t child;

	while ((child = 2 * i + 1) < h->n) {
		if (child + 1 < h->n &&
		    h->at[child + 1]->due < h->at[child]->due)
			child++;
		if (h->at[child]->due >= e->due)
			break;
		put(h, i, h->at[child]);
		i = child;
	}
	put(h, i, e);
}

void
heap_insert(struct heap *h, struct entry *e)
{
	(void)rise(h, h->n++, e); /* where it ends does not matter */
}

void
heap_remove(struct heap *h, struct entry *e)
{
	size_t i = e->link.heap;
	struct entry *last = h->at[--h->n];

	if (last != e && rise(h, i, last) == i)
		sink(h, i, last);
}

struct entry *
heap_first(const struct heap *h)
{
	return h->n > 0 ? h->at[0] : NULL;
}

void
heap_free(struct heap *h)
{
	free(h->at);
	h->at = NULL;
	h->n = h->room = 0;
}
