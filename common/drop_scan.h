/*
 * drop_scan: which files of drop/ are to be submitted next.
 */
#ifndef COMMON_DROP_SCAN_H
#define COMMON_DROP_SCAN_H

#include <sys/stat.h>
#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#include "common/drop_name.h"

#define DROP_SCAN_MOST 1000

/*
 * A bounded choice of what one walk through the directory has found.  When
 * there is more, those who have much make room for those who have little.
 */
struct drop_scan {
	struct drop_found {
		char name[DROP_NAME + 1];
		uid_t uid;
		off_t size; /* bytes */
	} found[DROP_SCAN_MOST];
	size_t count;
	bool more; /* some were left out: walk again */
};

void drop_scan_clear(struct drop_scan *);
bool drop_scan_has(const struct drop_scan *, const char *name);
void drop_scan_add(struct drop_scan *, const char *name, const struct stat *);

/*
 * Takes the file out that was left first among those whose users may have
 * another process now; false when there is none.
 */
bool drop_scan_take(struct drop_scan *, bool (*may)(uid_t, void *), void *arg,
    struct drop_found *);

#endif
