/*
 * tls_keyring: the private keys that signatures may be asked of.
 *
 * One that is not configured any more stays for the handshakes that have begun
 * with its certificate, and no longer.
 */
#ifndef COMMON_TLS_KEYRING_H
#define COMMON_TLS_KEYRING_H

#include <openssl/evp.h>
#include <stddef.h>
#include <stdint.h>

#include "common/deadline.h"
#include "common/msg_sign.h"
#include "common/msg_tls.h"
#include "common/tls_identity.h"

/* Seconds that it stays: before a handshake the session has its say. */
#define KEYRING_STAY (2 * TLS_HANDSHAKE)

/* All that can be configured, twice. */
#define KEYRING_KEYS (2 * TLS_IDENTITIES)

struct tls_keyring {
	size_t n;
	struct {
		uint8_t id[SIGN_KEY];
		EVP_PKEY *key;
		deadline_t until; /* 0: it is configured */
	} list[KEYRING_KEYS];
};

/*
 * None is configured any more, until it is put again; at most TLS_IDENTITIES
 * may be between two of these.
 */
void tls_keyring_retire(struct tls_keyring *);
/* Takes a reference of its own.  If there is no room, the oldest has to go. */
void tls_keyring_put(
    struct tls_keyring *, const uint8_t id[SIGN_KEY], EVP_PKEY *);
/* Frees those whose time is over; to be called now and then. */
void tls_keyring_tidy(struct tls_keyring *);

/* NULL when it is not known. */
EVP_PKEY *tls_keyring_find(
    const struct tls_keyring *, const uint8_t id[SIGN_KEY]);

/* Leaves none. */
void tls_keyring_clear(struct tls_keyring *);

#endif
