/*
 * hasher: comparing a password with its verifier (crypt(5), or another word of
 * credential.h), or making what logs in elsewhere of it, in a worker.
 */
#ifndef COMMON_HASHER_H
#define COMMON_HASHER_H

#include <stdint.h>

#include "common/sasl_server.h"
#include "common/workers.h"

#define VERIFIER_MAX 703 /* bytes: more than any word has */

enum hash_kind {
	HASH_CRYPT,
	HASH_SCRAM, /* hashed with the word's salt */
	HASH_PLAIN, /* compared */
	/* verifier is a salt in base64: SaltedPassword of RFC 5802 */
	HASH_SALTED
};

/*
 * A wrong password costs the same whatever it was compared with: one hash of
 * crypt(3) as new ones are, and so many iterations of SCRAM; made ones in the
 * place of those that the word has not needed.  Only a word of crypt(3) of
 * another kind costs its own hash besides.
 */
struct hash_request {
	uint32_t kind; /* enum hash_kind */
	/* Of the site's longest SCRAM word; 0: none.  HASH_SALTED: to make. */
	uint32_t iterations;
	char verifier[VERIFIER_MAX + 1];
	char password[PASSWORD_MAX + 1];
};

struct hash_reply {
	int64_t began; /* deadline_now() */
	uint8_t match; /* HASH_SALTED: whether it was made */
	uint8_t salted[CREDENTIAL_KEY];
};

extern const struct workers_kind hasher_kind;

/*
 * A verifier that no password matches and that costs as much to try as those
 * that "postrider user passwd" makes.
 */
void hasher_dummy(char verifier[VERIFIER_MAX + 1]);

#endif
