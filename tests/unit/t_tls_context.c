/*
 * t_tls_context: contexts as the options of profiles say, and whose tickets
 * are whose.
 * wrap: deadline_now
 */
#include "tests/unit/cdb.h"
#include "tests/unit/tls_pair.h"

#include "common/deadline.h"
#include "common/log.h"
#include "common/tls_context.h"
#include "common/tls_profile.h"

#define HOUR (3600LL * 1000)

static deadline_t now = HOUR;

deadline_t __wrap_deadline_now(void);

deadline_t
__wrap_deadline_now(void)
{
	return now;
}

static struct pair_cert ca, certs[2], client_cert;
static struct tls_contexts *all;
static struct tables tables;
static char client_ca[100];

/* "profile.option value", with those that all tests want. */
static void
configure(const char *key, const char *value)
{
	const struct cdb_row rows[] = {
		{ TABLES_OPTION, "hostname", "a.example" },
		{ TABLES_OPTION, "tls-client-ca", client_ca },
		{ TABLES_OPTION, "tls-ca-file", client_ca },
		{ TABLES_OPTION, key, value },
	};
	char err[TABLES_ERR];

	if (tables.fd > 0)
		tables_close(&tables);
	cdb_file("tables.cdb", rows, COUNT(rows));
	assert_true(tables_open(&tables, unit_path("tables.cdb"), true, err));
}

static struct msg_tls_start
start_of(const char *profile, const char *service, uint32_t flags)
{
	struct msg_tls_start m = { .flags = flags };

	(void)snprintf(m.profile, sizeof(m.profile), "%s", profile);
	(void)snprintf(m.service, sizeof(m.service), "%s", service);
	return m;
}

static SSL_CTX *
server(const char *profile, const char *service)
{
	const struct msg_tls_start m = start_of(profile, service, 0);
	char reason[TEXT_MAX + 1];
	SSL_CTX *ctx = tls_context_get(all, &tables, &m, reason);

	assert_non_null(ctx);
	return ctx;
}

static void
serve(size_t n)
{
	struct tls_identities i = pair_identities(certs, n);

	tls_contexts_serve(all, &i);
	assert_null(i.list); /* taken over */
}

/* --- a client that keeps its session */

struct user {
	SSL_CTX *ctx;
	SSL_SESSION *session;
	long verified; /* what the server said of the last */
	int version;
};

static void
user_init(struct user *u, int most)
{
	*u = (struct user){ .ctx = SSL_CTX_new(TLS_client_method()) };
	assert_int_equal(SSL_CTX_set_max_proto_version(u->ctx, most), 1);
	assert_int_equal(SSL_CTX_use_cert_and_key(
			     u->ctx, client_cert.x, client_cert.key, NULL, 1),
	    1);
}

static void
user_clear(struct user *u)
{
	SSL_SESSION_free(u->session);
	SSL_CTX_free(u->ctx);
}

static bool
resumes(struct user *u, SSL_CTX *s)
{
	struct pair p = pair_new(s, u->ctx);
	bool hit;

	if (u->session != NULL)
		assert_int_equal(SSL_set_session(p.client, u->session), 1);
	assert_true(pair_shake(&p));
	hit = SSL_session_reused(p.server) == 1;
	SSL_SESSION_free(u->session);
	u->session = SSL_get1_session(p.client);
	u->verified = SSL_get0_peer_certificate(p.server) == NULL
	    ? -1
	    : SSL_get_verify_result(p.server);
	u->version = SSL_version(p.server);
	pair_free(&p);
	return hit;
}

static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

static void
test_same_until_changed(void **state)
{
	SSL_CTX *a, *b;

	(void)state;
	configure("mx.tls-profile", "modern");
	a = server("mx", "smtp");
	assert_int_equal(SSL_CTX_up_ref(a), 1);
	assert_ptr_equal(server("mx", "smtp"), a);
	assert_ptr_not_equal(server("submission", "smtp"), a);
	assert_ptr_not_equal(server("mx", "pop3"), a);
	configure("mx.tls-profile", "modern");
	assert_ptr_equal(server("mx", "smtp"), a);
	configure("mx.tls-profile", "strict");
	b = server("mx", "smtp");
	assert_ptr_not_equal(b, a);
	assert_int_equal(SSL_CTX_get_min_proto_version(b), TLS1_3_VERSION);
	assert_int_equal(SSL_CTX_get_min_proto_version(server("pop3", "pop3")),
	    TLS1_2_VERSION);
	SSL_CTX_free(a);
}

static void
test_refusals(void **state)
{
	static const struct {
		const char *profile, *service, *reason;
		bool connects;
	} cases[] = {
		{ "nobody", "smtp", "unknown profile", false },
		{ "", "smtp", "unknown profile", false },
		{ "../mx", "smtp", "unknown profile", true },
		{ "mx", "imap", "unknown service", false },
		{ "mx", "", "unknown service", false },
		{ "mx", "smtp", "there is no usable certificate", false },
	};
	struct tls_contexts *none = tls_contexts_new();
	char reason[TEXT_MAX + 1];
	struct msg_tls_start m;

	(void)state;
	assert_non_null(none);
	configure("mx.tls-profile", "modern");
	for (size_t i = 0; i < COUNT(cases); i++) {
		m = start_of(cases[i].profile, cases[i].service,
		    cases[i].connects ? TLS_CONNECT : 0);
		assert_null(tls_context_get(none, &tables, &m, reason));
		assert_string_equal(reason, cases[i].reason);
	}
	assert_null(tls_context_get(none, NULL, &m, reason));
	assert_string_equal(reason, "there are no compiled tables");
	/* A client needs no certificate. */
	m = start_of("", "smtp", TLS_CONNECT);
	assert_non_null(tls_context_get(none, &tables, &m, reason));
	tls_contexts_free(none);
}

static void
test_damaged_option(void **state)
{
	struct msg_tls_start m = start_of("mx", "smtp", 0);
	char reason[TEXT_MAX + 1];

	(void)state;
	configure("mx.tls-profile", "medieval");
	assert_null(tls_context_get(all, &tables, &m, reason));
	assert_string_equal(
	    reason, "the options are damaged (run: postrider apply)");
}

static void
test_tickets_stay_at_home(void **state)
{
	struct user u;

	(void)state;
	configure("mx.tls-profile", "modern");
	for (size_t i = 0; i < COUNT(versions); i++) {
		user_init(&u, versions[i]);
		assert_false(resumes(&u, server("mx", "smtp")));
		assert_int_equal(u.version, versions[i]);
		assert_true(resumes(&u, server("mx", "smtp")));
		assert_false(resumes(&u, server("submission", "smtp")));
		assert_true(resumes(&u, server("submission", "smtp")));
		assert_false(resumes(&u, server("submission", "pop3")));
		assert_false(resumes(&u, server("pop3", "pop3")));
		assert_true(resumes(&u, server("pop3", "pop3")));
		user_clear(&u);
	}
}

/* New certificates end no session; new options do. */
static void
test_tickets_and_changes(void **state)
{
	struct user u;

	(void)state;
	for (size_t i = 0; i < COUNT(versions); i++) {
		configure("mx.tls-profile", "modern");
		user_init(&u, versions[i]);
		assert_false(resumes(&u, server("mx", "smtp")));
		serve(1);
		assert_true(resumes(&u, server("mx", "smtp")));
		serve(2);
		assert_true(resumes(&u, server("mx", "smtp")));
		configure("mx.tls-profile", "old");
		assert_false(resumes(&u, server("mx", "smtp")));
		assert_true(resumes(&u, server("mx", "smtp")));
		user_clear(&u);
	}
}

static void
test_tickets_by_the_hour(void **state)
{
	struct user u;

	(void)state;
	configure("mx.tls-profile", "modern");
	for (size_t i = 0; i < COUNT(versions); i++) {
		user_init(&u, versions[i]);
		assert_false(resumes(&u, server("mx", "smtp")));
		now += HOUR;
		assert_true(resumes(&u, server("mx", "smtp")));
		now += 3 * HOUR;
		assert_false(resumes(&u, server("mx", "smtp")));
		user_clear(&u);
	}
}

static void
test_forget(void **state)
{
	struct user u;
	SSL_CTX *s;
	struct pair p;

	(void)state;
	configure("mx.tls-profile", "modern");
	user_init(&u, TLS1_3_VERSION);
	assert_false(resumes(&u, server("mx", "smtp")));
	s = server("submission", "smtp");
	tls_contexts_forget(s);
	/* Not even a new ticket. */
	p = pair_new(s, u.ctx);
	assert_false(pair_shake(&p));
	pair_free(&p);
	assert_false(resumes(&u, server("mx", "smtp")));
	user_clear(&u);
}

/* --- certificates of clients */

static void
test_clients_not_asked(void **state)
{
	struct user u;

	(void)state;
	configure("mx.tls-profile", "modern");
	user_init(&u, TLS1_3_VERSION);
	assert_false(resumes(&u, server("submission", "smtp")));
	assert_int_equal(u.verified, -1);
	user_clear(&u);
}

static const char *const unusable[] = {
	"",
	"no PEM\n",
	"-----BEGIN CERTIFICATE-----\n",
	"-----BEGIN CERTIFICATE-----\nMIIB\n",
	"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
};

/* Any passes; resumed sessions say the same of it. */
static void
test_clients(void **state)
{
	struct user u;

	(void)state;
	for (size_t i = 0; i < COUNT(versions); i++) {
		pair_pem("client-ca.pem", certs[0].x);
		configure("submission.tls-client-certificates", "yes");
		user_init(&u, versions[i]);
		assert_false(resumes(&u, server("submission", "smtp")));
		assert_int_equal(
		    u.verified, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
		assert_true(resumes(&u, server("submission", "smtp")));
		assert_int_equal(
		    u.verified, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
		/* Now its CA counts; tickets are not asked. */
		pair_pem("new.pem", ca.x);
		assert_int_equal(rename(unit_path("new.pem"), client_ca), 0);
		assert_false(resumes(&u, server("submission", "smtp")));
		assert_int_equal(u.verified, X509_V_OK);
		assert_true(resumes(&u, server("submission", "smtp")));
		assert_int_equal(u.verified, X509_V_OK);
		/* A file that is damaged, or not written yet, changes none. */
		for (size_t j = 0; j < COUNT(unusable); j++) {
			unit_file(
			    "client-ca.pem", unusable[j], strlen(unusable[j]));
			assert_true(resumes(&u, server("submission", "smtp")));
			assert_int_equal(u.verified, X509_V_OK);
		}
		/* And no more. */
		assert_int_equal(unlink(client_ca), 0);
		assert_false(resumes(&u, server("submission", "smtp")));
		assert_int_equal(
		    u.verified, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
		user_clear(&u);
	}
}

/* More than there is room for, all declared; the oldest goes. */
static void
test_bounded(void **state)
{
	static char keys[100][40];
	struct cdb_row rows[COUNT(keys)];
	char err[TABLES_ERR];

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++) {
		(void)snprintf(keys[i], sizeof(keys[i]), "p%zu.profile", i);
		rows[i] = (struct cdb_row){ TABLES_OPTION, keys[i], "mx" };
	}
	tables_close(&tables);
	cdb_file("tables.cdb", rows, COUNT(rows));
	assert_true(tables_open(&tables, unit_path("tables.cdb"), true, err));
	for (size_t i = 0; i < 2 * COUNT(keys); i++) {
		char name[40];
		SSL_CTX *ctx;

		(void)snprintf(name, sizeof(name), "p%zu", i % COUNT(keys));
		ctx = server(name, "smtp");
		assert_ptr_equal(server(name, "smtp"), ctx);
	}
}

static int
setup(void **state)
{
	if (unit_setup(state) == -1)
		return -1;
	log_open("t_tls_context", LOG_TO_FILE, "/dev/null");
	(void)snprintf(
	    client_ca, sizeof(client_ca), "%s", unit_path("client-ca.pem"));
	ca = pair_ca("a CA");
	certs[0] = pair_cert("P-256", "DNS:a.example", 86400, NULL);
	certs[1] = pair_cert("P-384", "DNS:b.example", 86400, NULL);
	client_cert = pair_cert("P-256", "email:al@a.example", 86400, &ca);
	if ((all = tls_contexts_new()) == NULL)
		return -1;
	serve(2);
	return 0;
}

static int
teardown(void **state)
{
	tls_contexts_free(all);
	tables_close(&tables);
	pair_cert_free(&ca);
	pair_cert_free(&certs[0]);
	pair_cert_free(&certs[1]);
	pair_cert_free(&client_cert);
	return unit_teardown(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_until_changed),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_damaged_option),
		cmocka_unit_test(test_tickets_stay_at_home),
		cmocka_unit_test(test_tickets_and_changes),
		cmocka_unit_test(test_tickets_by_the_hour),
		cmocka_unit_test(test_forget),
		cmocka_unit_test(test_clients_not_asked),
		cmocka_unit_test(test_clients),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
