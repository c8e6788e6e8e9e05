/*
 * conf_map: names with values and lines, over tsearch(3).
 *
 * In postrider(8), with the administrator's rights.  Memory only.
 */
#include <search.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/near.h"
#include "queue/conf_map.h"

#define CANDIDATES 1000

static int
by_key(const void *a, const void *b)
{
	const struct conf_entry *x = a, *y = b;

	return strcmp(x->key, y->key);
}

/* Some are what accounts log in with. */
static void
wipe(char *value)
{
	if (value != NULL)
		explicit_bzero(value, strlen(value));
	free(value);
}

static void
entry_free(void *p)
{
	struct conf_entry *e = p;

	if (e == NULL)
		return;
	free(e->key_memory);
	wipe(e->value_memory);
	free(e);
}

static struct conf_entry *
entry_new(const char *key, const char *value, size_t line)
{
	struct conf_entry *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->key = e->key_memory = strdup(key);
	e->value = e->value_memory = strdup(value);
	e->line = line;
	if (e->key != NULL && e->value != NULL)
		return e;
	entry_free(e);
	return NULL;
}

struct conf_entry *
conf_map_add(struct conf_map *m, const char *key, const char *value,
    size_t line, bool *added)
{
	struct conf_entry *e = entry_new(key, value, line), **at;

	*added = false;
	if (e == NULL)
		return NULL;
	at = tsearch(e, &m->root, by_key);
	if (at == NULL || *at != e) {
		entry_free(e);
		return at == NULL ? NULL : *at;
	}
	m->count++;
	*added = true;
	return e;
}

bool
conf_map_set(struct conf_entry *e, const char *value, size_t line)
{
	char *copy = strdup(value);

	if (copy == NULL)
		return false;
	wipe(e->value_memory);
	e->value = e->value_memory = copy;
	e->line = line;
	return true;
}

const struct conf_entry *
conf_map_get(const struct conf_map *m, const char *key)
{
	const struct conf_entry want = { .key = key };
	struct conf_entry **at;

	at = tfind(&want, &m->root, by_key);
	return at == NULL ? NULL : *at;
}

struct walk {
	bool (*fn)(const struct conf_entry *, void *);
	void *arg;
	bool going;
};

static void
visit(const void *node, VISIT which, void *closure)
{
	struct conf_entry *const *at = node;
	struct walk *w = closure;

	if ((which == postorder || which == leaf) && w->going)
		w->going = w->fn(*at, w->arg);
}

bool
conf_map_each(const struct conf_map *m,
    bool (*fn)(const struct conf_entry *, void *), void *arg)
{
	struct walk w = { fn, arg, true };

	twalk_r(m->root, visit, &w);
	return w.going;
}

static bool
nearer(const struct conf_entry *e, void *arg)
{
	near_offer(arg, e->key);
	return true;
}

const char *
conf_map_nearest(const struct conf_map *m, const char *key)
{
	struct near n;

	near_init(&n, key);
	if (m->count <= CANDIDATES)
		(void)conf_map_each(m, nearer, &n);
	return n.best;
}

void
conf_map_free(struct conf_map *m)
{
	tdestroy(m->root, entry_free);
	m->root = NULL;
	m->count = 0;
}
