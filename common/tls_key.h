/*
 * tls_key: private keys that are somewhere else, for OpenSSL.
 *
 * An OpenSSL provider, built in, whose keys are a public half and a number: to
 * sign is to ask the keeper (msg_sign.h).
 */
#ifndef COMMON_TLS_KEY_H
#define COMMON_TLS_KEY_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/chan.h"
#include "common/msg_sign.h"

/*
 * Loads the provider beside the default one, which stays the one for all else;
 * before all else.  Later calls do nothing.
 */
bool tls_key_init(void);

#define TLS_KEY_LABEL 16 /* bytes with NUL */

/*
 * Whether a key is of a kind that is served, and its name for people: RSA of
 * 2048 to 8192 bits, "RSA-2048", or EC on P-256, P-384 or P-521 with an
 * uncompressed point, "EC-P-256".  label may be NULL.
 */
bool tls_key_kind(EVP_PKEY *, char label[TLS_KEY_LABEL]);

/*
 * A key to give to OpenSSL with a certificate; NULL for other kinds.  The
 * caller's to free; the argument stays his.
 */
EVP_PKEY *tls_key_remote(EVP_PKEY *public_key);

/* The channel of this process, from now on; not owned. */
void tls_key_ask(struct chan *);

/*
 * Asks on that channel; for the provider.  False with a reason, which is a
 * constant: refused, no answer in SIGN_WAIT seconds, a keeper that is gone.
 */
bool tls_key_sign(const struct msg_sign_sign *, struct msg_sign_signature *,
    const char **reason);

/* Whether one was asked for, in this process, and did not come. */
bool tls_key_failed(void);

/* SHA-256 of the SubjectPublicKeyInfo, which names a key; false: no memory. */
bool tls_key_id(EVP_PKEY *, uint8_t id[SIGN_KEY]);

#endif
