/*
 * certs_make: new certificates, signed by themselves or by a CA of one's own.
 */
#ifndef QUEUE_CERTS_MAKE_H
#define QUEUE_CERTS_MAKE_H

#include <stdbool.h>
#include <stddef.h>

#include "queue/certs.h"

#define CERTS_DAYS_MAX 3650

struct certs_wanted {
	char *const *names; /* DNS names, with "*." perhaps, and addresses */
	size_t n;           /* 1 or more */
	const char *ca_dir; /* ca.pem and ca.key, made if missing; or NULL */
	int days;           /* 1 to CERTS_DAYS_MAX */
	bool rsa;           /* else EC P-256 */
};

/* Whether a certificate can be for it: a DNS name or an address. */
bool certs_name_valid(const char *);

/* False with why; then there is nothing to clear. */
bool certs_make(
    const struct certs_wanted *, struct tls_pem *, char why[TABLES_ERR]);

#endif
