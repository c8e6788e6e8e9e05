/*
 * cdb_open: one CDB file for reading.
 */
#ifndef COMMON_CDB_OPEN_H
#define COMMON_CDB_OPEN_H

#include <cdb.h>
#include <stdbool.h>

/* What a failure was about: path=.. wanted=.. found=.. */
struct cdb_fault {
	const char *wanted, *found;
};

/*
 * Maps the file; the descriptor, to be closed behind cdb_free(), or -1 with
 * what is wrong.  With copy it is read into memory first, so that nobody can
 * truncate what is mapped.  Waits for no pipe.
 */
int cdb_open(struct cdb *, const char *path, bool copy, struct cdb_fault *);

#endif
