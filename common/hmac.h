/*
 * hmac: keyed digests (RFC 2104 over SHA-256).
 */
#ifndef COMMON_HMAC_H
#define COMMON_HMAC_H

#include <sys/types.h>

#include <sha2.h>
#include <stddef.h>
#include <stdint.h>

#define HMAC_KEY 32 /* bytes; at most the hash's block */
#define HMAC_LEN SHA256_DIGEST_LENGTH

struct hmac {
	SHA2_CTX inner;
	uint8_t key[HMAC_KEY];
};

void hmac_start(struct hmac *, const uint8_t key[HMAC_KEY]);
void hmac_put(struct hmac *, const void *, size_t);
/* Wipes the state. */
void hmac_end(struct hmac *, uint8_t out[HMAC_LEN]);

#endif
