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
	bool looked;
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime, ctime; /* the second also tells of chmod(2) */
};

/*
 * Whether the file is another than the mark says, or was never looked at, in
 * which case the mark is all zero; afterwards the mark is of the file as it is
 * now.  To be asked before the file is opened: a change in between is seen the
 * next time.
 */
bool tables_changed(const char *path, struct tables_mark *);

struct tables_fresh {
	char path[FRESH_PATH + 1];
	struct tables tables;
	bool open;
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
