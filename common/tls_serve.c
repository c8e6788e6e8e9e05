/*
 * tls_serve: what a server answers to a ClientHello.  In tlsd's connections,
 * with public certificates and keys that are somewhere else; reads what the
 * client sent through OpenSSL alone, and opens nothing by it.
 */
#include <openssl/tls1.h>
#include <string.h>

#include <bsd/string.h>

#include "common/tls_serve.h"

static int serve_index = -1; /* of the contexts' data */

static struct tls_serve *
serve_of(const SSL *ssl)
{
	return SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), serve_index);
}

void
tls_serve_sni(const SSL *ssl, char name[DOMAIN_MAX + 1])
{
	const char *s = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	name[0] = '\0';
	if (s != NULL && address_domain_valid(s))
		(void)strlcpy(name, s, DOMAIN_MAX + 1); /* fits: it is valid */
}

/* Says whether the session is to remember the name. */
static int
on_name(SSL *ssl, int *alert, void *arg)
{
	char name[DOMAIN_MAX + 1];

	(void)alert;
	(void)arg;
	tls_serve_sni(ssl, name);
	return *name != '\0' ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

/*
 * The usual certificates are in the context already, and each connection has
 * them from there for nothing.
 */
static int
on_certificate(SSL *ssl, void *arg)
{
	const struct tls_serve *serve = arg;
	char name[DOMAIN_MAX + 1];
	struct tls_choice c;

	tls_serve_sni(ssl, name);
	if (*name == '\0' || !tls_choose_for(serve->identities, name, &c) ||
	    memcmp(&c, &serve->usual, sizeof(c)) == 0)
		return 1;
	SSL_certs_clear(ssl);
	for (size_t i = 0; i < TLS_KINDS; i++)
		if (c.of[i] != NULL &&
		    SSL_use_cert_and_key(ssl, c.of[i]->leaf, c.of[i]->key,
			c.of[i]->chain, 1) != 1)
			return 0;
	return 1;
}

/* A client that wants none of it is told so (RFC 7301 section 3.2). */
static int
on_alpn(SSL *ssl, const unsigned char **out, unsigned char *outlen,
    const unsigned char *in, unsigned int inlen, void *arg)
{
	const struct tls_serve *serve = arg;
	size_t want = strlen(serve->alpn), n;

	(void)ssl;
	for (; inlen > 0; in += 1 + n, inlen -= 1 + (unsigned int)n) {
		if ((n = in[0]) >= inlen)
			break;
		if (n != want || memcmp(in + 1, serve->alpn, n) != 0)
			continue;
		*out = in + 1;
		*outlen = (unsigned char)n;
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static const struct tls_identity *
identity_of(const struct tls_identities *all, const X509 *leaf)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->list[i].leaf == leaf)
			return &all->list[i];
	return NULL;
}

/* A client asks for the response to be stapled (RFC 6066 section 8). */
static int
on_status(SSL *ssl, void *arg)
{
	const struct tls_identity *t =
	    identity_of(serve_of(ssl)->identities, SSL_get_certificate(ssl));
	uint8_t *copy;

	(void)arg;
	if (t == NULL || t->ocsp == NULL ||
	    (copy = OPENSSL_memdup(t->ocsp, t->ocsp_len)) == NULL)
		return SSL_TLSEXT_ERR_NOACK;
	if (SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)t->ocsp_len) !=
	    1) {
		OPENSSL_free(copy);
		return SSL_TLSEXT_ERR_NOACK;
	}
	return SSL_TLSEXT_ERR_OK;
}

bool
tls_serve_attach(SSL_CTX *ctx, struct tls_serve *serve)
{
	const struct tls_identity *t;

	if (serve_index == -1)
		serve_index =
		    SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	if (serve_index == -1 ||
	    SSL_CTX_set_ex_data(ctx, serve_index, serve) != 1)
		return false;
	for (size_t i = 0; i < TLS_KINDS; i++)
		if ((t = serve->usual.of[i]) != NULL &&
		    SSL_CTX_use_cert_and_key(
			ctx, t->leaf, t->key, t->chain, 1) != 1)
			return false;
	SSL_CTX_set_cert_cb(ctx, on_certificate, serve);
	SSL_CTX_set_alpn_select_cb(ctx, on_alpn, serve);
	(void)SSL_CTX_set_tlsext_servername_callback(ctx, on_name);
	(void)SSL_CTX_set_tlsext_status_cb(ctx, on_status);
	return true;
}
