/*
 * tls_pem: certificates and a private key in PEM.  In tlsd's keeper and the
 * administrator's tools; leaves no copy of a key but the one that it gives.
 */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#include "common/tls_identity.h"
#include "common/tls_pem.h"

#define BLOCKS 64 /* of all kinds, in a file */

const char tls_pem_no_memory[] = "no memory";

void
tls_pem_clear(struct tls_pem *p)
{
	X509_free(p->leaf);
	sk_X509_pop_free(p->chain, X509_free);
	EVP_PKEY_free(p->key);
	memset(p, 0, sizeof(*p));
}

/* What is wrong, or NULL, as below. */
static const char *
take_certificate(struct tls_pem *p, const uint8_t *der, long n)
{
	const uint8_t *q = der;
	X509 *x = d2i_X509(NULL, &q, n);

	if (x == NULL || q != der + n) {
		X509_free(x);
		return "a damaged certificate";
	}
	if (p->leaf == NULL) {
		p->leaf = x;
		return NULL;
	}
	if (sk_X509_num(p->chain) < TLS_CHAIN && sk_X509_push(p->chain, x) > 0)
		return NULL;
	X509_free(x);
	return "too many certificates";
}

static const char *
take_key(struct tls_pem *p, const char *head, const uint8_t *der, long n)
{
	const uint8_t *q = der;

	if (p->key != NULL)
		return "a second private key";
	if (strstr(head, "ENCRYPTED") != NULL)
		return "a private key that needs a password";
	p->key = d2i_AutoPrivateKey_ex(NULL, &q, n, NULL, NULL);
	return p->key != NULL && q == der + n ? NULL : "a damaged private key";
}

static bool
ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

static const char *
take_block(struct tls_pem *p, const char *name, const char *head,
    const uint8_t *der, long n)
{
	if (strcmp(name, PEM_STRING_X509) == 0)
		return take_certificate(p, der, n);
	if (strcmp(name, PEM_STRING_PKCS8) == 0)
		return take_key(p, "ENCRYPTED", der, n);
	return ends_in(name, "PRIVATE KEY") ? take_key(p, head, der, n) : NULL;
}

/* NULL also at the end, which OpenSSL tells as an error of its own. */
static const char *
next(BIO *in, struct tls_pem *p, bool *end)
{
	char *name = NULL, *head = NULL;
	unsigned char *der = NULL;
	const char *wrong;
	long n = 0;

	if (PEM_read_bio(in, &name, &head, &der, &n) != 1) {
		*end = true;
		return ERR_GET_REASON(ERR_peek_last_error()) ==
			PEM_R_NO_START_LINE
		    ? NULL
		    : "a damaged block of PEM";
	}
	wrong = take_block(p, name, head, der, n);
	OPENSSL_free(name);
	OPENSSL_free(head);
	OPENSSL_clear_free(der, (size_t)n);
	return wrong;
}

static const char *
take_all(BIO *in, struct tls_pem *p)
{
	const char *wrong = NULL;
	bool end = false;

	for (int i = 0; i < BLOCKS; i++) {
		wrong = next(in, p, &end);
		if (end || wrong != NULL)
			return wrong;
	}
	return "too many blocks of PEM";
}

bool
tls_pem_read(
    const uint8_t *bytes, size_t n, struct tls_pem *p, const char **found)
{
	BIO *in = BIO_new_mem_buf(bytes, (int)n);

	memset(p, 0, sizeof(*p));
	p->chain = sk_X509_new_null();
	ERR_clear_error();
	*found = tls_pem_no_memory;
	if (in != NULL && p->chain != NULL)
		*found = take_all(in, p);
	BIO_free(in);
	ERR_clear_error();
	if (*found == NULL)
		return true;
	tls_pem_clear(p);
	return false;
}
