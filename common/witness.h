/*
 * witness: tlsd's word for a client's certificate, for authd's ears.
 *
 * smtpd and pop3d carry it and cannot make it: a session that has been taken
 * over can log in nobody by a certificate that it has not seen.  postriderd
 * makes the key at its start and gives it to tlsd and authd in a sealed memory
 * file, on descriptor WITNESS_FD.  A connection's process, which reads what a
 * stranger sends, has only a key of its own: what it testifies is a random
 * nonce and a digest with that key, which authd makes again of the nonce.
 */
#ifndef COMMON_WITNESS_H
#define COMMON_WITNESS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/hmac.h"
#include "common/msg_tls.h"

#define WITNESS_FD 5 /* where tlsd and authd find it */

/*
 * The lasting key.  Its page is no child's: whoever is forked cannot read it,
 * nor what was made of it but his own.
 */
struct witness_key {
	uint8_t bytes[HMAC_KEY];
};

/* A sealed memory file with a new random key, or -1 with errno. */
int witness_make(void);
/*
 * Reads and closes it; NULL with errno when it is not what it should be.  The
 * key stays until the process ends.
 */
const struct witness_key *witness_read(int fd);

/* For the process of one connection; of no use to testify of another. */
struct witness_once {
	uint8_t nonce[WITNESS_NONCE];
	uint8_t key[HMAC_KEY];
};

/* False without random numbers. */
bool witness_for_one(const struct witness_key *, struct witness_once *);

/* What is testified; either count is 0 or TLS_DIGEST. */
struct witness_of {
	const uint8_t *certificate, *exporter;
	uint32_t certificate_len, exporter_len;
	const char *email;
};

/*
 * That this was the client of a connection in which we were the server: of
 * servers nothing is ever testified.  The key is wiped, for it has done its
 * work.
 */
void witness_sign(
    struct witness_once *, const struct witness_of *, uint8_t[TLS_WITNESS]);
/* In constant time; n is the length of what came. */
bool witness_good(const struct witness_key *, const struct witness_of *,
    const uint8_t *, uint32_t n);

#endif
