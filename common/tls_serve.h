/*
 * tls_serve: what a server answers to a ClientHello: which certificates, for
 * which name, for which protocol.
 */
#ifndef COMMON_TLS_SERVE_H
#define COMMON_TLS_SERVE_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "common/address.h"
#include "common/tls_identity.h"

/*
 * One certificate of each kind of key, RSA and ECDSA, for clients that know
 * either.
 */
#define TLS_KINDS 2

struct tls_choice {
	const struct tls_identity *of[TLS_KINDS];
};

struct tls_serve {
	const struct tls_identities *identities; /* not owned */
	struct tls_choice usual;                 /* without a known name */
	char alpn[16];                           /* "smtp", "pop3" */
};

/*
 * For host the certificates that are for it, else the first; of several the
 * first whose dates are good.  Of identities that stay as long as the choice.
 */
void tls_choose(
    const struct tls_identities *, const char *host, struct tls_choice *);

/*
 * The context answers as *serve says, which must outlive it; false with the
 * reason in OpenSSL's queue.
 */
bool tls_serve_attach(SSL_CTX *, struct tls_serve *);

/*
 * The name that a client asked for, if it is a host's; else "".  What a client
 * sends is never used as anything but text to compare.
 */
void tls_serve_sni(const SSL *, char name[DOMAIN_MAX + 1]);

#endif
