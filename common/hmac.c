/*
 * hmac: keyed digests.  Library code; no state of its own.
 */
#include <string.h>

#include "common/hmac.h"

static void
start(SHA2_CTX *c, const uint8_t key[HMAC_KEY], uint8_t mask)
{
	uint8_t pad[SHA256_BLOCK_LENGTH];

	memset(pad, mask, sizeof(pad));
	for (size_t i = 0; i < HMAC_KEY; i++)
		pad[i] ^= key[i];
	SHA256Init(c);
	SHA256Update(c, pad, sizeof(pad));
	explicit_bzero(pad, sizeof(pad));
}

void
hmac_start(struct hmac *h, const uint8_t key[HMAC_KEY])
{
	memcpy(h->key, key, HMAC_KEY);
	start(&h->inner, key, 0x36);
}

void
hmac_put(struct hmac *h, const void *p, size_t n)
{
	SHA256Update(&h->inner, p, n);
}

void
hmac_end(struct hmac *h, uint8_t out[HMAC_LEN])
{
	uint8_t digest[HMAC_LEN];
	SHA2_CTX outer;

	SHA256Final(digest, &h->inner);
	start(&outer, h->key, 0x5c);
	SHA256Update(&outer, digest, sizeof(digest));
	SHA256Final(out, &outer);
	explicit_bzero(digest, sizeof(digest));
	explicit_bzero(&outer, sizeof(outer));
	explicit_bzero(h, sizeof(*h));
}
