/*
 * compile_circle: lists that lead to each other round and round, or too far.
 */
#ifndef QUEUE_COMPILE_CIRCLE_H
#define QUEUE_COMPILE_CIRCLE_H

#include "queue/compile_lists.h"

enum circle {
	CIRCLE_NONE,
	CIRCLE_FOUND, /* a list leads back to itself */
	CIRCLE_DEEP,  /* more than EXPAND_DEPTH behind one another */
	CIRCLE_MEMORY
};

/* What is known of lists that were looked at. */
struct circles;

struct circles *circles_new(struct lists *);
void circles_free(struct circles *);

/*
 * Follows a list as far as queued(8) expands.  FOUND: out holds the circle,
 * "a@x, b@x, a@x".  Over all lists of a configuration this costs little more
 * than to look at each once.
 */
enum circle circles_look(
    struct circles *, const struct lists_one *, struct sbuf *out);

/*
 * Of a list that was CIRCLE_NONE: at most so many lists are behind it, with
 * itself, and so many members; a list counts for each way to it.
 */
void circles_most(
    struct circles *, const char *id, size_t *lists, size_t *members);

#endif
