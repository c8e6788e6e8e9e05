/*
 * map_lookup: questions to all servers, with what they said before.
 */
#ifndef COMMON_MAP_LOOKUP_H
#define COMMON_MAP_LOOKUP_H

#include <event2/event.h>
#include <stdbool.h>

#include "common/map_wire.h"

#define MAP_OPEN 400 /* questions at once, of all */

struct map_lookups;

/*
 * For the sources of the tables at path, which are looked at again and again;
 * NULL without memory.
 */
struct map_lookups *map_lookups_new(
    struct event_base *, const char *path, const char *run_dir);
void map_lookups_free(struct map_lookups *);

/* Who wants to know what. */
struct map_wish {
	const char *source, *key;
	void (*told)(void *arg, const struct map_reply *);
	void *arg;
};

/*
 * True when the answer is known now, in *r.  Else it is told within MAP_SOON
 * milliseconds: what the server says, or MAP_LATER.  Only sources of the tables
 * are asked.
 */
bool map_lookup(
    struct map_lookups *, const struct map_wish *, struct map_reply *r);
/* Who asked with this is not told any more. */
void map_lookup_forget(struct map_lookups *, const void *arg);

void map_lookups_state(struct map_lookups *, struct msg_map_state *);

#endif
