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
#include "common/tls_pem.h"

#define CERTS_TEXT 200 /* bytes of a short text, with NUL */

/*
 * Reads a file of PEM: certificates, the leaf first, and perhaps a private key
 * without a passphrase.  False with why, and nothing to clear.
 */
bool certs_read(const char *path, struct tls_pem *, char why[TABLES_ERR]);
/* Only the key, in the place of the one that is there. */
bool certs_read_key(const char *path, struct tls_pem *, char why[TABLES_ERR]);

/*
 * Whether tlsd can serve it now: a key of a kind that it knows and, if the key
 * was looked for, that belongs to the leaf; dates, names, purpose, a chain in
 * order.  The text of why has no file name.
 */
bool certs_check(
    const struct tls_pem *, bool with_key, time_t now, char why[TABLES_ERR]);

/*
 * Whether a certificate that others have signed has nobody's behind it: who
 * does not know its signer itself cannot check it.
 */
bool certs_alone(const struct tls_pem *);

/* "mail.example.org, 192.0.2.1"; printable ASCII. */
void certs_names(const X509 *, struct sbuf *);
/* The first DNS name, or else address; false when there is none. */
bool certs_first_name(const X509 *, char out[CERTS_TEXT]);
/* Whether a client that wants this host would take it (RFC 6125). */
bool certs_is_for(X509 *, const char *host);
/* As tlsd logs it: "EC-P-256", "RSA-2048". */
void certs_key_kind(const X509 *, char out[CERTS_TEXT]);
/* Whoever signed it: its name, or "itself". */
void certs_issuer(const X509 *, char out[CERTS_TEXT]);
/* Seconds since 1970, or TLS_NO_TIME. */
int64_t certs_end(const X509 *);

/* SHA-256 of the DER of a file's first certificate, in lower-case hex. */
bool certs_digest_file(const char *path, char digest[65], char why[TABLES_ERR]);

/*
 * A file with an OCSP response (RFC 6960).  True when tlsd would staple it now,
 * with its end in *until; false with why.
 */
bool certs_ocsp(const char *path, const struct tls_pem *, time_t now,
    int64_t *until, char why[TABLES_ERR]);

#endif
