/*
 * t_tls_serve: certificates by name and kind, ALPN, stapled responses.
 */
#include "tests/unit/tls_pair.h"

#include "common/tls_profile.h"
#include "common/tls_serve.h"

enum { A_RSA, A_EC, B_EC, B_OLD_RSA, B_RSA, WILD_EC, CERTS };

static struct pair_cert certs[CERTS];
static struct tls_identities all;

static const struct {
	const char *name; /* host, or what the client asks for; NULL: nothing */
	int ec, rsa;      /* -1: none */
} names[] = {
	{ "a.example", A_EC, A_RSA },
	{ "A.EXAMPLE", A_EC, A_RSA },
	{ "b.example", B_EC, B_RSA }, /* and not the one that expired */
	{ "mx1.w.example", WILD_EC, -1 },
	{ "w.example", A_EC, A_RSA },
	{ "x.y.w.example", A_EC, A_RSA },
	{ "unknown.example", A_EC, A_RSA },
	{ "../../etc/passwd", A_EC, A_RSA },
	{ "*.w.example", A_EC, A_RSA },
	{ ".w.example", A_EC, A_RSA },
	{ "", A_EC, A_RSA },
};

static const struct tls_identity *
at(int i)
{
	return i == -1 ? NULL : &all.list[i];
}

static void
test_choose(void **state)
{
	struct tls_choice c;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		if (names[i].name[0] == '*') /* no host has this name */
			continue;
		tls_choose(&all, names[i].name, &c);
		assert_ptr_equal(c.of[0], at(names[i].ec));
		assert_ptr_equal(c.of[1], at(names[i].rsa));
	}
}

static void
test_choose_of_none(void **state)
{
	const struct tls_identities none = { 0 };
	struct tls_choice c;

	(void)state;
	tls_choose(&none, "a.example", &c);
	assert_null(c.of[0]);
	assert_null(c.of[1]);
}

static SSL_CTX *
server(struct tls_serve *s, const char *host)
{
	SSL_CTX *ctx = tls_profile_context(TLS_MODERN, true);

	assert_non_null(ctx);
	*s = (struct tls_serve){ .identities = &all };
	(void)snprintf(s->alpn, sizeof(s->alpn), "smtp");
	tls_choose(&all, host, &s->usual);
	assert_true(tls_serve_attach(ctx, s));
	return ctx;
}

/* The certificate that a client gets, or NULL if it gets none. */
static X509 *
served(SSL_CTX *s, SSL_CTX *c, const char *name, char sni[DOMAIN_MAX + 1])
{
	struct pair p = pair_new(s, c);
	X509 *x = NULL;

	if (*name != '\0')
		assert_int_equal(SSL_set_tlsext_host_name(p.client, name), 1);
	if (pair_shake(&p)) {
		x = SSL_get1_peer_certificate(p.client);
		tls_serve_sni(p.server, sni);
	}
	pair_free(&p);
	return x;
}

static void
expect(X509 *x, int i)
{
	if (i == -1)
		assert_null(x);
	else
		assert_int_equal(X509_cmp(x, certs[i].x), 0);
	X509_free(x);
}

static void
test_by_name(void **state)
{
	struct tls_serve serve;
	SSL_CTX *s = server(&serve, "a.example");
	SSL_CTX *any = SSL_CTX_new(TLS_client_method());
	SSL_CTX *rsa = SSL_CTX_new(TLS_client_method());
	char sni[DOMAIN_MAX + 1] = "";

	(void)state;
	assert_int_equal(SSL_CTX_set1_sigalgs_list(
			     rsa, "rsa_pss_rsae_sha256:rsa_pkcs1_sha256"),
	    1);
	for (size_t i = 0; i < COUNT(names); i++) {
		expect(served(s, any, names[i].name, sni), names[i].ec);
		/* What is no host's name is not passed on. */
		assert_string_equal(sni,
		    strpbrk(names[i].name, "*/") != NULL ||
			    names[i].name[0] == '.'
			? ""
			: names[i].name);
		expect(served(s, rsa, names[i].name, sni), names[i].rsa);
	}
	SSL_CTX_free(s);
	SSL_CTX_free(any);
	SSL_CTX_free(rsa);
}

/* The usual certificates are those for the option hostname. */
static void
test_usual(void **state)
{
	struct tls_serve serve;
	SSL_CTX *s = server(&serve, "b.example");
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());
	char sni[DOMAIN_MAX + 1];

	(void)state;
	expect(served(s, c, "", sni), B_EC);
	assert_string_equal(sni, "");
	expect(served(s, c, "unknown.example", sni), B_EC);
	assert_string_equal(sni, "unknown.example");
	expect(served(s, c, "a.example", sni), A_EC);
	SSL_CTX_free(s);
	SSL_CTX_free(c);
}

/* As in a ClientHello (RFC 7301); NULL ends it. */
static const struct {
	const char *offers;
	bool taken;
} alpns[] = {
	{ "", true },
	{ "\4smtp", true },
	{ "\4pop3\4smtp", true },
	{ "\4pop3", false },
	{ "\2h2\10http/1.1", false },
	{ "\5smtps\3smt", false },
};

static void
test_alpn(void **state)
{
	struct tls_serve serve;
	SSL_CTX *s = server(&serve, "a.example");
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());

	(void)state;
	for (size_t i = 0; i < COUNT(alpns); i++) {
		struct pair p = pair_new(s, c);
		const char *o = alpns[i].offers;
		const unsigned char *got;
		unsigned int n;

		if (*o != '\0')
			assert_int_equal(SSL_set_alpn_protos(p.client,
					     (const unsigned char *)o,
					     (unsigned int)strlen(o)),
			    0);
		assert_int_equal(pair_shake(&p), alpns[i].taken);
		if (!alpns[i].taken)
			assert_int_equal(ERR_GET_REASON(ERR_peek_error()),
			    SSL_R_NO_APPLICATION_PROTOCOL);
		SSL_get0_alpn_selected(p.client, &got, &n);
		assert_int_equal(n, alpns[i].taken && *o != '\0' ? 4 : 0);
		pair_free(&p);
	}
	SSL_CTX_free(s);
	SSL_CTX_free(c);
}

/* Whether a client that asks for a response gets these bytes. */
static void
staple(SSL_CTX *s, SSL_CTX *c, const char *name, const char *want)
{
	struct pair p = pair_new(s, c);
	const unsigned char *got = NULL;
	long n;

	assert_int_equal(SSL_set_tlsext_host_name(p.client, name), 1);
	assert_int_equal(
	    SSL_set_tlsext_status_type(p.client, TLSEXT_STATUSTYPE_ocsp), 1);
	assert_true(pair_shake(&p));
	n = SSL_get_tlsext_status_ocsp_resp(p.client, &got);
	if (want == NULL)
		assert_int_equal(n, -1);
	else {
		assert_int_equal(n, strlen(want));
		assert_memory_equal(got, want, (size_t)n);
	}
	pair_free(&p);
}

static void
test_staple(void **state)
{
	struct tls_serve serve;
	SSL_CTX *s = server(&serve, "a.example");
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());

	(void)state;
	staple(s, c, "a.example", NULL);
	all.list[A_EC].ocsp = OPENSSL_memdup("of a", 4);
	all.list[A_EC].ocsp_len = 4;
	all.list[B_EC].ocsp = OPENSSL_memdup("b's response", 12);
	all.list[B_EC].ocsp_len = 12;
	staple(s, c, "a.example", "of a");
	staple(s, c, "b.example", "b's response");
	staple(s, c, "mx1.w.example", NULL);
	SSL_CTX_free(s);
	SSL_CTX_free(c);
}

static int
setup(void **state)
{
	static const struct {
		const char *type, *san;
		long until;
	} made[CERTS] = {
		[A_RSA] = { "RSA", "DNS:a.example", 86400 },
		[A_EC] = { "P-256", "DNS:a.example", 86400 },
		[B_EC] = { "P-384", "DNS:b.example,DNS:c.example", 86400 },
		[B_OLD_RSA] = { "RSA", "DNS:b.example", -60 },
		[B_RSA] = { "RSA", "DNS:b.example", 86400 },
		[WILD_EC] = { "P-256", "DNS:*.w.example", 86400 },
	};

	(void)state;
	for (size_t i = 0; i < CERTS; i++)
		certs[i] =
		    pair_cert(made[i].type, made[i].san, made[i].until, NULL);
	all = pair_identities(certs, CERTS);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	tls_identities_free(&all);
	for (size_t i = 0; i < CERTS; i++)
		pair_cert_free(&certs[i]);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choose),
		cmocka_unit_test(test_choose_of_none),
		cmocka_unit_test(test_by_name),
		cmocka_unit_test(test_usual),
		cmocka_unit_test(test_alpn),
		cmocka_unit_test(test_staple),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
