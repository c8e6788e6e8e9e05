/*
 * witness: tlsd's word for a TLS connection, for authd's ears.
 *
 * smtpd, pop3d and remote carry it and cannot make it: a session that has been
 * taken over can log in nobody by a certificate that it has not seen, nor have a
 * password for a line that is not what it says.  tlsd and authd share the key
 * (mac_key.h).  A connection's process, which reads what a stranger sends, has
 * only a key of its own, made for this peer: what it testifies is a random nonce
 * and a digest with that key, which authd makes again of the nonce.
 */
#ifndef COMMON_WITNESS_H
#define COMMON_WITNESS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/mac_key.h"
#include "common/msg_tls.h"

/*
 * Who was to be at the other end, known before its first byte.  What holds of a
 * server that we connect to is never taken for a client of ours, nor the other
 * way round.
 */
struct witness_peer {
	bool is_server;
	uint32_t verify;  /* a server: TLS_VERIFY_*; a client: 0 */
	const char *name; /* that a server was to have; a client: "" */
};

extern const struct witness_peer witness_client;

/* For the process of one connection; of no use to testify of another. */
struct witness_once {
	uint8_t nonce[WITNESS_NONCE];
	struct mac_key key;
};

/* False without random numbers. */
bool witness_for_one(
    const struct mac_key *, const struct witness_peer *, struct witness_once *);

/* What is testified. */
struct witness_of {
	bool
	    verified; /* a server's certificate, as was wanted; a client: false */
	const uint8_t *certificate, *exporter;
	uint32_t certificate_len, exporter_len; /* TLS_DIGEST at most */
	const char *email;                      /* a client's, or "" */
};

/* The key is wiped, for it has done its work. */
void witness_sign(
    struct witness_once *, const struct witness_of *, uint8_t[TLS_WITNESS]);
/* In constant time; n is the length of what came. */
bool witness_good(const struct mac_key *, const struct witness_peer *,
    const struct witness_of *, const uint8_t *, uint32_t n);

#endif
