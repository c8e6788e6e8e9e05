/*
 * arena: many small pieces of memory that are given back all at once.
 */
#ifndef POP3D_ARENA_H
#define POP3D_ARENA_H

#include <stddef.h>

struct arena_chunk;

/* All zero is an empty one. */
struct arena {
	struct arena_chunk *chunks;
	char *next;  /* free bytes of the newest chunk */
	size_t left; /* how many */
};

/* n > 0 bytes, not aligned, that stay where they are; NULL with ENOMEM. */
char *arena_get(struct arena *, size_t n);
void arena_free(struct arena *);

#endif
