/*
 * verified_cache: credentials that were verified a short while ago, known
 * again without hashing.  Holds keyed digests only: neither names nor
 * passwords can be told from its memory without the key, and a password is not
 * known again once its verifier has changed.
 */
#ifndef COMMON_VERIFIED_CACHE_H
#define COMMON_VERIFIED_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct verified_cache;

/* What must be the same as when it was verified. */
struct verified {
	const char *account, *password, *verifier;
};

/* With a random key of its own and room for 4096; NULL without memory. */
struct verified_cache *verified_new(void);
void verified_free(struct verified_cache *);

/* now and until are milliseconds of one monotonic clock. */
bool verified_known(
    struct verified_cache *, const struct verified *, int64_t now);
void verified_add(
    struct verified_cache *, const struct verified *, int64_t until);

#endif
