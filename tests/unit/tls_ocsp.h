/*
 * tls_ocsp: OCSP responses for unit tests of TLS.
 */
#ifndef TESTS_UNIT_TLS_OCSP_H
#define TESTS_UNIT_TLS_OCSP_H

#include <openssl/ocsp.h>

#include "tests/unit/tls_cert.h"

struct ocsp_wish {
	X509 *about, *issuer;
	EVP_PKEY *signer; /* of the issuer */
	int status;       /* V_OCSP_CERTSTATUS_* */
	long from, until; /* seconds from now; until 0: not told */
	int answer;       /* OCSP_RESPONSE_STATUS_* */
};

/* The DER, to be freed with OPENSSL_free(). */
static inline int
ocsp_make(const struct ocsp_wish *w, unsigned char **der)
{
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	OCSP_CERTID *id = OCSP_cert_to_id(NULL, w->about, w->issuer);
	ASN1_TIME *from = X509_gmtime_adj(NULL, w->from);
	ASN1_TIME *until =
	    w->until == 0 ? NULL : X509_gmtime_adj(NULL, w->until);
	ASN1_TIME *revoked = w->status == V_OCSP_CERTSTATUS_REVOKED
	    ? X509_gmtime_adj(NULL, -60)
	    : NULL;
	OCSP_RESPONSE *r;
	int n;

	assert_non_null(basic);
	assert_non_null(id);
	assert_non_null(OCSP_basic_add1_status(
	    basic, id, w->status, 0, revoked, from, until));
	assert_int_equal(
	    OCSP_basic_sign(basic, w->issuer, w->signer, EVP_sha256(), NULL, 0),
	    1);
	r = OCSP_response_create(w->answer,
	    w->answer == OCSP_RESPONSE_STATUS_SUCCESSFUL ? basic : NULL);
	assert_non_null(r);
	*der = NULL;
	n = i2d_OCSP_RESPONSE(r, der);
	assert_true(n > 0);
	OCSP_RESPONSE_free(r);
	OCSP_BASICRESP_free(basic);
	OCSP_CERTID_free(id);
	ASN1_TIME_free(from);
	ASN1_TIME_free(until);
	ASN1_TIME_free(revoked);
	return n;
}

/* The same in a file of unit_dir. */
static inline void
ocsp_file(const char *file, const struct ocsp_wish *w)
{
	unsigned char *der;
	char path[4096];
	int n = ocsp_make(w, &der);

	unit_file("new", der, (size_t)n);
	(void)snprintf(path, sizeof(path), "%s", unit_path(file));
	assert_int_equal(rename(unit_path("new"), path), 0);
	OPENSSL_free(der);
}

#endif
