/*
 * tls_pem: certificates and a private key in PEM (RFC 7468).
 */
#ifndef COMMON_TLS_PEM_H
#define COMMON_TLS_PEM_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tls_pem {
	X509 *leaf; /* the first certificate, or NULL; owned, as all */
	STACK_OF(X509) * chain; /* the others, in their order */
	EVP_PKEY *key;          /* or NULL */
};

/*
 * Takes all there is; other kinds of blocks and text between them are passed
 * over.  False with what was found that is wrong, a constant, and nothing to
 * free: a damaged block, more than TLS_CHAIN certificates behind the first, a
 * second key, or a key that needs a password, which nobody is asked for.
 */
bool tls_pem_read(
    const uint8_t *, size_t n, struct tls_pem *, const char **found);
extern const char tls_pem_no_memory[]; /* found may be this */
void tls_pem_clear(struct tls_pem *);

#endif
