/*
 * tls_host: contexts of a server and of its clients, for tls_guest.
 */
#ifndef TESTS_UNIT_TLS_HOST_H
#define TESTS_UNIT_TLS_HOST_H

#include "tests/unit/tls_guest.h"

#include <signal.h>

#include "common/tls_profile.h"
#include "common/tls_serve.h"
#include "common/tls_tickets.h"
#include "common/tls_verify.h"

static struct pair_cert ca, rsa_ec[2], users[2];
static struct tls_identities identities;
static struct tls_serve serve;
static struct tls_tickets tickets;
static SSL_CTX *server, *strict, *asking; /* the last wants certificates */
static SSL_CTX *client, *client12, *judging;

static inline SSL_CTX *
host_server(enum tls_profile p)
{
	SSL_CTX *ctx = tls_profile_context(p, true);

	assert_non_null(ctx);
	assert_int_equal(
	    SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"t", 1),
	    1);
	assert_true(tls_tickets_attach(ctx, &tickets));
	assert_true(tls_serve_attach(ctx, &serve));
	return ctx;
}

static inline void
host_trust(SSL_CTX *ctx)
{
	const char *why;
	X509_STORE *store = tls_verify_store(unit_path("ca.pem"), &why);

	assert_non_null(store);
	SSL_CTX_set1_cert_store(ctx, store);
	X509_STORE_free(store);
}

static inline int
host_setup(void **state)
{
	/* The test's own side of a connection may break. */
	if (unit_setup(state) == -1 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -1;
	ca = pair_ca("a CA");
	pair_pem("ca.pem", ca.x);
	rsa_ec[0] =
	    pair_cert("P-256", "DNS:a.example,DNS:mx.a.example", 86400, &ca);
	rsa_ec[1] = pair_cert("RSA", "DNS:a.example", 86400, &ca);
	users[0] = pair_cert("P-256", "email:al@a.example", 86400, &ca);
	users[1] = pair_cert("P-256", "email:bo@a.example", 86400, NULL);
	identities = pair_identities(rsa_ec, 2);
	serve = (struct tls_serve){ .identities = &identities, .alpn = "smtp" };
	tls_choose(&identities, "a.example", &serve.usual);
	assert_true(tls_tickets_refresh(&tickets, deadline_now()));
	server = host_server(TLS_MODERN);
	strict = host_server(TLS_STRICT);
	asking = host_server(TLS_MODERN);
	host_trust(asking);
	tls_verify_clients(asking);
	client = SSL_CTX_new(TLS_client_method());
	client12 = SSL_CTX_new(TLS_client_method());
	(void)SSL_CTX_set_max_proto_version(client12, TLS1_2_VERSION);
	judging = tls_profile_context(TLS_MODERN, false);
	host_trust(judging);
	assert_true(tls_verify_servers(judging));
	return 0;
}

static inline int
host_teardown(void **state)
{
	SSL_CTX *const all[] = { server, strict, asking, client, client12,
		judging };

	for (size_t i = 0; i < COUNT(all); i++)
		SSL_CTX_free(all[i]);
	tls_identities_free(&identities);
	for (size_t i = 0; i < 2; i++) {
		pair_cert_free(&rsa_ec[i]);
		pair_cert_free(&users[i]);
	}
	pair_cert_free(&ca);
	return unit_teardown(state);
}

#endif
