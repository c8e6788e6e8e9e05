/*
 * tls_facts: what is told of a connection after its handshake.  In tlsd's
 * connections; what it repeats of a certificate is printable and bounded, and
 * an address with a NUL or another surprise in it is none.
 */
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/address.h"
#include "common/tls_facts.h"
#include "common/tls_serve.h"

#define EXPORTER "EXPORTER-Channel-Binding" /* RFC 9266 section 2 */

void
tls_facts_text(const uint8_t *s, size_t n, char out[TEXT_MAX + 1])
{
	size_t at = 0;

	for (size_t i = 0; i < n && at + 5 <= TEXT_MAX + 1; i++) {
		if (s[i] >= ' ' && s[i] <= '~')
			out[at++] = (char)s[i];
		else
			at += (size_t)snprintf(out + at, 5, "\\x%02X", s[i]);
	}
	out[at] = '\0';
}

void
tls_facts_name(const X509_NAME *name, char out[TEXT_MAX + 1])
{
	BIO *b = BIO_new(BIO_s_mem());
	char *s;
	long n;

	out[0] = '\0';
	if (b == NULL)
		return;
	if (X509_NAME_print_ex(b, name, 0, XN_FLAG_RFC2253) >= 0 &&
	    (n = BIO_get_mem_data(b, &s)) > 0)
		tls_facts_text((const uint8_t *)s, (size_t)n, out);
	BIO_free(b);
}

/* An address as an account may have it: whole, with a domain. */
static bool
good_address(const ASN1_STRING *s, char out[ADDR_MAX + 1])
{
	size_t n = (size_t)ASN1_STRING_length(s);
	const unsigned char *p = ASN1_STRING_get0_data(s);
	struct address a;

	if (n == 0 || n > ADDR_MAX || memchr(p, '\0', n) != NULL)
		return false;
	memcpy(out, p, n);
	out[n] = '\0';
	return address_parse(out, &a) == ADDRESS_OK && *a.domain != '\0';
}

/* The first rfc822Name; one in the subject counts for nothing. */
static void
find_email(const X509 *x, char out[ADDR_MAX + 1])
{
	GENERAL_NAMES *names =
	    X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	char found[ADDR_MAX + 1];

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);

		if (g->type != GEN_EMAIL)
			continue;
		if (good_address(g->d.rfc822Name, found))
			(void)strlcpy(out, found, ADDR_MAX + 1);
		break;
	}
	GENERAL_NAMES_free(names);
}

static void
describe_peer(const X509 *x, bool verified, struct msg_tls_ready *r)
{
	unsigned int n = 0;

	if (X509_digest(x, EVP_sha256(), r->certificate, &n) == 1)
		r->certificate_len = n;
	tls_facts_name(X509_get_subject_name(x), r->subject);
	if (verified)
		r->flags |= TLS_VERIFIED;
}

/*
 * Before 1.3 the value is bound to the connection only with the extended
 * master secret.
 */
static void
describe_binding(SSL *ssl, struct msg_tls_ready *r)
{
	if (SSL_version(ssl) < TLS1_3_VERSION &&
	    SSL_get_extms_support(ssl) != 1)
		return;
	if (SSL_export_keying_material(ssl, r->exporter, TLS_DIGEST, EXPORTER,
		sizeof(EXPORTER) - 1, NULL, 0, 0) == 1)
		r->exporter_len = TLS_DIGEST;
}

/*
 * A server may be anybody whom the session wanted to reach, by pins of its own
 * choice: that its certificate is good makes it nobody's client.  The key is
 * made for the one or the other.
 */
static void
testify(bool client, struct witness_once *key, struct msg_tls_ready *r)
{
	const struct witness_of what = {
		.verified = !client && (r->flags & TLS_VERIFIED) != 0,
		.certificate = r->certificate,
		.exporter = r->exporter,
		.certificate_len = client ? r->certificate_len : 0,
		.exporter_len = r->exporter_len,
		.email = r->email,
	};

	witness_sign(key, &what, r->witness);
	r->witness_len = TLS_WITNESS;
}

void
tls_facts(
    SSL *ssl, struct witness_once *key, bool verified, struct msg_tls_ready *r)
{
	const SSL_CIPHER *c = SSL_get_current_cipher(ssl);
	const X509 *peer = SSL_get0_peer_certificate(ssl);
	const char *name = SSL_CIPHER_standard_name(c);

	memset(r, 0, sizeof(*r));
	if (SSL_session_reused(ssl) == 1)
		r->flags |= TLS_RESUMED;
	(void)strlcpy(r->version, SSL_get_version(ssl), sizeof(r->version));
	(void)strlcpy(r->cipher, name != NULL ? name : SSL_CIPHER_get_name(c),
	    sizeof(r->cipher));
	r->bits = (uint32_t)SSL_CIPHER_get_bits(c, NULL);
	if (peer != NULL)
		describe_peer(peer, verified, r);
	describe_binding(ssl, r);
	if (SSL_is_server(ssl) == 1) {
		tls_serve_sni(ssl, r->sni);
		if (peer != NULL && verified)
			find_email(peer, r->email);
	}
	testify(SSL_is_server(ssl) == 1, key, r);
}
