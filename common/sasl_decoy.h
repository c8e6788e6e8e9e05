/*
 * sasl_decoy: what the proof of a client is compared with when its name has
 * nothing of its own, so that the exchange tells nobody which names have.
 *
 * Made from the name and a key that stays from one start to the next: a name
 * that is asked for again has the same salt, as an account's would be.
 */
#ifndef COMMON_SASL_DECOY_H
#define COMMON_SASL_DECOY_H

#include <stdbool.h>

#include "common/credential.h"
#include "common/hmac.h"

struct sasl_decoy {
	uint8_t key[HMAC_KEY];
};

/*
 * Reads the key from the file, or makes one and keeps it there (mode 0600).
 * False with errno when it cannot be kept: the key is good until the end of
 * this process.
 */
bool sasl_decoy_open(struct sasl_decoy *, const char *path);

/* A word that no password matches, with the usual salt and iterations. */
void sasl_decoy_scram(
    const struct sasl_decoy *, const char *name, struct credential_scram *);

#define SASL_DECOY_PLAIN (2 * HMAC_LEN + 1) /* bytes with NUL */
void sasl_decoy_plain(const struct sasl_decoy *, const char *name,
    char password[SASL_DECOY_PLAIN]);

#endif
