/*
 * map_keep: values of sources, kept for who was told of them.  Library code;
 * memory only.
 */
#include <stdlib.h>
#include <string.h>

#include "common/map_keep.h"

struct map_kept {
	SLIST_ENTRY(map_kept) next;
	char text[];
};

void
map_keep_init(struct map_keep *k)
{
	SLIST_INIT(&k->all);
	k->bytes = 0;
}

const char *
map_keep(struct map_keep *k, const char *text)
{
	size_t n = sizeof(struct map_kept) + strlen(text) + 1;
	struct map_kept *one;

	if (n > MAP_KEEP_MAX - k->bytes || (one = malloc(n)) == NULL)
		return NULL;
	memcpy(one->text, text, n - sizeof(*one));
	SLIST_INSERT_HEAD(&k->all, one, next);
	k->bytes += n;
	return one->text;
}

void
map_keep_clear(struct map_keep *k)
{
	struct map_kept *one;

	while ((one = SLIST_FIRST(&k->all)) != NULL) {
		SLIST_REMOVE_HEAD(&k->all, next);
		free(one);
	}
	k->bytes = 0;
}
