/*
 * tls_verify: how a peer's certificate is judged.  In tlsd's connections, over
 * certificates that strangers made: they are parsed by OpenSSL alone, and what
 * is repeated of them in a reason is made printable.
 */
#include <sys/socket.h>

#include <netinet/in.h>

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/address.h"
#include "common/tls_facts.h"
#include "common/tls_time.h"
#include "common/tls_verify.h"

static int verify_index = -1; /* of the connections' data */

static struct tls_verify *
verify_of(X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(
	    store, SSL_get_ex_data_X509_STORE_CTX_idx());

	return SSL_get_ex_data(ssl, verify_index);
}

/* --- servers: any certificate passes, and what is wrong is kept */

static int
on_client(X509_STORE_CTX *store, void *arg)
{
	(void)arg;
	if (X509_verify_cert(store) != 1 &&
	    X509_STORE_CTX_get_error(store) == X509_V_OK)
		X509_STORE_CTX_set_error(store, X509_V_ERR_UNSPECIFIED);
	ERR_clear_error();
	return 1;
}

void
tls_verify_clients(SSL_CTX *ctx)
{
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, on_client, NULL);
}

/* --- clients */

/* The first host name in a certificate, or its subject. */
static void
whose(X509 *x, char out[TEXT_MAX + 1])
{
	GENERAL_NAMES *names =
	    X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);

	tls_facts_name(X509_get_subject_name(x), out);
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);

		if (g->type != GEN_DNS)
			continue;
		tls_facts_text(ASN1_STRING_get0_data(g->d.dNSName),
		    (size_t)ASN1_STRING_length(g->d.dNSName), out);
		break;
	}
	GENERAL_NAMES_free(names);
}

static void
explain_date(X509 *x, bool before, char *out)
{
	char day[TLS_DATE];

	tls_date(
	    tls_time(before ? X509_get0_notBefore(x) : X509_get0_notAfter(x)),
	    day);
	(void)snprintf(out, TEXT_MAX + 1,
	    before ? "certificate not valid before %s"
		   : "certificate expired %s",
	    day);
}

static void
explain_issuer(X509 *x, char *out)
{
	char name[TEXT_MAX + 1];

	tls_facts_name(X509_get_issuer_name(x), name);
	(void)snprintf(
	    out, TEXT_MAX + 1, "certificate of an unknown CA: %.150s", name);
}

static void
explain_name(X509 *x, const char *wanted, char *out)
{
	char name[TEXT_MAX + 1];

	whose(x, name);
	(void)snprintf(out, TEXT_MAX + 1,
	    "certificate is for %.80s, not for %.80s", name, wanted);
}

static void
explain(X509_STORE_CTX *store, struct tls_verify *v)
{
	int error = X509_STORE_CTX_get_error(store);
	X509 *x = X509_STORE_CTX_get_current_cert(store);

	if (x == NULL)
		x = X509_STORE_CTX_get0_cert(store);
	switch (error) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		explain_date(
		    x, error == X509_V_ERR_CERT_NOT_YET_VALID, v->reason);
		break;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		explain_issuer(x, v->reason);
		break;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		(void)strlcpy(
		    v->reason, "certificate is self-signed", TEXT_MAX + 1);
		break;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		explain_name(x, v->start->name, v->reason);
		break;
	default:
		(void)snprintf(v->reason, TEXT_MAX + 1, "certificate: %.150s",
		    X509_verify_cert_error_string(error));
		break;
	}
}

/* RFC 6698: usage 3, selectors 0 and 1, matching type 1. */
static bool
pin_matches(X509 *x, const uint8_t pin[TLS_PIN_LEN])
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned int n = 0;
	unsigned char *der = NULL;
	int len;

	if (pin[0] == TLS_PIN_CERTIFICATE) {
		if (X509_digest(x, EVP_sha256(), digest, &n) != 1)
			return false;
	} else if (pin[0] == TLS_PIN_KEY) {
		len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
		if (len < 0)
			return false;
		if (EVP_Digest(
			der, (size_t)len, digest, &n, EVP_sha256(), NULL) != 1)
			n = 0;
		OPENSSL_free(der);
	}
	return n == TLS_DIGEST && memcmp(digest, pin + 1, TLS_DIGEST) == 0;
}

static bool
any_pin_matches(X509 *x, const struct msg_tls_start *start)
{
	for (uint32_t i = 0; i + TLS_PIN_LEN <= start->pins_len;
	     i += TLS_PIN_LEN)
		if (pin_matches(x, start->pins + i))
			return true;
	return false;
}

static bool
judge(X509_STORE_CTX *store, struct tls_verify *v)
{
	if (v->start->verify == TLS_VERIFY_PINS) {
		if (any_pin_matches(X509_STORE_CTX_get0_cert(store), v->start))
			return true;
		X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_UNTRUSTED);
		(void)strlcpy(v->reason, "no pin matches the certificate",
		    sizeof(v->reason));
		return false;
	}
	if (X509_verify_cert(store) == 1)
		return true;
	if (X509_STORE_CTX_get_error(store) == X509_V_OK)
		X509_STORE_CTX_set_error(store, X509_V_ERR_UNSPECIFIED);
	explain(store, v);
	return false;
}

static int
on_server(X509_STORE_CTX *store, void *arg)
{
	struct tls_verify *v = verify_of(store);

	(void)arg;
	if (v == NULL) /* a connection that nobody prepared */
		return 0;
	if (v->start->verify == TLS_VERIFY_NONE)
		return 1;
	v->good = judge(store, v);
	return v->good;
}

bool
tls_verify_servers(SSL_CTX *ctx)
{
	if (verify_index == -1)
		verify_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, on_server, NULL);
	return verify_index != -1;
}

static bool
is_ip(const char *s)
{
	struct in6_addr a;

	return inet_pton(AF_INET, s, &a) == 1 ||
	    inet_pton(AF_INET6, s, &a) == 1;
}

static bool
want_name(SSL *ssl, const char *name, bool ip)
{
	X509_VERIFY_PARAM *p = SSL_get0_param(ssl);

	/* A common name is for people (RFC 6125 section 6.4.4). */
	X509_VERIFY_PARAM_set_hostflags(p,
	    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
		X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	return (ip ? X509_VERIFY_PARAM_set1_ip_asc(p, name)
		   : X509_VERIFY_PARAM_set1_host(p, name, 0)) == 1;
}

static const char *
prepare(SSL *ssl, struct tls_verify *v, const struct msg_tls_start *start)
{
	bool ip = is_ip(start->name);
	bool host = !ip && address_domain_valid(start->name);

	if (start->verify > TLS_VERIFY_PINS)
		return "unknown kind of verification";
	if (start->verify == TLS_VERIFY_PINS &&
	    (start->pins_len == 0 || start->pins_len % TLS_PIN_LEN != 0))
		return "no pins to verify by";
	if (start->verify == TLS_VERIFY_NAME && !ip && !host)
		return "no name to verify";
	if (SSL_set_ex_data(ssl, verify_index, v) != 1 ||
	    (host && SSL_set_tlsext_host_name(ssl, start->name) != 1) ||
	    (start->verify == TLS_VERIFY_NAME &&
		!want_name(ssl, start->name, ip)))
		return "no memory";
	return NULL;
}

bool
tls_verify_want(
    SSL *ssl, struct tls_verify *v, const struct msg_tls_start *start)
{
	const char *why;

	memset(v, 0, sizeof(*v));
	v->start = start;
	if ((why = prepare(ssl, v, start)) == NULL)
		return true;
	(void)strlcpy(v->reason, why, sizeof(v->reason));
	return false;
}

/* --- CAs */

/* There is no password, and nobody to ask for one. */
static int
no_password(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

/* NULL, or what is wrong with the file. */
static const char *
add_all(X509_STORE *store, BIO *in)
{
	unsigned long last;
	X509 *x;
	size_t n = 0;
	bool added = true;

	ERR_clear_error();
	while (added &&
	    (x = PEM_read_bio_X509(in, NULL, no_password, NULL)) != NULL) {
		added = X509_STORE_add_cert(store, x) == 1;
		X509_free(x);
		n++;
	}
	last = ERR_peek_last_error();
	/* So ends a file that is whole. */
	if (ERR_GET_LIB(last) != ERR_LIB_PEM ||
	    ERR_GET_REASON(last) != PEM_R_NO_START_LINE)
		return ERR_reason_error_string(ERR_peek_error());
	return n > 0 ? NULL : "no certificate in it";
}

X509_STORE *
tls_verify_store(const char *path, const char **why)
{
	X509_STORE *store = X509_STORE_new();
	int error = 0;
	BIO *in;

	*why = NULL;
	if (store == NULL)
		return NULL;
	if ((in = BIO_new_file(path, "r")) == NULL) {
		error = errno;
		*why = strerror(error);
	} else
		*why = add_all(store, in);
	(void)BIO_free(in);
	ERR_clear_error(); /* the end of the file is one */
	errno = error;
	return store;
}
