/*
 * verified_cache: credentials that were verified a short while ago.  In
 * authd; memory only, of a fixed size.
 */
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "common/hmac.h"
#include "common/secret.h"
#include "common/verified_cache.h"

#define SETS 1024
#define WAYS 4 /* of one set: the one that ends first makes room */

struct entry {
	int64_t until; /* 0: empty */
	uint8_t digest[HMAC_LEN];
};

struct verified_cache {
	uint8_t key[HMAC_KEY];
	struct entry sets[SETS][WAYS];
};

struct verified_cache *
verified_new(void)
{
	struct verified_cache *c = calloc(1, sizeof(*c));

	if (c != NULL)
		arc4random_buf(c->key, sizeof(c->key));
	return c;
}

void
verified_free(struct verified_cache *c)
{
	explicit_bzero(c, sizeof(*c));
	free(c);
}

/* The NULs keep ("ab", "c") and ("a", "bc") apart. */
static struct entry *
digest(
    struct verified_cache *c, const struct verified *v, uint8_t out[HMAC_LEN])
{
	struct hmac h;

	hmac_start(&h, c->key);
	hmac_put(&h, v->account, strlen(v->account) + 1);
	hmac_put(&h, v->password, strlen(v->password) + 1);
	hmac_put(&h, v->verifier, strlen(v->verifier) + 1);
	hmac_end(&h, out);
	return c->sets[(out[0] | out[1] << 8) % SETS];
}

bool
verified_known(struct verified_cache *c, const struct verified *v, int64_t now)
{
	uint8_t d[HMAC_LEN];
	struct entry *set = digest(c, v, d);

	for (size_t i = 0; i < WAYS; i++)
		if (set[i].until > now &&
		    secret_equal(set[i].digest, d, sizeof(d)))
			return true;
	return false;
}

void
verified_add(struct verified_cache *c, const struct verified *v, int64_t until)
{
	uint8_t d[HMAC_LEN];
	struct entry *set = digest(c, v, d), *to = &set[0];

	for (size_t i = 0; i < WAYS; i++) {
		if (secret_equal(set[i].digest, d, sizeof(d))) {
			to = &set[i];
			break;
		}
		if (set[i].until < to->until)
			to = &set[i];
	}
	to->until = until;
	memcpy(to->digest, d, sizeof(d));
}
