/*
 * tls_warm: what a library does only the first time is done before the fork.
 */
#ifndef COMMON_TLS_WARM_H
#define COMMON_TLS_WARM_H

#include <openssl/evp.h>
#include <stdbool.h>

/*
 * Shakes hands with itself in the ways that are usual, once in a process, with
 * a key that it makes and throws away.  Half a millisecond of each connection's
 * start is spared.  False if one of them failed, which slows things down and
 * does no other harm.
 */
bool tls_warm(void);

/* The same for a key that is served; signs nothing. */
void tls_warm_key(EVP_PKEY *);

#endif
