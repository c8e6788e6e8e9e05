/*
 * Unit test of common/sasl_proof: mechanisms that send no password, against
 * the library's clients.
 */
#include "tests/unit/sasl_accounts.h"

#include <gsasl.h>

#include "common/base64.h"

static Gsasl *clients;

struct asked_for {
	const char *login, *password, *authzid;
	char exporter[BASE64_LEN(TLS_DIGEST) + 1]; /* "": it has none */
};

static int
client_property(Gsasl *g, Gsasl_session *x, Gsasl_property p)
{
	const struct asked_for *want = gsasl_session_hook_get(x);

	(void)g;
	if (p == GSASL_AUTHID)
		return gsasl_property_set(x, p, want->login);
	if (p == GSASL_PASSWORD)
		return gsasl_property_set(x, p, want->password);
	if (p == GSASL_AUTHZID && want->authzid != NULL)
		return gsasl_property_set(x, p, want->authzid);
	if (p == GSASL_CB_TLS_EXPORTER && want->exporter[0] != '\0')
		return gsasl_property_set(x, p, want->exporter);
	return GSASL_NO_CALLBACK;
}

static void
exporter_of(uint8_t byte, char out[BASE64_LEN(TLS_DIGEST) + 1])
{
	uint8_t bytes[TLS_DIGEST];

	memset(bytes, byte, sizeof(bytes));
	base64_encode(bytes, sizeof(bytes), out);
}

struct outcome {
	enum sasl_result result;
	bool final, client_happy;
	char fault[40], login[40], authzid[40], account[40];
};

static void
take_credentials(struct sasl *s, Gsasl_session *x, struct outcome *o)
{
	struct sasl_credentials c;
	uint8_t token[TOKEN_MAX];
	char *out = NULL;
	uint32_t n;
	size_t len;

	sasl_get(s, &c);
	assert_null(c.password);
	strlcpy(o->fault, c.fault == NULL ? "" : c.fault, sizeof(o->fault));
	strlcpy(o->login, c.login, sizeof(o->login));
	strlcpy(o->authzid, c.authzid, sizeof(o->authzid));
	strlcpy(o->account, c.account, sizeof(o->account));
	o->final = sasl_final(s, token, &n);
	assert_int_equal(o->final, c.final);
	if (!o->final)
		return;
	/* The client checks that we know its secret. */
	o->client_happy =
	    gsasl_step(x, (char *)token, n, &out, &len) == GSASL_OK && len == 0;
	gsasl_free(out);
}

/* From the first token to the end of what sasl_step() does. */
static struct outcome
exchange(const char *server_mech, const char *client_mech,
    const struct asked_for *want)
{
	struct sasl *s = sasl_new(library, server_mech, &facts);
	struct asked_for copy = *want;
	struct outcome o = { SASL_CHALLENGE, false, false, "", "", "", "" };
	uint8_t token[TOKEN_MAX];
	Gsasl_session *x;
	uint32_t n = 0;
	char *out;
	size_t len;
	int r;

	assert_non_null(s);
	assert_int_equal(
	    gsasl_client_start(clients, client_mech, &x), GSASL_OK);
	gsasl_session_hook_set(x, &copy);
	if (strcmp(client_mech, "CRAM-MD5") == 0)
		o.result = sasl_step(s, NULL, 0, token, &n);
	while (o.result == SASL_CHALLENGE) {
		out = NULL;
		len = 0;
		r = gsasl_step(x, (char *)token, n, &out, &len);
		assert_true(r == GSASL_OK || r == GSASL_NEEDS_MORE);
		o.result = sasl_step(s, (uint8_t *)out, len, token, &n);
		gsasl_free(out);
	}
	if (o.result == SASL_CREDENTIALS)
		take_credentials(s, x, &o);
	gsasl_finish(x);
	sasl_free(s);
	return o;
}

static const struct {
	const char *mech, *login, *password, *fault;
} proofs[] = {
	{ "SCRAM-SHA-256", "alice", "secret", "" },
	{ "SCRAM-SHA-256", "dave", "secret", "" },
	{ "SCRAM-SHA-256", "alice", "Secret", "proof" },
	{ "SCRAM-SHA-256", "bob", "bobs", "no-secret" },
	{ "SCRAM-SHA-256", "carol", "secret", "no-secret" },
	{ "SCRAM-SHA-256", "nobody", "secret", "unknown-user" },
	{ "CRAM-MD5", "alice", "secret", "" },
	{ "CRAM-MD5", "bob", "bobs", "" },
	{ "CRAM-MD5", "alice", "Secret", "proof" },
	{ "CRAM-MD5", "bob", "secret", "proof" },
	{ "CRAM-MD5", "dave", "secret", "no-secret" },
	{ "CRAM-MD5", "nobody", "secret", "unknown-user" },
};

static void
table(void **state)
{
	struct asked_for want = { NULL, NULL, NULL, "" };
	bool scram, good;
	struct outcome o;

	(void)state;
	for (size_t i = 0; i < COUNT(proofs); i++) {
		asked = 0;
		want.login = proofs[i].login;
		want.password = proofs[i].password;
		o = exchange(proofs[i].mech, proofs[i].mech, &want);
		good = proofs[i].fault[0] == '\0';
		scram = strcmp(proofs[i].mech, "SCRAM-SHA-256") == 0;
		assert_int_equal(o.result, SASL_CREDENTIALS);
		assert_string_equal(o.fault, proofs[i].fault);
		assert_string_equal(o.login, proofs[i].login);
		assert_string_equal(o.authzid, "");
		assert_int_equal(o.final, scram && good);
		assert_int_equal(o.client_happy, scram && good);
		assert_int_equal(asked, 1);
		if (good)
			assert_memory_equal(
			    o.account, o.login, strlen(o.login));
	}
}

static void
authorization_identity(void **state)
{
	struct asked_for want = { "alice", "secret", "bob", "" };
	struct outcome o;

	(void)state;
	o = exchange("SCRAM-SHA-256", "SCRAM-SHA-256", &want);
	assert_int_equal(o.result, SASL_CREDENTIALS);
	assert_string_equal(o.login, "alice");
	assert_string_equal(o.authzid, "bob"); /* somebody else's to judge */
}

/* RFC 5802 section 6, RFC 9266. */
static void
binding(void **state)
{
	struct asked_for want = { "alice", "secret", NULL, "" };
	struct outcome o;

	(void)state;
	facts.has_exporter = true;
	memset(facts.exporter, 'e', sizeof(facts.exporter));
	exporter_of('e', want.exporter);
	o = exchange("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256-PLUS", &want);
	assert_int_equal(o.result, SASL_CREDENTIALS);
	assert_string_equal(o.fault, "");
	assert_true(o.final && o.client_happy);
	/* The password is wrong, or the connection is another. */
	want.password = "wrong";
	o = exchange("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256-PLUS", &want);
	assert_string_equal(o.fault, "proof");
	want.password = "secret";
	exporter_of('f', want.exporter);
	o = exchange("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256-PLUS", &want);
	assert_int_equal(o.result, SASL_CREDENTIALS);
	assert_string_equal(o.fault, "proof");
	assert_false(o.final);
	/* One that cannot bind may do without. */
	want.exporter[0] = '\0';
	o = exchange("SCRAM-SHA-256", "SCRAM-SHA-256", &want);
	assert_string_equal(o.fault, "");
	/* Without a value nothing is bound, whatever the client says. */
	exporter_of('e', want.exporter);
	o = exchange("SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", &want);
	assert_int_equal(o.result, SASL_REFUSED);
	facts.has_exporter = false;
	o = exchange("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256-PLUS", &want);
	assert_int_equal(o.result, SASL_REFUSED);
}

/* Tables that are damaged make nobody's password wrong. */
static void
later(void **state)
{
	struct asked_for want = { "bob", "bobs", NULL, "" };

	(void)state;
	broken = true;
	assert_int_equal(
	    exchange("CRAM-MD5", "CRAM-MD5", &want).result, SASL_LATER);
	assert_int_equal(
	    exchange("SCRAM-SHA-256", "SCRAM-SHA-256", &want).result,
	    SASL_LATER);
}

static int
setup_clients(void **state)
{
	if (gsasl_init(&clients) != GSASL_OK)
		return -1;
	gsasl_callback_set(clients, client_property);
	return setup(state);
}

static int
teardown_clients(void **state)
{
	gsasl_done(clients);
	return teardown(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(table, each),
		cmocka_unit_test_setup(authorization_identity, each),
		cmocka_unit_test_setup(binding, each),
		cmocka_unit_test_setup(later, each),
	};

	return cmocka_run_group_tests(tests, setup_clients, teardown_clients);
}
