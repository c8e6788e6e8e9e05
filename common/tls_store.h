/*
 * tls_store: certificates and their private keys, in tlsd's keeper.
 *
 * Each NAME.pem in tls-dir is a certificate with its chain, the leaf first, and
 * the private key in the same file or in NAME.key; NAME.ocsp, if it is there,
 * is an OCSP response (DER) to staple.  Looked at again when any of them
 * changes; what cannot be used keeps its last good state and is reported once,
 * and only after some seconds where one file of two may just have been replaced
 * (tls_pair.h); what could not be read for a reason that may pass is tried again
 * each time.  Certificates that are over are served, and reported; a
 * response is stapled from its thisUpdate to its nextUpdate.
 */
#ifndef COMMON_TLS_STORE_H
#define COMMON_TLS_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/msg_sign.h"
#include "common/tls_identity.h"

struct tls_store;

/* NULL without memory.  dir is copied. */
struct tls_store *tls_store_new(const char *dir);
void tls_store_free(struct tls_store *);

/*
 * From the next refresh on it is that directory.  Its keys are still known as
 * long as handshakes may need them.  False with ENAMETOOLONG.
 */
bool tls_store_move(struct tls_store *, const char *dir);

/*
 * Looks whether anything has changed, at the cost of a stat(2) for each file,
 * and reads what has.  True when the certificates are other ones than before.
 * Logs what is wrong, and what is new.
 */
bool tls_store_refresh(struct tls_store *);

#define TLS_STORE_PATIENCE 10 /* seconds for the other file of two */

struct tls_store_facts {
	size_t certificates; /* that are served */
	size_t refused;      /* files that were reported and cannot be used */
};

struct tls_store_facts tls_store_facts(const struct tls_store *);

/* A sealed memory file for tls_identities_read(), or -1 with errno. */
int tls_store_public(const struct tls_store *);

/*
 * Signs, if it may; keys that are not configured any more are known for a while
 * (tls_keyring.h).  False with a reason that names no secret.
 */
bool tls_store_sign(struct tls_store *, const struct msg_sign_sign *,
    struct msg_sign_signature *, const char **reason);

#endif
