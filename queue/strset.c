/*
 * strset: a set of strings.  In queued; memory only.
 */
#include <stdint.h>
#include <string.h>

#include "queue/strset.h"

struct strset_member {
	RB_ENTRY(strset_member) link;
	char *s; /* owned */
	size_t value;
};

static int
compare(const struct strset_member *a, const struct strset_member *b)
{
	return strcmp(a->s, b->s);
}

#define LOCAL __attribute__((unused)) static
RB_GENERATE_INTERNAL(strset_tree, strset_member, link, compare, LOCAL)

void
strset_init(struct strset *set)
{
	RB_INIT(&set->tree);
	set->n = 0;
}

enum strset_result
strset_add(struct strset *set, const char *s)
{
	struct strset_member *m = calloc(1, sizeof(*m));

	if (m == NULL || (m->s = strdup(s)) == NULL) {
		free(m);
		return STRSET_MEMORY;
	}
	if (RB_INSERT(strset_tree, &set->tree, m) == NULL) {
		set->n++;
		return STRSET_ADDED;
	}
	free(m->s);
	free(m);
	return STRSET_PRESENT;
}

size_t *
strset_value(struct strset *set, const char *s)
{
	/* The key's copy is not touched. */
	struct strset_member *m, key = { .s = (char *)(uintptr_t)s };

	m = RB_FIND(strset_tree, &set->tree, &key);
	return m != NULL ? &m->value : NULL;
}

void
strset_free(struct strset *set)
{
	struct strset_member *m;

	while ((m = RB_MIN(strset_tree, &set->tree)) != NULL) {
		RB_REMOVE(strset_tree, &set->tree, m);
		free(m->s);
		free(m);
	}
	set->n = 0;
}
