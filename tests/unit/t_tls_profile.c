/*
 * t_tls_profile: who may talk to us, and who not.
 */
#include "tests/unit/tls_pair.h"

#include "common/tls_profile.h"

struct talker {
	const char *name;
	int least, most;
	const char *ciphers, *suites, *groups;
	/* Which of strict, modern, old take it. */
	bool taken[3];
};

#define ALL_13 "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
#define V12 TLS1_2_VERSION
#define V13 TLS1_3_VERSION

/* clang-format off */
static const struct talker talkers[] = {
	{ "1.3", V13, V13, "DEFAULT", ALL_13, "X25519", { 1, 1, 1 } },
	{ "1.3 with P-384", V13, V13, "DEFAULT", ALL_13, "P-384", { 1, 1, 1 } },
	{ "1.3 with P-521", V13, V13, "DEFAULT", ALL_13, "P-521", { 0, 0, 1 } },
	{ "1.3 with CCM", V13, V13, "DEFAULT", "TLS_AES_128_CCM_SHA256",
	    "X25519", { 0, 0, 0 } },
	{ "1.3 with DHE", V13, V13, "DEFAULT", ALL_13, "ffdhe2048",
	    { 0, 0, 0 } },
	{ "1.2 AEAD", V12, V12, "ECDHE+AESGCM", ALL_13, "P-256", { 0, 1, 1 } },
	{ "1.2 ChaCha", V12, V12, "ECDHE+CHACHA20", ALL_13, "P-256",
	    { 0, 1, 1 } },
	{ "1.2 CBC SHA1", V12, V12, "ECDHE-ECDSA-AES128-SHA", ALL_13, "P-256",
	    { 0, 0, 1 } },
	{ "1.2 CBC SHA256", V12, V12, "ECDHE-RSA-AES128-SHA256", ALL_13,
	    "P-256", { 0, 0, 1 } },
	{ "1.2 CCM", V12, V12, "ECDHE-ECDSA-AES128-CCM", ALL_13, "P-256",
	    { 0, 0, 0 } },
	{ "1.2 RSA", V12, V12, "kRSA", ALL_13, "P-256", { 0, 0, 0 } },
	{ "1.2 DHE", V12, V12, "kDHE", ALL_13, "P-256", { 0, 0, 0 } },
	{ "1.2 null", V12, V12, "eNULL", ALL_13, "P-256", { 0, 0, 0 } },
	{ "1.2 anonymous", V12, V12, "aNULL", ALL_13, "P-256", { 0, 0, 0 } },
	{ "1.1", TLS1_1_VERSION, TLS1_1_VERSION, "ALL", ALL_13, "P-256",
	    { 0, 0, 0 } },
	{ "1.0", TLS1_VERSION, TLS1_VERSION, "ALL", ALL_13, "P-256",
	    { 0, 0, 0 } },
};
/* clang-format on */

static struct pair_cert certs[2];

static SSL_CTX *
server(enum tls_profile p)
{
	SSL_CTX *ctx = tls_profile_context(p, true);

	assert_non_null(ctx);
	for (size_t i = 0; i < COUNT(certs); i++)
		assert_int_equal(SSL_CTX_use_cert_and_key(
				     ctx, certs[i].x, certs[i].key, NULL, 1),
		    1);
	return ctx;
}

static SSL_CTX *
talker_context(const struct talker *t)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	assert_non_null(ctx);
	SSL_CTX_set_security_level(ctx, 0);
	assert_int_equal(SSL_CTX_set_min_proto_version(ctx, t->least), 1);
	assert_int_equal(SSL_CTX_set_max_proto_version(ctx, t->most), 1);
	assert_int_equal(SSL_CTX_set_cipher_list(ctx, t->ciphers), 1);
	assert_int_equal(SSL_CTX_set_ciphersuites(ctx, t->suites), 1);
	assert_int_equal(SSL_CTX_set1_groups_list(ctx, t->groups), 1);
	return ctx;
}

static void
test_talkers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(talkers); i++)
		for (int p = TLS_STRICT; p <= TLS_OLD; p++) {
			SSL_CTX *s = server((enum tls_profile)p);
			SSL_CTX *c = talker_context(&talkers[i]);
			struct pair pair = pair_new(s, c);

			print_message("%s, profile %d\n", talkers[i].name, p);
			assert_int_equal(
			    pair_shake(&pair), talkers[i].taken[p]);
			pair_free(&pair);
			SSL_CTX_free(s);
			SSL_CTX_free(c);
		}
}

/* Our client talks to our server, and has the server's choice. */
static void
test_own_client(void **state)
{
	SSL_CTX *c, *s;
	struct pair p;

	(void)state;
	for (int i = TLS_STRICT; i <= TLS_OLD; i++) {
		s = server((enum tls_profile)i);
		c = tls_profile_context((enum tls_profile)i, false);
		assert_non_null(c);
		p = pair_new(s, c);
		assert_string_equal(tls_profile_versions(p.server),
		    i == TLS_STRICT ? "TLS 1.3" : "TLS 1.2 or 1.3");
		assert_true(pair_shake(&p));
		assert_string_equal(
		    SSL_CIPHER_standard_name(SSL_get_current_cipher(p.server)),
		    "TLS_AES_128_GCM_SHA256");
		pair_free(&p);
		SSL_CTX_free(s);
		SSL_CTX_free(c);
	}
}

static void
test_settings(void **state)
{
	SSL_CTX *s = server(TLS_MODERN);
	uint64_t o = SSL_CTX_get_options(s);

	(void)state;
	assert_true((o & SSL_OP_NO_RENEGOTIATION) != 0);
	assert_true((o & SSL_OP_NO_COMPRESSION) != 0);
	assert_int_equal(SSL_CTX_get_max_early_data(s), 0);
	assert_int_equal(SSL_CTX_get_session_cache_mode(s), SSL_SESS_CACHE_OFF);
	assert_int_equal(SSL_CTX_get_max_cert_list(s), TLS_CHAIN_MAX);
	assert_int_equal(SSL_CTX_get_verify_depth(s), TLS_DEPTH);
	assert_int_equal(SSL_CTX_get_security_level(s), 2);
	SSL_CTX_free(s);
}

static int
make_certs(void **state)
{
	(void)state;
	certs[0] = pair_cert("P-256", "DNS:a.example", 86400, NULL);
	certs[1] = pair_cert("RSA", "DNS:a.example", 86400, NULL);
	return 0;
}

static int
free_certs(void **state)
{
	(void)state;
	pair_cert_free(&certs[0]);
	pair_cert_free(&certs[1]);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_talkers),
		cmocka_unit_test(test_own_client),
		cmocka_unit_test(test_settings),
	};

	return cmocka_run_group_tests(tests, make_certs, free_certs);
}
