/*
 * tls_profile: which versions, ciphers, groups and limits TLS is spoken with.
 */
#ifndef COMMON_TLS_PROFILE_H
#define COMMON_TLS_PROFILE_H

#include <openssl/ssl.h>
#include <stdbool.h>

/* The choices of the option tls-profile. */
enum tls_profile { TLS_STRICT, TLS_MODERN, TLS_OLD };

#define TLS_CHAIN_MAX (32 * 1024) /* bytes of a peer's certificates */
#define TLS_DEPTH 6               /* CAs between a certificate and its root */
#define TLS_TICKET_LIFE 7200      /* seconds that a ticket resumes for */

/*
 * Before OpenSSL is called for anything else: what is spoken, and by which
 * provider, is said here and in no file of the system's.  False when the
 * library cannot begin.
 */
bool tls_profile_init(void);

/*
 * A new context that speaks as the profile says, whatever the system's
 * openssl.cnf holds: no version below 1.2, no key exchange but ephemeral
 * elliptic curves, no compression, renegotiation, early data or session cache.
 * NULL with the reason in OpenSSL's queue.
 */
SSL_CTX *tls_profile_context(enum tls_profile, bool server);

/* "TLS 1.2 or 1.3": what it speaks. */
const char *tls_profile_versions(SSL *);

#endif
