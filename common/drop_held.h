/*
 * drop_held: files of drop/ that are left alone for a while.
 */
#ifndef COMMON_DROP_HELD_H
#define COMMON_DROP_HELD_H

#include <stdbool.h>
#include <stddef.h>

#include "common/deadline.h"
#include "common/drop_name.h"

#define DROP_HELD_MOST 1000
#define DROP_HELD_TIME 3600 /* seconds */

/* All zero: none. */
struct drop_held {
	struct {
		char name[DROP_NAME + 1]; /* "" for none */
		deadline_t until;
	} files[DROP_HELD_MOST];
	size_t next; /* the place that was taken longest ago */
};

/* From now on for DROP_HELD_TIME, or until as many others came. */
void drop_held_add(struct drop_held *, const char *name);

bool drop_held_has(const struct drop_held *, const char *name);

/* Whether another has a place without one of them losing it. */
bool drop_held_room(const struct drop_held *);

#endif
