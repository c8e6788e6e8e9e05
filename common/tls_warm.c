/*
 * tls_warm: what a library does only the first time is done before the fork.
 *
 * OpenSSL looks for each algorithm among its providers when it is first used,
 * and remembers.  In tlsd's acceptor, whose children would do it again and
 * again; talks to nobody but itself, in memory.
 */
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "common/msg_tls.h"
#include "common/tls_profile.h"
#include "common/tls_tickets.h"
#include "common/tls_warm.h"

#define ROUNDS 10 /* that a handshake takes at most, here */

static const struct way {
	int version;
	const char *ciphers; /* of the version */
	const char *groups;
} ways[] = {
	{ TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256", "X25519" },
	{ TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384", "P-256" },
	{ TLS1_3_VERSION, "TLS_CHACHA20_POLY1305_SHA256", "P-384" },
	{ TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", "X25519:P-256" },
	{ TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384", "P-256" },
};

struct self {
	EVP_PKEY *key;
	X509 *x;
	struct tls_tickets tickets;
};

static bool
make_self(struct self *s)
{
	return (s->key = EVP_EC_gen("P-256")) != NULL &&
	    (s->x = X509_new()) != NULL &&
	    X509_gmtime_adj(X509_getm_notBefore(s->x), 0) != NULL &&
	    X509_gmtime_adj(X509_getm_notAfter(s->x), 3600) != NULL &&
	    X509_set_pubkey(s->x, s->key) == 1 &&
	    X509_sign(s->x, s->key, EVP_sha256()) > 0 &&
	    tls_tickets_refresh(&s->tickets, deadline_now());
}

static SSL_CTX *
make_server(struct self *s)
{
	SSL_CTX *ctx = tls_profile_context(TLS_MODERN, true);

	if (ctx != NULL &&
	    SSL_CTX_use_cert_and_key(ctx, s->x, s->key, NULL, 1) == 1 &&
	    tls_tickets_attach(ctx, &s->tickets))
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

static SSL_CTX *
make_client(const struct way *w)
{
	SSL_CTX *ctx = tls_profile_context(TLS_MODERN, false);
	bool is13 = w->version == TLS1_3_VERSION;

	if (ctx != NULL &&
	    SSL_CTX_set_max_proto_version(ctx, w->version) == 1 &&
	    (is13 ? SSL_CTX_set_ciphersuites(ctx, w->ciphers)
		  : SSL_CTX_set_cipher_list(ctx, w->ciphers)) == 1 &&
	    SSL_CTX_set1_groups_list(ctx, w->groups) == 1)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

/* A handshake, a byte each way, and what is told of it. */
static bool
talk(SSL *server, SSL *client)
{
	uint8_t exporter[TLS_DIGEST];
	char byte = 0;
	BIO *a, *b;

	if (BIO_new_bio_pair(&a, 0, &b, 0) != 1)
		return false;
	SSL_set_bio(server, a, a);
	SSL_set_bio(client, b, b);
	SSL_set_accept_state(server);
	SSL_set_connect_state(client);
	for (int i = 0; i < ROUNDS; i++) {
		(void)SSL_do_handshake(client); /* asked for below */
		(void)SSL_do_handshake(server);
	}
	return SSL_is_init_finished(server) && SSL_is_init_finished(client) &&
	    SSL_write(server, "", 1) == 1 && SSL_read(client, &byte, 1) == 1 &&
	    SSL_write(client, "", 1) == 1 && SSL_read(server, &byte, 1) == 1 &&
	    SSL_export_keying_material(server, exporter, sizeof(exporter),
		"EXPORTER-Channel-Binding", 24, NULL, 0, 0) == 1 &&
	    SSL_shutdown(client) == 0 && SSL_shutdown(server) == 0;
}

/* Twice: the second time by the ticket of the first. */
static bool
go(SSL_CTX *s, SSL_CTX *c)
{
	SSL_SESSION *session = NULL;
	SSL *server, *client;
	bool good = true;

	for (int i = 0; good && i < 2; i++) {
		server = SSL_new(s);
		client = SSL_new(c);
		good = server != NULL && client != NULL &&
		    (session == NULL || SSL_set_session(client, session)) &&
		    talk(server, client) && SSL_session_reused(server) == i;
		SSL_SESSION_free(session);
		session = good ? SSL_get1_session(client) : NULL;
		SSL_free(server);
		SSL_free(client);
	}
	SSL_SESSION_free(session);
	return good;
}

bool
tls_warm(void)
{
	struct self self = { 0 };
	SSL_CTX *s = NULL, *c;
	bool good = make_self(&self) && (s = make_server(&self)) != NULL;

	for (size_t i = 0; good && i < sizeof(ways) / sizeof(ways[0]); i++) {
		c = make_client(&ways[i]);
		good = c != NULL && go(s, c);
		SSL_CTX_free(c);
	}
	SSL_CTX_free(s);
	X509_free(self.x);
	EVP_PKEY_free(self.key);
	tls_tickets_wipe(&self.tickets);
	ERR_clear_error();
	return good;
}

void
tls_warm_key(EVP_PKEY *key)
{
	EVP_MD_CTX *m = EVP_MD_CTX_new();
	EVP_PKEY_CTX *p;

	/* It fails here as it would later, where it is told. */
	if (m != NULL &&
	    EVP_DigestSignInit_ex(m, &p, "SHA256", NULL, NULL, key, NULL) ==
		1 &&
	    EVP_PKEY_is_a(key, "RSA"))
		(void)EVP_PKEY_CTX_set_rsa_padding(p, RSA_PKCS1_PSS_PADDING);
	EVP_MD_CTX_free(m);
	ERR_clear_error();
}
