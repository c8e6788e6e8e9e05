/*
 * hasher: comparing a password with its verifier (crypt(5), or another word of
 * credential.h), in a worker.
 */
#ifndef COMMON_HASHER_H
#define COMMON_HASHER_H

#include <stdint.h>

#include "common/sasl_server.h"
#include "common/workers.h"

#define VERIFIER_MAX 703 /* bytes: more than any word has */

enum hash_kind {
	HASH_CRYPT,
	HASH_SCRAM, /* hashed with the word's salt; then as the next */
	HASH_PLAIN  /* compared, and as long as a dummy of HASH_CRYPT takes */
};

struct hash_request {
	uint32_t kind; /* enum hash_kind */
	char verifier[VERIFIER_MAX + 1];
	char password[PASSWORD_MAX + 1];
};

struct hash_reply {
	uint8_t match;
};

extern const struct workers_kind hasher_kind;

/*
 * A verifier that no password matches and that costs as much to try as those
 * that "postrider user passwd" makes.
 */
void hasher_dummy(char verifier[VERIFIER_MAX + 1]);

#endif
