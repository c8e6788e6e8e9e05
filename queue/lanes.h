/*
 * lanes: entries that are due, one lane for each destination.  Lanes are served
 * in turn, and within a lane the senders, so that neither another's flood nor
 * another destination's delays a message by more than one of each.
 */
#ifndef QUEUE_LANES_H
#define QUEUE_LANES_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>

#include "queue/entries.h"

struct lane;

RB_HEAD(lane_tree, lane);
RB_HEAD(sleeper_tree, lane);

struct lanes {
	const struct entries *all;
	struct lane_tree lanes;
	TAILQ_HEAD(, lane) turns;     /* those that may be served */
	struct sleeper_tree sleepers; /* those that wait, by until when */
	size_t most;                  /* entries of a lane taken at once */
	size_t asleep;                /* entries in lanes that wait */
};

/* most: entries of one lane that may be taken and not be given back. */
void lanes_init(struct lanes *, const struct entries *, size_t most);
void lanes_most(struct lanes *, size_t most);
/* Frees the lanes, not the entries. */
void lanes_clear(struct lanes *);

/* Into the lane of its destination; false without memory. */
bool lanes_put(struct lanes *, struct entry *);
/* One that was put, and not taken. */
void lanes_remove(struct lanes *, struct entry *);

/* The next in turn, or NULL; it counts in its lane until it is given back. */
struct entry *lanes_take(struct lanes *);
bool lanes_any(const struct lanes *); /* there is one */
/* By the destination that it had when it was taken, or was moved to. */
void lanes_give_back(struct lanes *, const struct entry *);
/*
 * One that is taken has another destination from now on, and counts there.
 * False without memory, and nothing is changed.
 */
bool lanes_move(struct lanes *, struct entry *, uint32_t dest, bool only);

/*
 * Entries with this destination (only, or not) are not taken before until,
 * 0: now.  Without memory there is no wait.
 */
void lanes_sleep(struct lanes *, uint32_t dest, bool only, int64_t until);
/* Ends the waits whose time has come. */
void lanes_wake(struct lanes *, int64_t now);
/* When the next will end, or -1. */
int64_t lanes_next(const struct lanes *);
/* Until when the entry's lane waits, or 0. */
int64_t lanes_until(const struct lanes *, const struct entry *);

#endif
