/*
 * certs: certificates, their chains and private keys, as files hold them.
 *
 * Texts of what is wrong name the file, what was wanted and what was found, on
 * one line.
 */
#ifndef QUEUE_CERTS_H
#define QUEUE_CERTS_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "common/sbuf.h"
#include "common/tables.h"

#define CERTS_FILE_MAX (256 * 1024) /* bytes of a file of PEM */
#define CERTS_CHAIN 10              /* certificates behind the leaf */
#define CERTS_TEXT 200              /* bytes of a short text, with NUL */

/* A leaf, what is between it and its root, and its key; all owned. */
struct certs {
	X509 *leaf;
	STACK_OF(X509) * chain;
	EVP_PKEY *key; /* NULL when the file had none */
};

/*
 * Reads a file of PEM: certificates, the leaf first, and perhaps a private key
 * without a passphrase.  False with why; certs_clear() then has nothing to do.
 */
bool certs_read(const char *path, struct certs *, char why[TABLES_ERR]);
/* Only the key, in the place of the one that is there. */
bool certs_read_key(const char *path, struct certs *, char why[TABLES_ERR]);
void certs_clear(struct certs *);

/*
 * Whether tlsd can serve it now: a key of a kind that it knows and, if the key
 * was looked for, that belongs to the leaf; dates, names, purpose, a chain in
 * order.  The text of why has no file name.
 */
bool certs_check(
    const struct certs *, bool with_key, time_t now, char why[TABLES_ERR]);

/* "mail.example.org, 192.0.2.1"; printable ASCII. */
void certs_names(const X509 *, struct sbuf *);
/* The first DNS name, or else address; false when there is none. */
bool certs_first_name(const X509 *, char out[CERTS_TEXT]);
/* Whether a client that wants this host would take it (RFC 6125). */
bool certs_is_for(X509 *, const char *host);
/* "EC P-256", "RSA 2048". */
void certs_key_kind(const X509 *, char out[CERTS_TEXT]);
/* Whoever signed it: its name, or "itself". */
void certs_issuer(const X509 *, char out[CERTS_TEXT]);
/* Seconds since 1970; 0 for a date that cannot be read. */
time_t certs_end(const X509 *);

/* SHA-256 of the DER of a file's first certificate, in lower-case hex. */
bool certs_digest_file(const char *path, char digest[65], char why[TABLES_ERR]);

/*
 * An OCSP response (RFC 6960) as it is stapled.  True when it says that the leaf
 * is good, with its end in *until; false with why.
 */
bool certs_ocsp(const char *path, const X509 *leaf, time_t now, time_t *until,
    char why[TABLES_ERR]);

#endif
