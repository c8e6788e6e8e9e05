/*
 * map_session: who asks mapd (msg_map.h).
 */
#ifndef COMMON_MAP_SESSION_H
#define COMMON_MAP_SESSION_H

#include <sys/types.h>

#include "common/map_lookup.h"
#include "common/server.h"

#define MAP_ASKERS 4 /* users besides root */

/* What all sessions have in common; server.data points to one. */
struct map_sessions {
	struct map_lookups *lookups;
	uid_t askers[MAP_ASKERS]; /* who may ask, besides root */
};

/* For struct server. */
bool map_session_allowed(const struct server *, uid_t);
void map_session_opened(struct peer *);
extern const struct peer_ops map_session_ops;

#endif
