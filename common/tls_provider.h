/*
 * tls_provider: an OpenSSL provider whose private keys are in another process.
 *
 * Keys are RSA or EC as the rest of OpenSSL sees them; what is here is their
 * public half, in a key of the default provider that answers all questions.
 * There is one signature algorithm, named by these keys alone, so that no
 * other provider is ever asked to sign with them.
 */
#ifndef COMMON_TLS_PROVIDER_H
#define COMMON_TLS_PROVIDER_H

#include <openssl/core.h>
#include <openssl/evp.h>
#include <stdint.h>

#include "common/msg_sign.h"

/* Sorts behind "default", which some versions of OpenSSL go by. */
#define TLS_PROVIDER "keeper"
#define TLS_PROVIDER_QUERY "provider=" TLS_PROVIDER

/* The data of a key, which a signature is given. */
struct tls_remote {
	EVP_PKEY *pub; /* of the default provider; NULL until imported */
	uint8_t id[SIGN_KEY];
};

/* For OSSL_PROVIDER_add_builtin(). */
int tls_provider_start(const OSSL_CORE_HANDLE *, const OSSL_DISPATCH *,
    const OSSL_DISPATCH **, void **);

/* The kinds of keys, and their signatures. */
extern const OSSL_ALGORITHM tls_provider_keys[];
extern const OSSL_ALGORITHM tls_provider_signatures[];

#define TLS_PROVIDER_SIGNATURE "KEEPER"

#endif
