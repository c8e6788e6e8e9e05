/*
 * heap: entries of the schedule by the time they are due.  In queued; memory
 * only.
 */
#include <stdlib.h>

#include "queue/heap.h"

bool
heap_reserve(struct heap *h, size_t n)
{
	size_t room = h->room != 0 ? h->room : 64;
	uint32_t *at;

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

static struct entry *
entry_at(const struct heap *h, size_t i)
{
	return entries_at(h->all, h->at[i]);
}

static void
put(struct heap *h, size_t i, struct entry *e)
{
	h->at[i] = e->number;
	e->at.place = (uint32_t)i;
}

/* Moves e from place i towards the root as far as it is earlier. */
static size_t
rise(struct heap *h, size_t i, struct entry *e)
{
	struct entry *parent;

	for (; i > 0; i = (i - 1) / 2) {
		parent = entry_at(h, (i - 1) / 2);
		if (parent->due <= e->due)
			break;
		put(h, i, parent);
	}
	put(h, i, e);
	return i;
}

static void
sink(struct heap *h, size_t i, struct entry *e)
{
	struct entry *child, *other;
	size_t at;

	while ((at = 2 * i + 1) < h->n) {
		child = entry_at(h, at);
		if (at + 1 < h->n &&
		    (other = entry_at(h, at + 1))->due < child->due) {
			child = other;
			at++;
		}
		if (child->due >= e->due)
			break;
		put(h, i, child);
		i = at;
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
	size_t i = e->at.place;
	struct entry *last = entry_at(h, --h->n);

	if (last != e && rise(h, i, last) == i)
		sink(h, i, last);
}

struct entry *
heap_first(const struct heap *h)
{
	return h->n > 0 ? entry_at(h, 0) : NULL;
}

void
heap_free(struct heap *h)
{
	free(h->at);
	h->at = NULL;
	h->n = h->room = 0;
}
