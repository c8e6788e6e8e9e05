/*
 * heap: entries of the schedule by the time they are due.
 */
#ifndef QUEUE_HEAP_H
#define QUEUE_HEAP_H

#include "queue/entries.h"

struct heap {
	const struct entries *all;
	uint32_t *at; /* numbers, a binary heap; each knows its place */
	size_t n, room;
};

/* Room for n entries in all; false without memory. */
bool heap_reserve(struct heap *, size_t n);
void heap_insert(struct heap *, struct entry *); /* room was reserved */
void heap_remove(struct heap *, struct entry *); /* which is in it */
struct entry *heap_first(const struct heap *);   /* NULL when empty */
void heap_free(struct heap *);                   /* not the entries */

#endif
