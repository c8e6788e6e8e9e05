/*
 * map_cdb: a source that is a CDB file.
 */
#ifndef COMMON_MAP_CDB_H
#define COMMON_MAP_CDB_H

#include <stdbool.h>

#include "common/cdb_open.h"
#include "common/map_source.h"
#include "common/tables_fresh.h"

struct map_cdb {
	struct cdb cdb;
	bool open; /* else it cannot be used, for this: */
	struct cdb_fault fault;
	struct tables_mark seen; /* before it was opened */
};

/* Opens it; that it cannot be used shows when something is looked up. */
void map_cdb_open(struct map_cdb *, const char *path);
void map_cdb_close(struct map_cdb *);

/* Opens it again if it is another one by now. */
void map_cdb_refresh(struct map_cdb *, const char *path);

/*
 * Copies a key's value, without the NUL or line end at its end; TABLES_BROKEN
 * with fault for a file that cannot be used, or a value that is none: with a
 * NUL inside, or over MAP_VALUE_MAX.
 */
enum tables_result map_cdb_get(struct map_cdb *, const char *path,
    const char *key, char value[MAP_VALUE_MAX + 1]);

#endif
