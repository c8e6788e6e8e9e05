/*
 * tls_serve: what a server answers to a ClientHello: which certificates, for
 * which name, for which protocol.
 */
#ifndef COMMON_TLS_SERVE_H
#define COMMON_TLS_SERVE_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "common/address.h"
#include "common/tls_choice.h"

struct tls_serve {
	const struct tls_identities *identities; /* not owned */
	struct tls_choice usual;                 /* without a known name */
	char alpn[16];                           /* "smtp", "pop3" */
};

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
