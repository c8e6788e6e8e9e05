/*
 * tables_fresh: compiled tables in a long-lived daemon, opened again when the
 * file was replaced.
 */
#ifndef COMMON_TABLES_FRESH_H
#define COMMON_TABLES_FRESH_H

#include <sys/types.h>

#include <stdbool.h>
#include <time.h>

#include "common/tables.h"

#define FRESH_PATH 1000 /* bytes of a path */

/* What tells one published file from the next. */
struct tables_mark {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime;
};

struct tables_fresh {
	char path[FRESH_PATH + 1];
	struct tables tables;
	bool open;
	bool looked;
	struct tables_mark seen; /* also of a file that could not be used */
};

/* Opens nothing yet; false if the path is too long. */
bool tables_fresh_init(struct tables_fresh *, const char *path);

/*
 * The newest usable state of the file, in memory; NULL as long as there was
 * none.  A file that cannot be used is logged once and the state before it
 * stays.  What an earlier call returned, and pointers into it, end here.
 */
struct tables *tables_fresh_get(struct tables_fresh *);

void tables_fresh_close(struct tables_fresh *);

#endif
