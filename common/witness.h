/*
 * witness: tlsd's word for a client's certificate, for authd's ears.
 *
 * smtpd and pop3d carry it and cannot make it: a session that has been taken
 * over can log in nobody by a certificate that it has not seen.  postriderd
 * makes the key at its start and gives it to tlsd and authd in a sealed memory
 * file, on descriptor WITNESS_FD.
 */
#ifndef COMMON_WITNESS_H
#define COMMON_WITNESS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/hmac.h"
#include "common/msg_tls.h"

#define WITNESS_FD 5 /* where tlsd and authd find it */

struct witness_key {
	uint8_t bytes[HMAC_KEY];
};

/* A sealed memory file with a new random key, or -1 with errno. */
int witness_make(void);
/* Reads and closes it; false with errno when it is not what it should be. */
bool witness_read(int fd, struct witness_key *);

/* What is testified; either count is 0 or TLS_DIGEST. */
struct witness_of {
	const uint8_t *certificate, *exporter;
	uint32_t certificate_len, exporter_len;
	const char *email;
};

void witness_sign(
    const struct witness_key *, const struct witness_of *, uint8_t[TLS_DIGEST]);
/* In constant time; n is the length of what came. */
bool witness_good(const struct witness_key *, const struct witness_of *,
    const uint8_t *, uint32_t n);

#endif
