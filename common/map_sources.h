/*
 * map_sources: where to look for what the compiled tables do not have.
 */
#ifndef COMMON_MAP_SOURCES_H
#define COMMON_MAP_SOURCES_H

#include "common/tables.h"

struct map_sources;

/*
 * Those of the rows TABLES_SOURCES of the tables; NULL when the rows are
 * damaged, or without memory.  A source that cannot be used now is none of
 * these.
 */
struct map_sources *map_sources_new(struct tables *);
void map_sources_free(struct map_sources *); /* NULL is fine */

/*
 * Tells each source, in order, until fn returns false; false then, or when the
 * rows are damaged.
 */
typedef bool map_source_told(void *arg, enum tables_space, const char *source);
bool map_sources_each(struct tables *, map_source_told *, void *arg);

/* What tables_refresh(), tables_connect() and tables_sources() say. */
void map_sources_refresh(struct map_sources *);
void map_sources_connect(struct map_sources *);
bool map_sources_of(const struct map_sources *, enum tables_space);

/*
 * Looks space and key up, and fills in the rest.  TABLES_BROKEN when a source
 * has no answer: those behind it are not asked.
 */
void map_sources_get(struct map_sources *, struct tables_look *);

#endif
