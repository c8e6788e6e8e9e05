/*
 * tls_pair: two ends of TLS in one process, and what they are made of.
 */
#ifndef TESTS_UNIT_TLS_PAIR_H
#define TESTS_UNIT_TLS_PAIR_H

#include "tests/unit/unit.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "common/tls_identity.h"
#include "tests/unit/tls_cert.h"

/* A CA, or a certificate that one has signed. */
struct pair_cert {
	EVP_PKEY *key;
	X509 *x;
};

static inline struct pair_cert
pair_ca(const char *cn)
{
	struct pair_cert c = { .key = cert_key("P-256", 0) };
	const struct cert_wish w = { cn, NULL, -3600, 86400, NULL, NULL };

	c.x = cert_make(c.key, &w);
	cert_extend(c.x, c.x, NID_basic_constraints, "critical,CA:TRUE");
	assert_true(X509_sign(c.x, c.key, EVP_sha256()) > 0);
	return c;
}

/* until: seconds from now; signer NULL: itself. */
static inline struct pair_cert
pair_cert(const char *type, const char *san, long until,
    const struct pair_cert *signer)
{
	struct pair_cert c = { .key = cert_key(type, 2048) };
	const struct cert_wish w = { "leaf", san, -7200, until,
		signer != NULL ? signer->x : NULL,
		signer != NULL ? signer->key : NULL };

	c.x = cert_make(c.key, &w);
	return c;
}

static inline void
pair_cert_free(struct pair_cert *c)
{
	EVP_PKEY_free(c->key);
	X509_free(c->x);
}

/* Identities whose keys are here; they keep references of their own. */
static inline struct tls_identities
pair_identities(const struct pair_cert *c, size_t n)
{
	struct tls_identities all = { .n = n };

	all.list = calloc(n, sizeof(*all.list));
	assert_non_null(all.list);
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(
		    all.list[i].name, sizeof(all.list[i].name), "%zu", i);
		assert_int_equal(X509_up_ref(c[i].x), 1);
		assert_int_equal(EVP_PKEY_up_ref(c[i].key), 1);
		all.list[i].leaf = c[i].x;
		all.list[i].key = c[i].key;
		all.list[i].chain = sk_X509_new_null();
	}
	return all;
}

static inline void
pair_pem(const char *name, X509 *x)
{
	FILE *f = fopen(unit_path(name), "w");

	assert_non_null(f);
	assert_int_equal(PEM_write_X509(f, x), 1);
	assert_int_equal(fclose(f), 0);
}

/* Ready to shake hands over memory. */
struct pair {
	SSL *server, *client;
};

static inline struct pair
pair_new(SSL_CTX *server, SSL_CTX *client)
{
	struct pair p = { SSL_new(server), SSL_new(client) };
	BIO *a, *b;

	assert_non_null(p.server);
	assert_non_null(p.client);
	assert_int_equal(BIO_new_bio_pair(&a, 0, &b, 0), 1);
	SSL_set_bio(p.server, a, a);
	SSL_set_bio(p.client, b, b);
	SSL_set_accept_state(p.server);
	SSL_set_connect_state(p.client);
	return p;
}

static inline bool
pair_waits(const SSL *ssl, int n)
{
	int e = SSL_get_error(ssl, n);

	return e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE;
}

/*
 * Whether both come to an end of the handshake; the client has read the
 * server's tickets then.  OpenSSL's queue is the side's that failed.
 */
static inline bool
pair_shake(struct pair *p)
{
	int s = 0, c = 0;
	char byte;

	ERR_clear_error();
	for (int i = 0; i < 100 && (s != 1 || c != 1); i++) {
		if (c != 1 && (c = SSL_do_handshake(p->client)) != 1 &&
		    !pair_waits(p->client, c))
			return false;
		if (s != 1 && (s = SSL_do_handshake(p->server)) != 1 &&
		    !pair_waits(p->server, s))
			return false;
	}
	(void)SSL_read(p->client, &byte, 1); /* tickets, and no data */
	return s == 1 && c == 1;
}

static inline void
pair_free(struct pair *p)
{
	/* Else their sessions would not be resumed again. */
	(void)SSL_shutdown(p->client);
	(void)SSL_shutdown(p->server);
	SSL_free(p->server);
	SSL_free(p->client);
	ERR_clear_error();
}

#endif
