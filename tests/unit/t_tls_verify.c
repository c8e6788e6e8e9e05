/*
 * t_tls_verify: how a client judges servers, and how it says so.
 */
#include "tests/unit/tls_pair.h"

#include <errno.h>

#include "common/tls_profile.h"
#include "common/tls_verify.h"

#define DAY 86400L

enum { NAMED, EXPIRED, FUTURE, STRANGER, SELF, CN_ONLY, ADDRESS, CERTS };

static struct pair_cert ca, other_ca, certs[CERTS];
static SSL_CTX *client;

/* Connects to a server with this certificate. */
static bool
judge(int i, const struct msg_tls_start *m, struct tls_verify *v)
{
	SSL_CTX *s = tls_profile_context(TLS_MODERN, true);
	struct pair p;
	bool ok;

	assert_int_equal(
	    SSL_CTX_use_cert_and_key(s, certs[i].x, certs[i].key, NULL, 1), 1);
	p = pair_new(s, client);
	assert_true(tls_verify_want(p.client, v, m));
	ok = pair_shake(&p);
	pair_free(&p);
	SSL_CTX_free(s);
	return ok;
}

static struct msg_tls_start
start_of(uint32_t verify, const char *name)
{
	struct msg_tls_start m = { .flags = TLS_CONNECT, .verify = verify };

	(void)snprintf(m.name, sizeof(m.name), "%s", name);
	return m;
}

static const struct {
	int cert;
	const char *name;
	const char *reason; /* NULL: good */
} names[] = {
	{ NAMED, "mx.example", NULL },
	{ NAMED, "MX.example", NULL },
	{ NAMED, "a.w.example", NULL },
	{ NAMED, "a.b.w.example",
	    "certificate is for mx.example, not for a.b.w.example" },
	{ NAMED, "example", "certificate is for mx.example, not for example" },
	{ NAMED, "192.0.2.1",
	    "certificate is for mx.example, not for 192.0.2.1" },
	{ ADDRESS, "192.0.2.1", NULL },
	{ ADDRESS, "192.0.2.2",
	    "certificate is for CN=leaf, not for 192.0.2.2" },
	{ EXPIRED, "mx.example", "certificate expired 2020-01-02" },
	{ FUTURE, "mx.example", "certificate not valid before 2099-03-04" },
	{ STRANGER, "mx.example", "certificate of an unknown CA: CN=other CA" },
	{ SELF, "mx.example", "certificate is self-signed" },
	/* What the name is in the subject counts for nothing. */
	{ CN_ONLY, "leaf", "certificate is for CN=leaf, not for leaf" },
};

static void
test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct msg_tls_start m =
		    start_of(TLS_VERIFY_NAME, names[i].name);
		const char *r = names[i].reason;
		struct tls_verify v;

		assert_int_equal(judge(names[i].cert, &m, &v), r == NULL);
		assert_string_equal(v.reason, r == NULL ? "" : r);
		assert_int_equal(v.good, r == NULL);
	}
}

/* Whatever it is; and it counts as no verification. */
static void
test_none(void **state)
{
	struct msg_tls_start m = start_of(TLS_VERIFY_NONE, "mx.example");
	struct tls_verify v;

	(void)state;
	for (int i = 0; i < CERTS; i++) {
		assert_true(judge(i, &m, &v));
		assert_false(v.good);
		assert_string_equal(v.reason, "");
	}
}

static void
pin(struct msg_tls_start *m, uint8_t kind, const struct pair_cert *c)
{
	uint8_t *p = m->pins + m->pins_len;
	unsigned char *der = NULL;
	int n;

	p[0] = kind;
	if (kind == TLS_PIN_KEY)
		n = i2d_PUBKEY(c->key, &der);
	else
		n = i2d_X509(c->x, &der);
	assert_true(n > 0);
	assert_int_equal(
	    EVP_Digest(der, (size_t)n, p + 1, NULL, EVP_sha256(), NULL), 1);
	OPENSSL_free(der);
	m->pins_len += TLS_PIN_LEN;
}

static void
test_pins(void **state)
{
	struct tls_verify v;

	(void)state;
	for (uint8_t kind = TLS_PIN_CERTIFICATE; kind <= TLS_PIN_KEY; kind++)
		for (int i = 0; i < CERTS; i++) {
			struct msg_tls_start m =
			    start_of(TLS_VERIFY_PINS, "other.example");

			pin(&m, kind, &ca);
			assert_false(judge(i, &m, &v));
			assert_false(v.good);
			assert_string_equal(
			    v.reason, "no pin matches the certificate");
			/* Any of them, whatever its name, CA and dates. */
			pin(&m, kind, &certs[i]);
			assert_true(judge(i, &m, &v));
			assert_true(v.good);
			m.pins[TLS_PIN_LEN + 1] ^= 1;
			assert_false(judge(i, &m, &v));
			/* The right digest of another thing. */
			m.pins[TLS_PIN_LEN + 1] ^= 1;
			m.pins[TLS_PIN_LEN] ^= 1;
			assert_false(judge(i, &m, &v));
			m.pins[TLS_PIN_LEN] = 7;
			assert_false(judge(i, &m, &v));
		}
}

static const struct {
	uint32_t verify, pins;
	const char *name, *reason;
} senseless[] = {
	{ TLS_VERIFY_NAME, 0, "", "no name to verify" },
	{ TLS_VERIFY_NAME, 0, "../x", "no name to verify" },
	{ TLS_VERIFY_NAME, 0, "a..b", "no name to verify" },
	{ TLS_VERIFY_PINS, 0, "mx.example", "no pins to verify by" },
	{ TLS_VERIFY_PINS, TLS_PIN_LEN - 1, "mx.example",
	    "no pins to verify by" },
	{ TLS_VERIFY_PINS, TLS_PIN_LEN + 1, "mx.example",
	    "no pins to verify by" },
	{ 3, 0, "mx.example", "unknown kind of verification" },
};

static void
test_senseless(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(senseless); i++) {
		struct msg_tls_start m =
		    start_of(senseless[i].verify, senseless[i].name);
		SSL *ssl = SSL_new(client);
		struct tls_verify v;

		m.pins_len = senseless[i].pins;
		assert_false(tls_verify_want(ssl, &v, &m));
		assert_string_equal(v.reason, senseless[i].reason);
		SSL_free(ssl);
	}
}

/* A connection that nobody prepared trusts nobody. */
static void
test_unprepared(void **state)
{
	SSL_CTX *s = tls_profile_context(TLS_MODERN, true);
	struct pair p;

	(void)state;
	assert_int_equal(SSL_CTX_use_cert_and_key(
			     s, certs[NAMED].x, certs[NAMED].key, NULL, 1),
	    1);
	p = pair_new(s, client);
	assert_false(pair_shake(&p));
	pair_free(&p);
	SSL_CTX_free(s);
}

/* SNI is a host's name, or is not sent. */
static void
test_sni(void **state)
{
	static const char *const sent[][2] = {
		{ "mx.example", "mx.example" },
		{ "192.0.2.1", NULL },
		{ "2001:db8::1", NULL },
		{ "a/b", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(sent); i++) {
		struct msg_tls_start m = start_of(TLS_VERIFY_NONE, sent[i][0]);
		SSL *ssl = SSL_new(client);
		const char *name;
		struct tls_verify v;

		assert_true(tls_verify_want(ssl, &v, &m));
		name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
		if (sent[i][1] == NULL)
			assert_null(name);
		else
			assert_string_equal(name, sent[i][1]);
		SSL_free(ssl);
	}
}

static void
test_store(void **state)
{
	const char *why;
	X509_STORE *s;

	(void)state;
	s = tls_verify_store(unit_path("missing"), &why);
	assert_non_null(s);
	assert_string_equal(why, "No such file or directory");
	assert_int_equal(errno, ENOENT);
	X509_STORE_free(s);
	unit_file("junk.pem", "no PEM\n", 7);
	s = tls_verify_store(unit_path("junk.pem"), &why);
	assert_non_null(s);
	assert_string_equal(why, "no certificate in it");
	assert_int_equal(errno, 0);
	X509_STORE_free(s);
	assert_int_equal(ERR_peek_error(), 0);
}

static int
certificates_in(X509_STORE *s)
{
	STACK_OF(X509) *all = X509_STORE_get1_all_certs(s);
	int n = sk_X509_num(all);

	sk_X509_pop_free(all, X509_free);
	return n;
}

/* Two certificates, of which the file has so many bytes. */
static void
test_cut_store(void **state)
{
	char pem[4096];
	const char *why;
	size_t len, first;
	X509_STORE *s;
	FILE *f;

	(void)state;
	pair_pem("other.pem", other_ca.x);
	f = fopen(unit_path("ca.pem"), "r");
	assert_non_null(f);
	first = fread(pem, 1, sizeof(pem), f);
	assert_int_equal(fclose(f), 0);
	f = fopen(unit_path("other.pem"), "r");
	assert_non_null(f);
	len = first + fread(pem + first, 1, sizeof(pem) - first, f);
	assert_int_equal(fclose(f), 0);
	for (size_t n = 0; n <= len; n++) {
		/* That it is cut there nobody can know. */
		bool whole = (n >= first - 1 && n < first + 27) || n >= len - 1;

		unit_file("cut.pem", pem, n);
		s = tls_verify_store(unit_path("cut.pem"), &why);
		assert_non_null(s);
		assert_int_equal(why == NULL, whole);
		assert_int_equal(certificates_in(s),
		    n < first - 1     ? 0
			: n < len - 1 ? 1
				      : 2);
		X509_STORE_free(s);
		assert_int_equal(ERR_peek_error(), 0);
	}
}

static void
set_time(ASN1_TIME *t, const char *to)
{
	assert_int_equal(ASN1_TIME_set_string_X509(t, to), 1);
}

static int
setup(void **state)
{
	const char *why;
	X509_STORE *store;

	if (unit_setup(state) == -1)
		return -1;
	ca = pair_ca("our CA");
	other_ca = pair_ca("other CA");
	certs[NAMED] =
	    pair_cert("P-256", "DNS:mx.example,DNS:*.w.example", DAY, &ca);
	certs[EXPIRED] = pair_cert("P-256", "DNS:mx.example", DAY, &ca);
	set_time(X509_getm_notBefore(certs[EXPIRED].x), "20190102120000Z");
	set_time(X509_getm_notAfter(certs[EXPIRED].x), "20200102120000Z");
	certs[FUTURE] = pair_cert("P-256", "DNS:mx.example", DAY, &ca);
	set_time(X509_getm_notBefore(certs[FUTURE].x), "20990304120000Z");
	set_time(X509_getm_notAfter(certs[FUTURE].x), "20990405120000Z");
	for (int i = EXPIRED; i <= FUTURE; i++)
		assert_true(X509_sign(certs[i].x, ca.key, EVP_sha256()) > 0);
	certs[STRANGER] = pair_cert("P-256", "DNS:mx.example", DAY, &other_ca);
	certs[SELF] = pair_cert("P-256", "DNS:mx.example", DAY, NULL);
	certs[CN_ONLY] = pair_cert("P-256", NULL, DAY, &ca);
	certs[ADDRESS] = pair_cert("P-256", "IP:192.0.2.1", DAY, &ca);
	pair_pem("ca.pem", ca.x);
	store = tls_verify_store(unit_path("ca.pem"), &why);
	assert_non_null(store);
	assert_null(why);
	client = tls_profile_context(TLS_MODERN, false);
	SSL_CTX_set1_cert_store(client, store);
	X509_STORE_free(store);
	assert_true(tls_verify_servers(client));
	return 0;
}

static int
teardown(void **state)
{
	SSL_CTX_free(client);
	pair_cert_free(&ca);
	pair_cert_free(&other_ca);
	for (size_t i = 0; i < CERTS; i++)
		pair_cert_free(&certs[i]);
	return unit_teardown(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_pins),
		cmocka_unit_test(test_senseless),
		cmocka_unit_test(test_unprepared),
		cmocka_unit_test(test_sni),
		cmocka_unit_test(test_store),
		cmocka_unit_test(test_cut_store),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
