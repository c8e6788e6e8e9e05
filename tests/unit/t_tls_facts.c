/*
 * t_tls_facts: what a session hears of a connection and its peer.
 * wrap: time
 */
#include "tests/unit/tls_host.h"

#include "common/tls_facts.h"

static time_t later; /* than it is, to us and not to the library */

time_t __real_time(time_t *);
time_t __wrap_time(time_t *);

time_t
__wrap_time(time_t *t)
{
	time_t now = __real_time(NULL) + later;

	if (t != NULL)
		*t = now;
	return now;
}

static void
digest_of(X509 *x, uint8_t out[TLS_DIGEST])
{
	assert_int_equal(X509_digest(x, EVP_sha256(), out, NULL), 1);
}

static void
check_witness(const struct msg_tls_ready *r)
{
	struct witness_of what = {
		.certificate = r->certificate,
		.exporter = r->exporter,
		.certificate_len = r->certificate_len,
		.exporter_len = r->exporter_len,
		.email = r->email,
	};

	assert_true(witness_good(&guest_witness, &witness_client, &what,
	    r->witness, r->witness_len));
	what.email = "eve@a.example";
	assert_false(witness_good(&guest_witness, &witness_client, &what,
	    r->witness, r->witness_len));
}

/* That of a server is whether it was verified, and how; of no client at all. */
static void
check_server_witness(
    const struct msg_tls_ready *r, const struct msg_tls_start *m)
{
	struct witness_peer peer = guest_peer(m);
	struct witness_of what = {
		.verified = (r->flags & TLS_VERIFIED) != 0,
		.exporter = r->exporter,
		.exporter_len = r->exporter_len,
		.email = "",
	};
	const uint8_t *w = r->witness;
	uint32_t n = r->witness_len;

	assert_int_equal(r->exporter_len, TLS_DIGEST);
	assert_true(witness_good(&guest_witness, &peer, &what, w, n));
	assert_false(
	    witness_good(&guest_witness, &witness_client, &what, w, n));
	what.verified = !what.verified;
	assert_false(witness_good(&guest_witness, &peer, &what, w, n));
	what.verified = !what.verified;
	peer.verify++;
	assert_false(witness_good(&guest_witness, &peer, &what, w, n));
	peer.verify--;
	peer.name = "y.example";
	assert_false(witness_good(&guest_witness, &peer, &what, w, n));
	what.certificate = r->certificate;
	what.certificate_len = r->certificate_len;
	what.verified = false;
	assert_false(
	    witness_good(&guest_witness, &witness_client, &what, w, n));
}

static void
check_exporter(const struct msg_tls_ready *r, SSL *ssl)
{
	uint8_t mine[TLS_DIGEST];

	assert_int_equal(SSL_export_keying_material(ssl, mine, sizeof(mine),
			     "EXPORTER-Channel-Binding", 24, NULL, 0, 0),
	    1);
	assert_int_equal(r->exporter_len, TLS_DIGEST);
	assert_memory_equal(r->exporter, mine, TLS_DIGEST);
}

/* Seconds between the two. */
static time_t between;

/* Two connections of a client, the second resumed; *r is of the last. */
static void
twice(SSL_CTX *s, SSL_CTX *c, const char *sni, struct msg_tls_ready r[2])
{
	SSL_SESSION *session = NULL;
	struct guest g;
	SSL *ssl;

	for (int i = 0; i < 2; i++) {
		guest_now(&g, s);
		ssl = SSL_new(c);
		assert_int_equal(SSL_set_fd(ssl, g.net), 1);
		assert_int_equal(SSL_set_tlsext_host_name(ssl, sni), 1);
		if (session != NULL)
			assert_int_equal(SSL_set_session(ssl, session), 1);
		assert_int_equal(SSL_connect(ssl), 1);
		assert_true(guest_ready(&g));
		guest_plain_writes(&g, "220 x\r\n");
		guest_tls_reads(ssl, "220 x\r\n"); /* and tickets before */
		r[i] = g.ready;
		check_exporter(&r[i], ssl);
		check_witness(&r[i]);
		SSL_SESSION_free(session);
		session = SSL_get1_session(ssl);
		(void)SSL_shutdown(ssl);
		SSL_free(ssl);
		assert_int_equal(guest_end(&g), TLS_EXIT_DONE);
		later += between;
	}
	later = 0;
	SSL_SESSION_free(session);
	assert_int_equal(r[0].flags & TLS_RESUMED, 0);
	assert_int_equal(r[1].flags & TLS_RESUMED, TLS_RESUMED);
}

static void
test_facts(void **state)
{
	struct msg_tls_ready r[2];

	(void)state;
	twice(server, client, "mx.a.example", r);
	for (int i = 0; i < 2; i++) {
		assert_string_equal(r[i].version, "TLSv1.3");
		assert_string_equal(r[i].cipher, "TLS_AES_128_GCM_SHA256");
		assert_int_equal(r[i].bits, 128);
		assert_string_equal(r[i].sni, "mx.a.example");
		assert_int_equal(r[i].certificate_len, 0);
		assert_string_equal(r[i].subject, "");
	}
	twice(server, client12, "../x", r);
	for (int i = 0; i < 2; i++) {
		assert_string_equal(r[i].version, "TLSv1.2");
		assert_string_equal(
		    r[i].cipher, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
		assert_string_equal(r[i].sni, "");
	}
}

/* Without the extended master secret 1.2 has no binding. */
static void
test_no_binding(void **state)
{
	struct guest g;
	SSL *ssl;

	(void)state;
	(void)SSL_CTX_set_options(client12, SSL_OP_NO_EXTENDED_MASTER_SECRET);
	guest_now(&g, server);
	ssl = guest_client(&g, client12);
	assert_non_null(ssl);
	assert_true(guest_ready(&g));
	assert_int_equal(g.ready.exporter_len, 0);
	check_witness(&g.ready);
	SSL_free(ssl);
	assert_int_equal(guest_end(&g), TLS_EXIT_DONE);
	(void)SSL_CTX_clear_options(client12, SSL_OP_NO_EXTENDED_MASTER_SECRET);
}

static const struct {
	int user; /* -1: no certificate */
	uint32_t flags;
	const char *email, *subject;
} visitors[] = {
	{ -1, 0, "", "" }, { 0, TLS_VERIFIED, "al@a.example", "CN=leaf" },
	{ 1, 0, "", "CN=leaf" }, /* by itself; authd may know it */
};

static void
test_client_certificates(void **state)
{
	struct msg_tls_ready r[2];
	uint8_t digest[TLS_DIGEST];

	(void)state;
	for (size_t i = 0; i < COUNT(visitors) * 2; i++) {
		SSL_CTX *c = SSL_CTX_new(TLS_client_method());
		size_t v = i / 2;

		if (i % 2 == 0)
			(void)SSL_CTX_set_max_proto_version(c, TLS1_2_VERSION);
		if (visitors[v].user != -1) {
			struct pair_cert *u = &users[visitors[v].user];

			assert_int_equal(
			    SSL_CTX_use_cert_and_key(c, u->x, u->key, NULL, 1),
			    1);
			digest_of(u->x, digest);
		}
		twice(asking, c, "mx.a.example", r);
		for (int j = 0; j < 2; j++) {
			assert_int_equal(
			    r[j].flags & TLS_VERIFIED, visitors[v].flags);
			assert_string_equal(r[j].email, visitors[v].email);
			assert_string_equal(r[j].subject, visitors[v].subject);
			assert_int_equal(r[j].certificate_len,
			    visitors[v].user != -1 ? TLS_DIGEST : 0);
			assert_memory_equal(
			    r[j].certificate, digest, r[j].certificate_len);
		}
		SSL_CTX_free(c);
	}
}

/* What was good in the first handshake may be over in the next. */
static void
test_expired_meanwhile(void **state)
{
	static const time_t steps[] = { 3600, 86400 + 1, -7200 - 60 };
	struct msg_tls_ready r[2];

	(void)state;
	for (size_t i = 0; i < COUNT(steps); i++) {
		SSL_CTX *c = SSL_CTX_new(TLS_client_method());
		bool good = i == 0;

		assert_int_equal(SSL_CTX_use_cert_and_key(
				     c, users[0].x, users[0].key, NULL, 1),
		    1);
		between = steps[i];
		twice(asking, c, "mx.a.example", r);
		between = 0;
		assert_int_equal(r[0].flags & TLS_VERIFIED, TLS_VERIFIED);
		assert_string_equal(r[0].email, "al@a.example");
		assert_int_equal(
		    r[1].flags & TLS_VERIFIED, good ? TLS_VERIFIED : 0);
		assert_string_equal(r[1].email, good ? "al@a.example" : "");
		assert_int_equal(r[1].certificate_len, TLS_DIGEST);
		SSL_CTX_free(c);
	}
}

/* --- names that strangers have made */

static const struct {
	const char *bytes;
	size_t n;
	const char *text;
} names[] = {
	{ "mail", 4, "CN=mail" },
	{ "a\0b", 3, "CN=a\\00b" },
	{ "a\r\nid=1", 7, "CN=a\\0D\\0Aid=1" },
	{ "x\x1b[2J", 5, "CN=x\\1B[2J" },
	{ "\xc3\xa4", 2, "CN=\\C3\\A4" },
	{ "a,b+c", 5, "CN=a\\,b\\+c" },
};

static void
test_names(void **state)
{
	char out[TEXT_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		X509_NAME *n = X509_NAME_new();

		assert_int_equal(X509_NAME_add_entry_by_NID(n, NID_commonName,
				     V_ASN1_UTF8STRING,
				     (const unsigned char *)names[i].bytes,
				     (int)names[i].n, -1, 0),
		    1);
		tls_facts_name(n, out);
		assert_string_equal(out, names[i].text);
		X509_NAME_free(n);
	}
}

static void
test_text(void **state)
{
	char out[TEXT_MAX + 1];
	uint8_t in[2 * TEXT_MAX];

	(void)state;
	tls_facts_text((const uint8_t *)"a\0\xff\n~", 5, out);
	assert_string_equal(out, "a\\x00\\xFF\\x0A~");
	for (int c = 0; c < 256; c++) {
		memset(in, c, sizeof(in));
		tls_facts_text(in, sizeof(in), out);
		assert_in_range(strlen(out), TEXT_MAX - 4, TEXT_MAX);
		for (const char *p = out; *p != '\0'; p++)
			assert_in_range(*p, ' ', '~');
	}
}

/* A verified certificate with this rfc822Name. */
static struct pair_cert
user_named(const char *bytes, int n)
{
	struct pair_cert u = pair_cert("P-256", NULL, 86400, &ca);
	GENERAL_NAMES *list = sk_GENERAL_NAME_new_null();
	GENERAL_NAME *g = GENERAL_NAME_new();

	g->type = GEN_EMAIL;
	g->d.rfc822Name = ASN1_IA5STRING_new();
	assert_int_equal(ASN1_STRING_set(g->d.rfc822Name, bytes, n), 1);
	assert_true(sk_GENERAL_NAME_push(list, g) > 0);
	assert_int_equal(
	    X509_add1_ext_i2d(u.x, NID_subject_alt_name, list, 0, 0), 1);
	GENERAL_NAMES_free(list);
	assert_true(X509_sign(u.x, ca.key, EVP_sha256()) > 0);
	return u;
}

static const struct {
	const char *bytes;
	int n;
	const char *email;
} emails[] = {
	{ "al@a.example", 12, "al@a.example" },
	{ "al@a.example\0.evil.example", 26, "" },
	{ "al", 2, "" },
	{ "", 0, "" },
	{ "al@a.example\n", 13, "" },
	{ "al@a.example bo@a.example", 25, "" },
	{ "<al@a.example>", 14, "" },
};

static void
test_emails(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(emails); i++) {
		struct pair_cert u = user_named(emails[i].bytes, emails[i].n);
		SSL_CTX *c = SSL_CTX_new(TLS_client_method());
		struct guest g;
		SSL *ssl;

		assert_int_equal(
		    SSL_CTX_use_cert_and_key(c, u.x, u.key, NULL, 1), 1);
		guest_now(&g, asking);
		ssl = guest_client(&g, c);
		assert_non_null(ssl);
		assert_true(guest_ready(&g));
		assert_int_equal(g.ready.flags, TLS_VERIFIED);
		assert_string_equal(g.ready.email, emails[i].email);
		SSL_free(ssl);
		assert_int_equal(guest_end(&g), TLS_EXIT_DONE);
		SSL_CTX_free(c);
		pair_cert_free(&u);
	}
}

/* --- as client */

static const struct {
	uint32_t verify;
	const char *name, *reason; /* NULL: good */
	uint32_t flags;
	bool silent; /* it does not even begin */
} judgements[] = {
	{ TLS_VERIFY_NONE, "", NULL, 0, false },
	{ TLS_VERIFY_NONE, "other.example", NULL, 0, false },
	{ TLS_VERIFY_NAME, "mx.a.example", NULL, TLS_VERIFIED, false },
	{ TLS_VERIFY_NAME, "other.example",
	    "certificate is for a.example, not for other.example", 0, false },
	{ TLS_VERIFY_NAME, "", "no name to verify", 0, true },
	{ TLS_VERIFY_PINS, "mx.a.example", "no pins to verify by", 0, true },
};

static void
test_as_client(void **state)
{
	struct msg_tls_start m = { .flags = TLS_CONNECT, .service = "smtp" };
	uint8_t digest[TLS_DIGEST];
	struct guest g;
	SSL *ssl;

	(void)state;
	digest_of(rsa_ec[0].x, digest);
	for (size_t i = 0; i < COUNT(judgements); i++) {
		bool good = judgements[i].reason == NULL;

		m.verify = judgements[i].verify;
		(void)snprintf(
		    m.name, sizeof(m.name), "%s", judgements[i].name);
		guest_start(&g, judging, &m, TLS_T_NOW);
		ssl = SSL_new(server);
		assert_int_equal(SSL_set_fd(ssl, g.net), 1);
		if (!judgements[i].silent) /* it is judged below */
			(void)SSL_accept(ssl);
		assert_int_equal(guest_ready(&g), good);
		if (good) {
			assert_int_equal(g.ready.flags, judgements[i].flags);
			assert_memory_equal(
			    g.ready.certificate, digest, TLS_DIGEST);
			assert_string_equal(g.ready.sni, "");
			check_server_witness(&g.ready, &m);
			guest_tls_writes(ssl, "250 x\r\n");
			guest_plain_reads(&g, "250 x\r\n");
		} else
			assert_string_equal(g.reason, judgements[i].reason);
		SSL_free(ssl);
		assert_int_equal(guest_end(&g),
		    good                       ? TLS_EXIT_DONE
			: judgements[i].silent ? TLS_EXIT_OURS
					       : TLS_EXIT_FAILED);
	}
}

/*
 * A session that has been taken over reaches a server of its own, which is as
 * it was wanted and has anybody's address: that makes nobody a client.
 */
static void
test_own_server(void **state)
{
	struct pair_cert own =
	    pair_cert("P-256", "DNS:x.example,email:al@a.example", 86400, NULL);
	struct msg_tls_start m = { .flags = TLS_CONNECT,
		.service = "smtp",
		.verify = TLS_VERIFY_PINS,
		.pins_len = TLS_PIN_LEN };
	SSL_CTX *s = SSL_CTX_new(TLS_server_method());
	struct guest g;
	SSL *ssl = NULL;

	(void)state;
	m.pins[0] = TLS_PIN_CERTIFICATE;
	digest_of(own.x, m.pins + 1);
	assert_int_equal(
	    SSL_CTX_use_cert_and_key(s, own.x, own.key, NULL, 1), 1);
	assert_non_null(ssl = SSL_new(s));
	guest_start(&g, judging, &m, TLS_T_NOW);
	assert_int_equal(SSL_set_fd(ssl, g.net), 1);
	assert_int_equal(SSL_accept(ssl), 1);
	assert_true(guest_ready(&g));
	assert_int_equal(g.ready.flags, TLS_VERIFIED);
	assert_memory_equal(g.ready.certificate, m.pins + 1, TLS_DIGEST);
	assert_string_equal(g.ready.subject, "CN=leaf");
	assert_string_equal(g.ready.email, "");
	check_server_witness(&g.ready, &m);
	SSL_free(ssl);
	SSL_CTX_free(s);
	assert_int_equal(guest_end(&g), TLS_EXIT_DONE);
	pair_cert_free(&own);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_no_binding),
		cmocka_unit_test(test_client_certificates),
		cmocka_unit_test(test_expired_meanwhile),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_emails),
		cmocka_unit_test(test_as_client),
		cmocka_unit_test(test_own_server),
	};

	return cmocka_run_group_tests(tests, host_setup, host_teardown);
}
