/*
 * map_keep: values of sources, kept for who was told of them.
 */
#ifndef COMMON_MAP_KEEP_H
#define COMMON_MAP_KEEP_H

#include <sys/queue.h>

#include <stddef.h>

#define MAP_KEEP_MAX (16UL * 1024 * 1024) /* bytes of all */

struct map_kept;

struct map_keep {
	SLIST_HEAD(, map_kept) all;
	size_t bytes;
};

void map_keep_init(struct map_keep *);

/* A copy, until map_keep_clear(); NULL without memory or room. */
const char *map_keep(struct map_keep *, const char *);
void map_keep_clear(struct map_keep *);

#endif
