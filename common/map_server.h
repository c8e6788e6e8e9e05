/*
 * map_server: one server of the socketmap protocol, and the questions to it.
 */
#ifndef COMMON_MAP_SERVER_H
#define COMMON_MAP_SERVER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/map_address.h"
#include "common/map_link.h"
#include "common/map_names.h"

#define MAP_LINKS 4         /* connections to one server at once */
#define MAP_QUEUE 400       /* questions to one server that wait for one */
#define MAP_DOWN_FIRST 1000 /* ms that a server that failed is not asked */
#define MAP_DOWN_MOST 15000 /* ms, after failure upon failure */

struct map_server;

/* NULL without memory. */
struct map_server *map_server_new(
    struct event_base *, struct map_names *, const struct map_source *);
/* Who waits is told MAP_LATER. */
void map_server_free(struct map_server *);

/* Whether it is the one behind that source, under whatever name. */
bool map_server_is(const struct map_server *, const struct map_source *);

struct map_question {
	const char *name, *key; /* a table's, and what is looked up in it */
	/* Called once for each, never from map_server_ask(). */
	void (*told)(void *arg, const struct map_reply *);
	void *arg;
};

/*
 * False with the reason when it is not asked: it is down, or too much is asked
 * of it.
 */
bool map_server_ask(
    struct map_server *, const struct map_question *, struct map_reply *);

/* Whether its last word was a failure; why, then. */
bool map_server_down(const struct map_server *, const char **why);
/* "unix:/path" or "inet:host:port". */
const char *map_server_text(const struct map_server *);

#endif
