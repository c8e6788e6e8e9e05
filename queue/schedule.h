/*
 * schedule: which message is to be tried next.  Small entries for every
 * message in the queue, no disk, no clock: time is given in milliseconds of
 * the monotonic clock, so that a clock that is set moves nothing.
 *
 * Waiting entries are in a heap by the time they are due.  Those that are due
 * stand in lanes, one for each destination, that are served in turn: however
 * many messages one destination has, another's is next after one of them.
 */
#ifndef QUEUE_SCHEDULE_H
#define QUEUE_SCHEDULE_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/msg.h"

enum entry_state {
	ENTRY_WAITING, /* in the heap */
	ENTRY_READY,   /* in its lane */
	ENTRY_ACTIVE,  /* taken: somebody works on it */
	ENTRY_HELD     /* until the administrator releases it */
};

#define ENTRY_STATES 4

struct lane;
struct envelope;

/* What an entry is made of besides its id. */
struct entry_facts {
	uint32_t uid;  /* of the submitter, or MSG_NO_UID */
	uint32_t who;  /* schedule_who(): whose turn it is within a lane */
	uint32_t dest; /* a hash of the destination */
	bool only;     /* no recipient that is queued has another one */
};

/* Fields are read by others, and set by the functions below; the flags by
 * those who work on the message. */
struct entry {
	RB_ENTRY(entry) by_id;
	union {
		TAILQ_ENTRY(entry) in_lane; /* READY */
		size_t heap;                /* WAITING: its place */
	} link;
	struct lane *lane; /* READY, ACTIVE */
	int64_t due;       /* WAITING, READY */
	uint32_t uid;      /* of the submitter, or MSG_NO_UID */
	uint32_t who;      /* as in entry_facts, these three */
	uint32_t dest;
	uint32_t answers; /* of the pool, when it last lost an agent */
	uint16_t crashes; /* of agents that had it, and are healthy */
	uint8_t state;    /* enum entry_state */
	bool only;
	bool alone;      /* it lost an agent: the next has nothing else */
	bool hold, drop; /* asked for while ACTIVE */
	bool forget;     /* its session never had an answer, nor will */
	char id[ID_MAX + 1];
};

struct schedule;

/* lane_most: entries of one lane that may be ACTIVE at once. */
struct schedule *schedule_new(size_t lane_most);
void schedule_free(struct schedule *); /* and all entries */
void schedule_lane_most(struct schedule *, size_t);

/*
 * A new entry, WAITING until due; NULL without memory, or when there is one
 * with this id: a message is delivered for one entry only.
 */
struct entry *schedule_add(
    struct schedule *, const char *id, const struct entry_facts *, int64_t due);
struct entry *schedule_find(struct schedule *, const char *id);
/* The least id after this one ("" is before all), or NULL. */
struct entry *schedule_after(struct schedule *, const char *id);

/* Its id, as text: entry_id(e).s */
struct entry_id {
	char s[ID_MAX + 1];
};
struct entry_id entry_id(const struct entry *);

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
/*
 * The wait is over: what is due may be taken, and what is waiting for its own
 * time stays so.
 */
void schedule_dest_due(struct schedule *, uint32_t dest, int64_t now);

/* The next entry to work on, now ACTIVE; NULL when there is none. */
struct entry *schedule_take(struct schedule *, int64_t now);
/* When schedule_take() may find one: a time, now, or -1 for never. */
int64_t schedule_due(struct schedule *, int64_t now);

/* From any state. */
void schedule_wait(struct schedule *, struct entry *, int64_t due);
void schedule_hold(struct schedule *, struct entry *);
void schedule_remove(struct schedule *, struct entry *);

size_t schedule_count(const struct schedule *, enum entry_state);
size_t schedule_total(const struct schedule *);

#endif
