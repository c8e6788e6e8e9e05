/*
 * map_names: asking dnsd where servers of the socketmap protocol are.
 */
#ifndef COMMON_MAP_NAMES_H
#define COMMON_MAP_NAMES_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

/* Asks dnsd for names: one connection for all. */
struct map_names;

/* Connects when it must; NULL without memory. */
struct map_names *map_names_new(struct event_base *, const char *run_dir);
void map_names_free(struct map_names *);

#define MAP_ADDRESSES 4 /* of one name; more are not used */

/* n is 0 when there is no address now, for that reason. */
typedef void map_names_told(
    void *arg, const char *const ips[], size_t n, const char *why);

/*
 * Never tells before it returns; once for each question.  False with the reason
 * when there will be no answer.
 */
bool map_names_ask(struct map_names *, const char *name, map_names_told *,
    void *arg, const char **why);
/* Who asked with this is not told any more. */
void map_names_forget(struct map_names *, const void *arg);

#endif
