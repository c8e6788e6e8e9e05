/*
 * tls_identity: what is public of the certificates that tlsd serves.
 *
 * In tlsd's acceptor and its children.  The keeper, which alone reads
 * tls-dir, writes it to a sealed memory file (tls_store.h).
 */
#ifndef COMMON_TLS_IDENTITY_H
#define COMMON_TLS_IDENTITY_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/msg_sign.h"
#include "common/tls_file.h"

#define TLS_IDENTITIES 256 /* certificates at most */
#define TLS_NAME 59        /* bytes of a file's name without ".pem" */
#define TLS_CHAIN 16       /* certificates behind the leaf at most */

struct tls_identity {
	char name[64];          /* of the file, for the log */
	X509 *leaf;             /* owned, as all below */
	STACK_OF(X509) * chain; /* without the leaf; may be empty, not NULL */
	EVP_PKEY *key;          /* signs by asking the keeper (tls_key.h) */
	uint8_t *ocsp;          /* DER of a stapled response, or NULL */
	size_t ocsp_len;
};

/* In the order of their files' names. */
struct tls_identities {
	size_t n;
	struct tls_identity *list;
};

/*
 * Reads the memory file, which stays the caller's; false with what was found
 * instead, at most TEXT_MAX bytes, and then there is nothing to free.  Keys are
 * made with tls_key_remote().
 */
bool tls_identities_read(
    int fd, struct tls_identities *, char reason[TEXT_MAX + 1]);
/* Leaves none. */
void tls_identities_free(struct tls_identities *);

/*
 * Writes the sealed memory file, without a byte of their keys; -1 with errno.
 * Its first line is "postrider-certificates 1".  Then come for each identity
 * "name NAME", "leaf LENGTH" and as many bytes of DER, "chain LENGTH" and DER
 * for each other certificate, "ocsp LENGTH" and DER if there is a response; in
 * the end "end".
 */
int tls_identities_write(const struct tls_identities *);

/* Frees what one holds. */
void tls_identity_clear(struct tls_identity *);

/*
 * Whether a certificate is for a host name (RFC 6125), wildcards for a whole
 * label too.  The name may be a stranger's.
 */
bool tls_identity_is_for(const struct tls_identity *, const char *host);

#endif
