/*
 * tls_sign: a signature of a TLS server, with a private key that is here.
 */
#ifndef COMMON_TLS_SIGN_H
#define COMMON_TLS_SIGN_H

#include <openssl/evp.h>
#include <stdbool.h>

#include "common/msg_sign.h"

/*
 * Signs what a handshake has a server sign (tls_tbs.h), and in the way that its
 * version knows for this key; which key is meant was for the caller to find.
 * False with a reason, which is a constant.
 */
bool tls_sign(EVP_PKEY *, const struct msg_sign_sign *,
    struct msg_sign_signature *, const char **reason);

#endif
