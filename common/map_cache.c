/*
 * map_cache: what servers said a short while ago.  In mapd; memory only, with
 * a bound: who was not asked for longest goes first.
 */
#include <sys/queue.h>

#include <bsd/sys/tree.h>

#include <stdlib.h>
#include <string.h>

#include "common/map_cache.h"

struct row {
	RB_ENTRY(row) in_order;
	TAILQ_ENTRY(row) by_use;
	enum map_status status;
	bool slow;       /* it was long in coming: */
	deadline_t last; /* kept until then at most */
	deadline_t until;
	size_t size;      /* of all of this */
	const char *said; /* value or text, behind the name */
	char name[];      /* key, "\n", source */
};

RB_HEAD(rows, row);

struct map_cache {
	struct rows rows;
	TAILQ_HEAD(row_list, row) by_use; /* the last one first */
	size_t bytes;
};

static int
compare(const struct row *a, const struct row *b)
{
	return strcmp(a->name, b->name);
}

#define LOCAL __attribute__((unused)) static
RB_GENERATE_INTERNAL(rows, row, in_order, compare, LOCAL)

struct map_cache *
map_cache_new(void)
{
	struct map_cache *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	RB_INIT(&c->rows);
	TAILQ_INIT(&c->by_use);
	return c;
}

static void
drop(struct map_cache *c, struct row *r)
{
	(void)RB_REMOVE(rows, &c->rows, r); /* it is there */
	TAILQ_REMOVE(&c->by_use, r, by_use);
	c->bytes -= r->size;
	free(r);
}

void
map_cache_clear(struct map_cache *c)
{
	struct row *r;

	while ((r = TAILQ_FIRST(&c->by_use)) != NULL)
		drop(c, r);
}

void
map_cache_free(struct map_cache *c)
{
	map_cache_clear(c);
	free(c);
}

/* A row with its name, and room for so much more; NULL without memory. */
static struct row *
row_new(const struct map_key *name, size_t more)
{
	size_t k = strlen(name->key), s = strlen(name->source);
	size_t size = sizeof(struct row) + k + 1 + s + 1 + more;
	struct row *r = calloc(1, size);

	if (r == NULL)
		return NULL;
	r->size = size;
	memcpy(r->name, name->key, k);
	r->name[k] = '\n';
	memcpy(r->name + k + 1, name->source, s);
	r->said = r->name + k + 1 + s + 1;
	return r;
}

static struct row *
find(struct map_cache *c, const struct map_key *name)
{
	struct row *want = row_new(name, 0), *found;

	if (want == NULL)
		return NULL;
	found = RB_FIND(rows, &c->rows, want);
	free(want);
	return found;
}

static int64_t
life(enum map_status status)
{
	switch (status) {
	case MAP_FOUND:
		return MAP_CACHE_FOUND;
	case MAP_NONE:
		return MAP_CACHE_NONE;
	case MAP_LATER:
		break;
	}
	return MAP_CACHE_LATER;
}

void
map_cache_put(struct map_cache *c, const struct map_key *name,
    const struct map_reply *reply, bool slow, deadline_t now)
{
	const char *said =
	    reply->status == MAP_FOUND ? reply->value : reply->text;
	struct row *r = find(c, name);

	if (r != NULL)
		drop(c, r);
	if ((r = row_new(name, strlen(said) + 1)) == NULL)
		return;
	memcpy(r->name + (r->said - r->name), said, strlen(said) + 1);
	r->status = reply->status;
	/* A failure that nobody has heard of is of no use later. */
	r->slow = slow && reply->status != MAP_LATER;
	r->last = now + MAP_CACHE_SLOW_ALL;
	r->until = now + (r->slow ? MAP_CACHE_SLOW : life(r->status));
	(void)RB_INSERT(rows, &c->rows, r); /* it was not there */
	TAILQ_INSERT_HEAD(&c->by_use, r, by_use);
	c->bytes += r->size;
	while (c->bytes > MAP_CACHE_MOST)
		drop(c, TAILQ_LAST(&c->by_use, row_list));
}

bool
map_cache_get(struct map_cache *c, const struct map_key *name, deadline_t now,
    struct map_reply *reply)
{
	struct row *r = find(c, name);

	if (r == NULL)
		return false;
	if (now >= r->until) {
		drop(c, r);
		return false;
	}
	if (r->slow)
		r->until = now + MAP_CACHE_SLOW < r->last ? now + MAP_CACHE_SLOW
							  : r->last;
	TAILQ_REMOVE(&c->by_use, r, by_use);
	TAILQ_INSERT_HEAD(&c->by_use, r, by_use);
	reply->status = r->status;
	reply->value[0] = reply->text[0] = '\0';
	memcpy(r->status == MAP_FOUND ? reply->value : reply->text, r->said,
	    strlen(r->said) + 1);
	return true;
}
