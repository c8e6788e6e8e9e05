/*
 * entries: what the schedule knows of each message, 64 bytes of it, found by
 * id and walked in the order of ids.  Entries have numbers, half as long as
 * pointers, and stay where they are as long as they exist.
 */
#ifndef QUEUE_ENTRIES_H
#define QUEUE_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "queue/spool_id.h"

enum entry_state {
	ENTRY_WAITING, /* in the heap */
	ENTRY_READY,   /* in its lane */
	ENTRY_ACTIVE,  /* taken: somebody works on it */
	ENTRY_HELD     /* until the administrator releases it */
};

#define ENTRY_STATES 4

/*
 * The first part is read by others, and set by the functions of schedule.h;
 * the flags are set by those who work on the message.
 */
struct entry {
	int64_t due;          /* when it was last to be tried, or will be */
	uint32_t uid;         /* of the submitter, or MSG_NO_UID */
	uint32_t who;         /* as in entry_facts, these three */
	uint32_t dest;        /* and only, below */
	uint32_t answers;     /* of the pool, when it last lost an agent */
	uint16_t crashes;     /* of agents that had it, and are healthy */
	uint8_t state;        /* enum entry_state */
	uint8_t only : 1;     /* no other destination */
	uint8_t alone : 1;    /* it lost an agent: the next has nothing else */
	uint8_t hold : 1;     /* asked for while ACTIVE */
	uint8_t drop : 1;     /* the same */
	uint8_t forget : 1;   /* its session never had an answer, nor will */
	uint8_t look : 1;     /* wanted now, whatever its destination is */
	uint32_t number;      /* from 1 on */
	uint32_t left, right; /* entries' own: numbers, or 0 */
	union {
		uint32_t place; /* WAITING: in the heap */
		struct {
			uint32_t next, before; /* READY: in its flow, or 0 */
		} flow;
	} at;
	uint8_t key[SPOOL_ID_KEY]; /* its id; see entry_id() */
};

_Static_assert(sizeof(struct entry) == 64, "a million of them matter");

struct entries;

struct entries *entries_new(void); /* NULL without memory */
void entries_free(struct entries *);

/*
 * A new one, all zero but for id and number; NULL without memory, or when there
 * is one with this id, or it is none.
 */
struct entry *entries_add(struct entries *, const char *id);
void entries_remove(struct entries *, struct entry *);

struct entry *entries_find(const struct entries *, const char *id);
/* The least behind id, which is "" (before all) or one; NULL: there is none. */
struct entry *entries_after(const struct entries *, const char *id);
/* By number, which exists; NULL for 0. */
struct entry *entries_at(const struct entries *, uint32_t number);

size_t entries_count(const struct entries *);

/* All numbers are from 1 to this, and each of them an entry's, or none's. */
uint32_t entries_numbers(const struct entries *);
/* By any number; NULL when it is none's. */
struct entry *entries_used(const struct entries *, uint32_t number);

/* Its id as text: entry_id(e).s */
struct entry_id {
	char s[ID_MAX + 1];
};
struct entry_id entry_id(const struct entry *);

#endif
