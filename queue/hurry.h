/*
 * hurry: destinations that can be reached again, and a walk over all entries
 * that finds what waits for them, a few at a time: however many there are of
 * either, no step takes long.
 */
#ifndef QUEUE_HURRY_H
#define QUEUE_HURRY_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>

#include "queue/entries.h"

struct hurry;

RB_HEAD(hurry_tree, hurry);

struct hurries {
	struct hurry_tree all;
	TAILQ_HEAD(, hurry) order; /* in which they were added */
	uint64_t steps;            /* of the walk, ever */
	uint32_t at;               /* the number that was looked at last */
};

void hurries_init(struct hurries *);
void hurries_clear(struct hurries *);
bool hurries_any(const struct hurries *);

/*
 * From now on every entry that exists is looked at once for that destination:
 * the first that waits for it may come now, each other one so many milliseconds
 * later.  Without memory they come at their own times.
 */
void hurries_add(struct hurries *, const struct entries *, uint32_t dest,
    int64_t now, int64_t each);

/*
 * One step of the walk, for which there must be any.  When it meets an entry
 * that may come before its time: that entry, and *due; else NULL.
 */
struct entry *hurries_step(
    struct hurries *, const struct entries *, int64_t now, int64_t *due);

#endif
