/*
 * tls_pair: a certificate and its private key, as they are in tls-dir.
 *
 * NAME.pem is the leaf, then its chain; the private key is in NAME.key or, when
 * there is no such file, in NAME.pem.  NAME.ocsp, if it is there, is an OCSP
 * response (DER).  A file that holds a private key must not be readable or
 * writable by others than its owner and group.
 */
#ifndef COMMON_TLS_PAIR_H
#define COMMON_TLS_PAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "common/tls_file.h"
#include "common/tls_identity.h"
#include "common/tls_key.h"
#include "common/tls_ocsp.h"

struct tls_pair {
	struct tls_identity public; /* without its key */
	EVP_PKEY *key;              /* the private one */
	uint8_t id[SIGN_KEY];
	char kind[TLS_KEY_LABEL];
	int64_t from, until;  /* notBefore, notAfter; times that are some */
	struct tls_ocsp ocsp; /* when public.ocsp is there */
};

enum tls_pair_result {
	TLS_PAIR_OK,
	TLS_PAIR_UNLIKE, /* a part is missing or does not fit the other: one
			    file of two may just have been replaced */
	TLS_PAIR_AGAIN,  /* it could not be read just now: no memory, no
			   descriptor, an error of the disk */
	TLS_PAIR_BAD
};

/* Whether it is a NAME: letters, digits and "._-", at most TLS_NAME bytes. */
bool tls_pair_name(const char *, size_t n);

/* dir/NAME and an ending; false when it is too long. */
bool tls_pair_path(
    char out[TLS_PATH], const char *dir, const char *name, const char *ending);

/*
 * Reads a pair.  Its dates must be some, and are not judged otherwise.  Without
 * OK there is nothing to free and wrong says why.
 */
enum tls_pair_result tls_pair_read(
    const char *dir, const char *name, struct tls_pair *, struct tls_wrong *);

/*
 * Reads the response for a pair, in place of the one it had.  True also when
 * there is no file; false leaves none.
 */
bool tls_pair_ocsp(const char *dir, struct tls_pair *, struct tls_wrong *);

void tls_pair_clear(struct tls_pair *);

/* Its names, for people: "a.example,b.example", at most TEXT_MAX bytes. */
void tls_pair_subjects(const struct tls_pair *, char out[TEXT_MAX + 1]);

#endif
