/*
 * strmap: a set of strings with a number each, of a size known before.
 */
#ifndef POP3D_STRMAP_H
#define POP3D_STRMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strmap_slot {
	const char *key; /* NULL: free */
	uint64_t hash;
	size_t value;
};

struct strmap {
	struct strmap_slot *slots;
	size_t mask; /* slots - 1 */
	uint64_t seed;
};

/* Room for n keys; false without memory. */
bool strmap_init(struct strmap *, size_t n);
void strmap_free(struct strmap *);
/*
 * At most n keys may be put.  The key is not copied and must live as long as
 * the map.  False, and nothing changed, when it is there already.
 */
bool strmap_put(struct strmap *, const char *key, size_t value);
/*
 * Whether no two of n strings are equal; false also without memory, and once
 * in a blue moon when two only look alike.
 */
bool strmap_differ(const char *const *, size_t n);
bool strmap_get(const struct strmap *, const char *key, size_t *value);

#endif
