/*
 * hurry: destinations that can be reached again.  In queued; memory only.
 */
#include <stdlib.h>

#include "queue/hurry.h"

struct hurry {
	RB_ENTRY(hurry) by_dest;
	TAILQ_ENTRY(hurry) in_order;
	uint32_t dest;
	uint64_t last; /* step */
	int64_t next, each;
};

static int
compare(const struct hurry *a, const struct hurry *b)
{
	return (a->dest > b->dest) - (a->dest < b->dest);
}

#define LOCAL __attribute__((unused)) static
RB_GENERATE_INTERNAL(hurry_tree, hurry, by_dest, compare, LOCAL)

void
hurries_init(struct hurries *s)
{
	RB_INIT(&s->all);
	TAILQ_INIT(&s->order);
	s->steps = 0;
	s->at = 0;
}

static void
forget(struct hurries *s, struct hurry *h)
{
	RB_REMOVE(hurry_tree, &s->all, h);
	TAILQ_REMOVE(&s->order, h, in_order);
	free(h);
}

void
hurries_clear(struct hurries *s)
{
	struct hurry *h;

	while ((h = TAILQ_FIRST(&s->order)) != NULL)
		forget(s, h);
}

bool
hurries_any(const struct hurries *s)
{
	return !TAILQ_EMPTY(&s->order);
}

static struct hurry *
find(struct hurries *s, uint32_t dest)
{
	struct hurry key = { .dest = dest };

	return RB_FIND(hurry_tree, &s->all, &key);
}

void
hurries_add(struct hurries *s, const struct entries *all, uint32_t dest,
    int64_t now, int64_t each)
{
	struct hurry *h = find(s, dest);

	if (h != NULL)
		TAILQ_REMOVE(&s->order, h, in_order);
	else if ((h = calloc(1, sizeof(*h))) == NULL)
		return;
	else {
		h->dest = dest;
		h->next = now;
		RB_INSERT(hurry_tree, &s->all, h);
	}
	h->each = each;
	h->last = s->steps + entries_numbers(all);
	TAILQ_INSERT_TAIL(&s->order, h, in_order);
}

struct entry *
hurries_step(
    struct hurries *s, const struct entries *all, int64_t now, int64_t *due)
{
	struct entry *e;
	struct hurry *h;

	s->at = s->at < entries_numbers(all) ? s->at + 1 : 1;
	s->steps++;
	e = entries_used(all, s->at);
	if (e != NULL && e->state == ENTRY_WAITING && e->due > now &&
	    (h = find(s, e->dest)) != NULL) {
		*due = h->next > now ? h->next : now;
		if (*due < e->due)
			h->next = *due + h->each;
		else
			e = NULL;
	} else
		e = NULL;
	while ((h = TAILQ_FIRST(&s->order)) != NULL && h->last <= s->steps)
		forget(s, h);
	return e;
}
