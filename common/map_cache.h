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
 * ms that an answer is kept which was long in coming, and again after each use,
 * up to the second.  Who had asked asks again when the message is tried again;
 * and he needs the answers to several questions, one after another.
 */
#define MAP_CACHE_SLOW 900000
#define MAP_CACHE_SLOW_ALL 3600000
#define MAP_CACHE_MOST (8UL * 1024 * 1024) /* bytes of all */

struct map_cache;

struct map_key {
	const char *source, *key;
};

struct map_cache *map_cache_new(void); /* NULL without memory */
void map_cache_free(struct map_cache *);

/*
 * Remembers a reply to a key of a source, as of now; without memory it does
 * not.  slow: it was long in coming.
 */
void map_cache_put(struct map_cache *, const struct map_key *,
    const struct map_reply *, bool slow, deadline_t now);

/* False when there is none, or none any more. */
bool map_cache_get(struct map_cache *, const struct map_key *, deadline_t now,
    struct map_reply *);

/* Forgets all of it: the sources are other ones. */
void map_cache_clear(struct map_cache *);

#endif
