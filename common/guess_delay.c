/*
 * guess_delay: how long an answer to a login is held back.  In authd; no
 * I/O, no clock, memory for a fixed number of keys.
 */
#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>
#include <bsd/sys/tree.h>

#include "common/guess_delay.h"
#include "common/msg.h"

struct guess {
	char key[LOGIN_MAX + 1];
	unsigned int failures;
	int64_t last;    /* failure */
	int64_t free_at; /* when the next try may be made */
	RB_ENTRY(guess) node;
	TAILQ_ENTRY(guess) age;
};

RB_HEAD(guess_tree, guess);

struct guess_table {
	struct guess_tree tree;
	TAILQ_HEAD(, guess) ages; /* the longest unseen first */
	size_t count, max;
};

static int
compare(const struct guess *a, const struct guess *b)
{
	return strcmp(a->key, b->key);
}

#define LOCAL __attribute__((unused)) static /* of the tree, few are used */
RB_GENERATE_INTERNAL(guess_tree, guess, node, compare, LOCAL)

int64_t
guess_delay(const struct guess_policy *p, unsigned int failures)
{
	int64_t d = p->first;

	if (failures <= p->free)
		return 0;
	failures -= p->free;
	while (--failures > 0 && d < p->most)
		d *= 2;
	return d < p->most ? d : p->most;
}

unsigned int
guess_left(const struct guess_policy *p, unsigned int failures, int64_t elapsed)
{
	int64_t forgotten = elapsed / p->forget;

	if (forgotten < 0)
		return failures;
	return forgotten >= failures ? 0 : failures - (unsigned int)forgotten;
}

struct guess_table *
guess_table_new(size_t max)
{
	struct guess_table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	RB_INIT(&t->tree);
	TAILQ_INIT(&t->ages);
	t->max = max;
	return t;
}

static void
drop(struct guess_table *t, struct guess *g)
{
	RB_REMOVE(guess_tree, &t->tree, g);
	TAILQ_REMOVE(&t->ages, g, age);
	t->count--;
	free(g);
}

void
guess_table_free(struct guess_table *t)
{
	struct guess *g;

	while ((g = TAILQ_FIRST(&t->ages)) != NULL)
		drop(t, g);
	free(t);
}

static struct guess *
find(struct guess_table *t, const char *key)
{
	struct guess want;

	strlcpy(want.key, key, sizeof(want.key)); /* cut alike everywhere */
	return RB_FIND(guess_tree, &t->tree, &want);
}

/* NULL without memory: then this failure is not counted. */
static struct guess *
add(struct guess_table *t, const char *key)
{
	struct guess *g;

	if (t->count >= t->max)
		drop(t, TAILQ_FIRST(&t->ages));
	if ((g = calloc(1, sizeof(*g))) == NULL)
		return NULL;
	strlcpy(g->key, key, sizeof(g->key));
	(void)RB_INSERT(guess_tree, &t->tree, g); /* find() saw none */
	TAILQ_INSERT_TAIL(&t->ages, g, age);
	t->count++;
	return g;
}

/* When the key's next try may be made; forgets a key without failures. */
static int64_t
next_try(struct guess_table *t, const struct guess_policy *p, struct guess *g,
    int64_t now)
{
	if (g == NULL)
		return now;
	if (guess_left(p, g->failures, now - g->last) == 0) {
		drop(t, g);
		return now;
	}
	return g->free_at > now ? g->free_at : now;
}

int64_t
guess_admit(struct guess_table *t, const struct guess_policy *p,
    const char *key, int64_t now)
{
	int64_t at = next_try(t, p, find(t, key), now);
	struct guess *g = find(t, key);

	if (at - now > p->most)
		return GUESS_REFUSE;
	if (g != NULL)
		g->free_at = at +
		    guess_delay(p, guess_left(p, g->failures, now - g->last));
	return at - now;
}

bool
guess_refuses(struct guess_table *t, const struct guess_policy *p,
    const char *key, int64_t now)
{
	return next_try(t, p, find(t, key), now) - now > p->most;
}

int64_t
guess_failed(struct guess_table *t, const struct guess_policy *p,
    const char *key, int64_t now)
{
	struct guess *g = find(t, key);

	if (g == NULL && (g = add(t, key)) == NULL)
		return p->most;
	TAILQ_REMOVE(&t->ages, g, age);
	TAILQ_INSERT_TAIL(&t->ages, g, age);
	g->failures = guess_left(p, g->failures, now - g->last);
	if (g->failures < GUESS_COUNT_MAX)
		g->failures++;
	g->last = now;
	return guess_delay(p, g->failures);
}

size_t
guess_count(const struct guess_table *t)
{
	return t->count;
}
