/*
 * tls_cert: keys and self-signed certificates for unit tests of TLS.
 */
#ifndef TESTS_UNIT_TLS_CERT_H
#define TESTS_UNIT_TLS_CERT_H

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "tests/unit/unit.h"

/* type is "RSA" with bits, or the name of a curve. */
static inline EVP_PKEY *
cert_key(const char *type, unsigned int bits)
{
	EVP_PKEY *k;

	if (strcmp(type, "RSA") == 0)
		k = EVP_PKEY_Q_keygen(
		    NULL, "provider=default", "RSA", (size_t)bits);
	else if (strcmp(type, "ED25519") == 0)
		k = EVP_PKEY_Q_keygen(NULL, "provider=default", "ED25519");
	else
		k = EVP_PKEY_Q_keygen(NULL, "provider=default", "EC", type);
	assert_non_null(k);
	return k;
}

static inline void
cert_extend(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX c;
	X509_EXTENSION *e;

	X509V3_set_ctx(&c, issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &c, nid, value);
	assert_non_null(e);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

struct cert_wish {
	const char *cn;
	const char *san;  /* "DNS:a,DNS:b" or NULL */
	long from, until; /* seconds from now */
	X509 *issuer;     /* NULL: itself */
	EVP_PKEY *signer; /* of the issuer */
};

static inline X509 *
cert_make(EVP_PKEY *key, const struct cert_wish *w)
{
	static long serial = 1;
	X509 *x = X509_new();
	const EVP_MD *md =
	    EVP_PKEY_is_a(w->signer != NULL ? w->signer : key, "ED25519")
	    ? NULL
	    : EVP_sha256();
	X509_NAME *name;

	assert_non_null(x);
	name = X509_get_subject_name(x);
	assert_int_equal(X509_set_version(x, X509_VERSION_3), 1);
	assert_int_equal(
	    ASN1_INTEGER_set(X509_get_serialNumber(x), serial++), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), w->from));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), w->until));
	assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
			     (const unsigned char *)w->cn, -1, -1, 0),
	    1);
	assert_int_equal(
	    X509_set_issuer_name(
		x, w->issuer == NULL ? name : X509_get_subject_name(w->issuer)),
	    1);
	assert_int_equal(X509_set_pubkey(x, key), 1);
	if (w->san != NULL)
		cert_extend(x, w->issuer == NULL ? x : w->issuer,
		    NID_subject_alt_name, w->san);
	assert_true(X509_sign(x, w->signer != NULL ? w->signer : key, md) > 0);
	return x;
}

/* For names, valid now, by itself. */
static inline X509 *
cert_self(EVP_PKEY *key, const char *san)
{
	const struct cert_wish w = { "test", san, -3600, 70 * 86400L + 3600,
		NULL, NULL };

	return cert_make(key, &w);
}

/* A file of unit_dir with these in PEM, in the place of another at once. */
static inline void
cert_file(const char *file, X509 *leaf, X509 *issuer, EVP_PKEY *key)
{
	BIO *b = BIO_new(BIO_s_mem());
	char path[4096];
	char *p;
	long n;

	assert_non_null(b);
	if (leaf != NULL)
		assert_int_equal(PEM_write_bio_X509(b, leaf), 1);
	if (issuer != NULL)
		assert_int_equal(PEM_write_bio_X509(b, issuer), 1);
	if (key != NULL)
		assert_int_equal(
		    PEM_write_bio_PrivateKey(b, key, NULL, NULL, 0, NULL, NULL),
		    1);
	n = BIO_get_mem_data(b, &p);
	unit_file("new", p, (size_t)n);
	(void)snprintf(path, sizeof(path), "%s", unit_path(file));
	assert_int_equal(rename(unit_path("new"), path), 0);
	BIO_free(b);
}

/* A new one with its key. */
static inline void
cert_put(const char *file, const char *san)
{
	EVP_PKEY *key = cert_key("P-256", 0);
	X509 *x = cert_self(key, san);

	cert_file(file, x, NULL, key);
	X509_free(x);
	EVP_PKEY_free(key);
}

#endif
