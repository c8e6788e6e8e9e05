/*
 * map_cache: what servers said a short while ago.
 */
#ifndef COMMON_MAP_CACHE_H
#define COMMON_MAP_CACHE_H

#include "common/deadline.h"
#include "common/map_wire.h"

#define MAP_CACHE_FOUND 10000 /* ms */
#define MAP_CACHE_NONE 5000   /* ms */
#define MAP_CACHE_LATER 1000  /* ms */
/*
 * ms that an answer is kept which came too late for who had asked: he asks
 * again when the message is tried again.
 */
#define MAP_CACHE_UNTOLD 900000
#define MAP_CACHE_MOST (8UL * 1024 * 1024) /* bytes of all */

struct map_cache;

struct map_key {
	const char *source, *key;
};

struct map_cache *map_cache_new(void); /* NULL without memory */
void map_cache_free(struct map_cache *);

/*
 * Remembers a reply to a key of a source, as of now; without memory it does
 * not.  told: somebody has heard it already.
 */
void map_cache_put(struct map_cache *, const struct map_key *,
    const struct map_reply *, bool told, deadline_t now);

/* False when there is none, or none any more. */
bool map_cache_get(struct map_cache *, const struct map_key *, deadline_t now,
    struct map_reply *);

/* Forgets all of it: the sources are other ones. */
void map_cache_clear(struct map_cache *);

#endif
