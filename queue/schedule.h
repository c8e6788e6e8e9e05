/*
 * schedule: which message is to be tried next.  64 bytes and a few more for
 * every message in the queue, no disk, no clock: time is given in milliseconds
 * of the monotonic clock, so that a clock that is set moves nothing.
 *
 * Waiting entries are in a heap by the time they are due.  Those that are due
 * stand in lanes, one for each destination, that are served in turn, and within
 * a lane the senders take turns: however many messages one destination or one
 * sender has, another's is next after one of them.
 */
#ifndef QUEUE_SCHEDULE_H
#define QUEUE_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "queue/entries.h"

struct envelope;
struct schedule;

/* What an entry is made of besides its id. */
struct entry_facts {
	uint32_t uid;  /* of the submitter, or MSG_NO_UID */
	uint32_t who;  /* schedule_who(): whose turn it is within a lane */
	uint32_t dest; /* a hash of the destination */
	bool only;     /* nothing that is to be done for it has another one */
};

/* lane_most: entries of one lane that may be ACTIVE at once. */
struct schedule *schedule_new(size_t lane_most);
void schedule_free(struct schedule *); /* and all entries */
void schedule_lane_most(struct schedule *, size_t);

/*
 * A new entry, WAITING until due, or READY when that was before the time of the
 * latest schedule_take() (0 always was): it stands in its lane at once, however
 * many come to be due.  NULL without memory, or when there is one with this id:
 * a message is delivered for one entry only.
 */
struct entry *schedule_add(
    struct schedule *, const char *id, const struct entry_facts *, int64_t due);
struct entry *schedule_find(struct schedule *, const char *id);
/* The least id after this one ("" is before all), or NULL. */
struct entry *schedule_after(struct schedule *, const char *id);

/*
 * Who sent it, as a number: the login, else the local user, else client and
 * domain of the sender.  However many messages one has in a lane, another's is
 * next after one of them.
 */
uint32_t schedule_who(const struct envelope *);

/* Where its queued recipients go now; see entry_facts. */
void schedule_aim(struct schedule *, struct entry *, uint32_t dest, bool only);

/*
 * Nothing that has only this destination is taken before until, whatever comes
 * to be due; no file is read for that.  What has others, too, is taken.  Known
 * until it is over, with no entry as well; without memory nothing waits.
 */
void schedule_dest_wait(struct schedule *, uint32_t dest, int64_t until);
/* Nothing that is like this entry in both is taken before until. */
void schedule_like_wait(struct schedule *, const struct entry *, int64_t until);
/*
 * Every wait is over: what is due may be taken, and what is waiting for its own
 * time stays so.
 */
void schedule_dest_due(struct schedule *, uint32_t dest, int64_t now);
/*
 * The destination can be reached again: whatever waits for it is due soon, one
 * after each milliseconds.  schedule_take() sees to that, a few at a time, and
 * looks at all entries once for however many destinations.
 */
void schedule_dest_hurry(
    struct schedule *, uint32_t dest, int64_t now, int64_t each);

/*
 * The next entry to work on, now ACTIVE; NULL when there is none.  However many
 * come to be due at once, a call does a bounded part of the work that this is.
 */
struct entry *schedule_take(struct schedule *, int64_t now);
/* When schedule_take() may find one: a time, now, or -1 for never. */
int64_t schedule_due(struct schedule *, int64_t now);

/* From any state.  As schedule_add(), due may be past: then it is READY. */
void schedule_wait(struct schedule *, struct entry *, int64_t due);
/* The same at once: not even for its destination does it wait. */
void schedule_now(struct schedule *, struct entry *);
void schedule_hold(struct schedule *, struct entry *);
void schedule_remove(struct schedule *, struct entry *);

/*
 * When it is to be tried next: past or now for what is due, later for what
 * waits, itself or for its destination, and -1 for what is HELD.
 */
int64_t schedule_next(const struct schedule *, const struct entry *);

size_t schedule_count(const struct schedule *, enum entry_state);
/* Of those READY: the ones that wait for their destination. */
size_t schedule_asleep(const struct schedule *);
size_t schedule_total(const struct schedule *);

#endif
