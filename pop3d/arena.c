/*
 * arena: many small pieces of memory.  In pop3-mailbox; holds the names of
 * the messages of a mailbox, of which there may be millions.  Pure.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "pop3d/arena.h"

#define FIRST 4096        /* bytes of the first chunk: most boxes are small */
#define LARGEST (1 << 20) /* each chunk is twice the one before, up to this */

struct arena_chunk {
	struct arena_chunk *older;
	size_t size;
	char bytes[];
};

static int
grow(struct arena *a, size_t n)
{
	size_t size = FIRST;
	struct arena_chunk *c;

	if (a->chunks != NULL)
		size =
		    a->chunks->size < LARGEST ? a->chunks->size * 2 : LARGEST;
	if (size < n)
		size = n;
	if (size > SIZE_MAX - sizeof(*c) ||
	    (c = malloc(sizeof(*c) + size)) == NULL) {
		errno = ENOMEM;
		return -1;
	}
	c->older = a->chunks;
	c->size = size;
	a->chunks = c;
	a->next = c->bytes;
	a->left = size;
	return 0;
}

char *
arena_get(struct arena *a, size_t n)
{
	char *p;

	if (n > a->left && grow(a, n) == -1)
		return NULL;
	p = a->next;
	a->next += n;
	a->left -= n;
	return p;
}

void
arena_free(struct arena *a)
{
	struct arena_chunk *c;

	while ((c = a->chunks) != NULL) {
		a->chunks = c->older;
		free(c);
	}
	a->next = NULL;
	a->left = 0;
}
