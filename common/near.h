/*
 * near: "did you mean", by the number of edits between two short names.
 */
#ifndef COMMON_NEAR_H
#define COMMON_NEAR_H

#include <stddef.h>

#define NEAR_LEN 40 /* bytes; longer names are near to nothing */

struct near {
	const char *name; /* what was written; the caller's */
	const char *best; /* the nearest candidate so far, or NULL */
	size_t least;     /* its edits */
};

void near_init(struct near *, const char *name);
/* Candidates over a third of the name away are not near. */
void near_offer(struct near *, const char *candidate);

#endif
