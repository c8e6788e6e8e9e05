/*
 * pool_key: what tells pools apart.  In queued; memory only.
 */
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "queue/pool.h"

int
pool_compare(const struct pool *a, const struct pool *b)
{
	int r = strcmp(a->name, b->name);

	if (r != 0)
		return r;
	if (a->program != b->program)
		return a->program > b->program ? 1 : -1;
	if (a->away.tls != b->away.tls)
		return a->away.tls > b->away.tls ? 1 : -1;
	if (a->away.routed != b->away.routed)
		return a->away.routed - b->away.routed;
	return a->away.credentials - b->away.credentials;
}

#define LOCAL __attribute__((unused)) static
RB_GENERATE_INTERNAL(pool_tree, pool, by_key, pool_compare, LOCAL)

struct pool_key
pool_key_of(const struct route *r)
{
	return (struct pool_key){ r->program, r->pool, r->away };
}

struct pool
pool_as_key(const struct pool_key *k)
{
	struct pool p = { .program = k->program, .away = k->away };

	strlcpy(p.name, k->name, sizeof(p.name));
	return p;
}

struct pool *
pool_from(struct pool_tree *tree, const struct pool_key *k)
{
	struct pool key = pool_as_key(k);

	return RB_NFIND(pool_tree, tree, &key);
}

bool
pool_is(const struct pool *p, const struct pool_key *k)
{
	struct pool key = pool_as_key(k);

	return pool_compare(p, &key) == 0;
}

struct pool *
pool_get(const struct pool_tree *tree, const struct pool_key *k)
{
	struct pool key = pool_as_key(k);

	/* The macro's function could change the tree, and does not. */
	return RB_FIND(pool_tree, (struct pool_tree *)(uintptr_t)tree, &key);
}

struct pool *
pool_find(struct pool_tree *tree, const struct pool_key *k)
{
	struct pool *p = pool_get(tree, k);

	if (p != NULL)
		return p;
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return NULL;
	strlcpy(p->name, k->name, sizeof(p->name));
	p->program = k->program;
	p->away = k->away;
	RB_INIT(&p->shares);
	TAILQ_INIT(&p->turns);
	TAILQ_INIT(&p->suspects);
	LIST_INIT(&p->agents);
	RB_INSERT(pool_tree, tree, p);
	return p;
}

struct pool *
pool_after(struct pool_tree *tree, struct pool *p)
{
	return p == NULL ? RB_MIN(pool_tree, tree)
			 : RB_NEXT(pool_tree, tree, p);
}

bool
pool_tidy(struct pool_tree *tree, struct pool *p)
{
	if (p->waiting > 0 || p->nagents > 0 || p->failures > 0 ||
	    p->stalls > 0 || p->is_awake || p->is_starving)
		return false;
	RB_REMOVE(pool_tree, tree, p);
	free(p);
	return true;
}
