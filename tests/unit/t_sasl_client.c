/*
 * Unit test of common/sasl_client: logging in elsewhere, against our own
 * server's side and against servers that lie.
 */
#include "tests/unit/sasl_accounts.h"

#include <gsasl.h>

#include "common/base64.h"
#include "common/sasl_client.h"

static uint8_t exporter[TLS_DIGEST];

#define ALL "LOGIN CRAM-MD5 PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS EXTERNAL"
#define EXPOSED RELAY_EXPOSED
#define CLEAR 0
#define OPEN RELAY_TLS
#define GOOD (RELAY_TLS | RELAY_VERIFIED)

/* clang-format off */
static const struct {
	const char *mechs;
	uint32_t flags;
	bool exporter, unbound;
	const char *mech; /* NULL: none */
} choices[] = {
	{ ALL, GOOD, true, false, "SCRAM-SHA-256-PLUS" },
	{ ALL, OPEN, true, false, "SCRAM-SHA-256-PLUS" },
	{ ALL, GOOD, false, false, "SCRAM-SHA-256" },
	{ ALL, GOOD, true, true, "SCRAM-SHA-256" },
	/* An exporter of a line that is none. */
	{ ALL, EXPOSED, true, false, "SCRAM-SHA-256" },
	{ ALL, CLEAR, true, false, NULL },
	{ ALL, RELAY_VERIFIED, true, false, NULL },
	{ "login cram-md5 plain", GOOD, true, false, "PLAIN" },
	{ "CRAM-MD5 LOGIN", GOOD, true, false, "LOGIN" },
	{ "CRAM-MD5", GOOD, true, false, "CRAM-MD5" },
	{ "CRAM-MD5", CLEAR, true, false, NULL },
	{ "CRAM-MD5", OPEN, true, false, NULL },
	{ "LOGIN", OPEN, true, false, NULL },
	{ "PLAIN", OPEN, true, false, NULL },
	{ "PLAIN", OPEN | EXPOSED, true, false, "PLAIN" },
	{ "PLAIN", EXPOSED, true, false, "PLAIN" },
	{ "CRAM-MD5", EXPOSED, true, false, "CRAM-MD5" },
	{ "SCRAM-SHA-256-PLUS", GOOD, false, false, NULL },
	{ "EXTERNAL XOAUTH2 SCRAM-SHA-1", GOOD, true, false, NULL },
	{ "", GOOD, true, false, NULL },
};
/* clang-format on */

static struct sasl_out *
begin(const char *mechs, const char *name, const char *password)
{
	const struct sasl_client_start start = { .mechs = mechs,
		.flags = GOOD,
		.exporter = exporter,
		.name = name,
		.password = password };
	const char *why = NULL;
	struct sasl_out *s = sasl_client_new(library, &start, &why);

	assert_non_null(s);
	return s;
}

static void
chooses(void **state)
{
	struct sasl_client_start start = { .name = "a", .password = "b" };
	struct sasl_out *s;
	const char *why;

	(void)state;
	for (size_t i = 0; i < COUNT(choices); i++) {
		start.mechs = choices[i].mechs;
		start.flags = choices[i].flags;
		start.exporter = choices[i].exporter ? exporter : NULL;
		start.unbound = choices[i].unbound;
		why = NULL;
		s = sasl_client_new(library, &start, &why);
		if ((s == NULL) != (choices[i].mech == NULL) ||
		    (s != NULL &&
			strcmp(sasl_client_mech(s), choices[i].mech) != 0))
			fail_msg("%zu: %s", i,
			    s == NULL ? why : sasl_client_mech(s));
		if (s == NULL)
			assert_non_null(why);
		sasl_client_free(s);
	}
}

/* What a worker of authd does. */
static void
salted(const struct sasl_out *s, uint8_t out[CREDENTIAL_KEY])
{
	char unused[3][CREDENTIAL_KEY], salt[CREDENTIAL_SALT];
	struct sasl_client_hash h;
	size_t n;

	sasl_client_hash(s, &h);
	assert_true(base64_decode(h.salt, (uint8_t *)salt, sizeof(salt), &n));
	assert_int_equal(gsasl_scram_secrets_from_password(GSASL_HASH_SHA256,
			     h.password, h.iterations, salt, n, (char *)out,
			     unused[0], unused[1], unused[2]),
	    GSASL_OK);
}

struct token {
	uint8_t bytes[TOKEN_MAX];
	uint32_t n;
};

static enum sasl_client_result
say(struct sasl_out *s, const struct token *in, struct token *out)
{
	uint8_t key[CREDENTIAL_KEY];
	enum sasl_client_result r;

	r = sasl_client_step(s, in == NULL ? NULL : in->bytes,
	    in == NULL ? 0 : in->n, out->bytes, &out->n);
	if (r != SASL_CLIENT_HASH)
		return r;
	salted(s, key);
	return sasl_client_salted(s, key, out->bytes, &out->n);
}

/* As smtpd: the server's last word is a challenge, whose answer is empty. */
static bool
log_in(const char *mech, const char *password)
{
	struct sasl_out *s = begin(mech, "alice", password);
	struct sasl_credentials c = { .fault = "never judged" };
	struct token ours, theirs;
	struct sasl *server;
	enum sasl_result r = SASL_CHALLENGE;
	bool good, first = true;

	facts.has_exporter = true;
	memset(facts.exporter, 'e', sizeof(facts.exporter));
	assert_non_null(server = sasl_new(library, mech, &facts));
	assert_int_equal(say(s, NULL, &ours), SASL_CLIENT_REPLY);
	for (int i = 0; i < 8 && r == SASL_CHALLENGE; i++) {
		r = sasl_step(server, first && ours.n == 0 ? NULL : ours.bytes,
		    ours.n, theirs.bytes, &theirs.n);
		first = false;
		if (r == SASL_CHALLENGE) {
			assert_false(sasl_client_said_all(s));
			assert_int_equal(
			    say(s, &theirs, &ours), SASL_CLIENT_REPLY);
		}
	}
	if (r == SASL_CREDENTIALS)
		sasl_get(server, &c);
	good = c.fault == NULL &&
	    (c.password == NULL || strcmp(c.password, "secret") == 0);
	if (good && sasl_final(server, theirs.bytes, &theirs.n)) {
		assert_false(sasl_client_said_all(s));
		assert_int_equal(say(s, &theirs, &ours), SASL_CLIENT_REPLY);
		assert_int_equal(ours.n, 0);
	}
	if (good) {
		assert_true(sasl_client_said_all(s));
		assert_true(sasl_client_proved(s, NULL, 0));
	}
	sasl_free(server);
	sasl_client_free(s);
	return good;
}

static void
logs_in(void **state)
{
	static const char *const mechs[] = { "PLAIN", "LOGIN", "CRAM-MD5",
		"SCRAM-SHA-256", "SCRAM-SHA-256-PLUS" };

	(void)state;
	for (size_t i = 0; i < COUNT(mechs); i++) {
		if (!log_in(mechs[i], "secret"))
			fail_msg("%s", mechs[i]);
		assert_false(log_in(mechs[i], "secreT"));
	}
}

/* A server of SCRAM, up to its last word. */
static struct sasl_out *
up_to_final(struct token *final)
{
	struct sasl_out *s = begin("SCRAM-SHA-256", "alice", "secret");
	struct sasl *server = sasl_new(library, "SCRAM-SHA-256", &facts);
	struct token ours, theirs;

	assert_int_equal(say(s, NULL, &ours), SASL_CLIENT_REPLY);
	assert_int_equal(
	    sasl_step(server, ours.bytes, ours.n, theirs.bytes, &theirs.n),
	    SASL_CHALLENGE);
	assert_int_equal(say(s, &theirs, &ours), SASL_CLIENT_REPLY);
	assert_int_equal(
	    sasl_step(server, ours.bytes, ours.n, theirs.bytes, &theirs.n),
	    SASL_CREDENTIALS);
	assert_true(sasl_final(server, final->bytes, &final->n));
	sasl_free(server);
	return s;
}

/* Who has not proved it is not believed, whatever it says. */
static void
no_proof(void **state)
{
	struct token final, out;
	struct sasl_out *s;

	(void)state;
	s = up_to_final(&final);
	assert_true(sasl_client_proved(s, final.bytes, final.n));
	sasl_client_free(s);
	s = up_to_final(&final);
	assert_false(sasl_client_proved(s, NULL, 0));
	assert_string_equal(
	    sasl_client_why(s), "it has not proved that it knows the password");
	sasl_client_free(s);
	/* A signature of something else, by a challenge and with success. */
	for (int i = 0; i < 2; i++) {
		s = up_to_final(&final);
		final.bytes[5] = final.bytes[5] == 'A' ? 'B' : 'A';
		if (i == 0)
			assert_int_equal(
			    say(s, &final, &out), SASL_CLIENT_REFUSED);
		assert_false(sasl_client_proved(s, final.bytes, final.n));
		assert_string_equal(
		    sasl_client_why(s), "it does not know the password itself");
		/* Nor does a good one help afterwards. */
		assert_false(sasl_client_proved(s, final.bytes, final.n));
		sasl_client_free(s);
	}
	s = begin("SCRAM-SHA-256", "alice", "secret");
	assert_int_equal(say(s, NULL, &out), SASL_CLIENT_REPLY);
	assert_false(sasl_client_proved(s, NULL, 0));
	sasl_client_free(s);
	/* Content with a name alone: the password was not asked for. */
	s = begin("LOGIN", "alice", "secret");
	assert_int_equal(say(s, NULL, &out), SASL_CLIENT_REPLY);
	assert_int_equal(
	    say(s, &(struct token){ "Username:", 9 }, &out), SASL_CLIENT_REPLY);
	assert_false(sasl_client_proved(s, NULL, 0));
	sasl_client_free(s);
}

/* R stands for our nonce. */
/* clang-format off */
static const struct {
	const char *mech, *challenge, *why;
} lies[] = {
	{ "SCRAM-SHA-256", "", "its words" },
	{ "SCRAM-SHA-256", "hello", "its words" },
	{ "SCRAM-SHA-256", "r=Rx,s=c2FsdA==", "its words" },
	{ "SCRAM-SHA-256", "r=Rx,s=,i=4096", "its words" },
	{ "SCRAM-SHA-256", "r=Rx,s=c2FsdA,i=4096", "its words" },
	{ "SCRAM-SHA-256", "r=Rx,s=c2FsdA==,i=99999999999999999999", "its words" },
	{ "SCRAM-SHA-256", "r=Rx,s=c2FsdA==,i=-1", "its words" },
	{ "SCRAM-SHA-256", "r=Rx,s=c2FsdA==,i=4095", "it wants fewer iterations" },
	{ "SCRAM-SHA-256", "r=Rx,s=c2FsdA==,i=200001", "it wants fewer iterations" },
	/* Another exchange's nonce, and what nobody knows. */
	{ "SCRAM-SHA-256", "r=other,s=c2FsdA==,i=4096", "its words|it does not" },
	{ "SCRAM-SHA-256", "m=x,r=Rx,s=c2FsdA==,i=4096", "its words|it does not" },
	{ "CRAM-MD5", "", "its words" },
	{ "PLAIN", "Password?", "it asks for more" },
};
/* clang-format on */

static void
lying(void **state)
{
	struct token ours, theirs;
	char text[500], nonce[200];
	struct sasl_out *s;
	const char *at;

	(void)state;
	for (size_t i = 0; i < COUNT(lies); i++) {
		s = begin(lies[i].mech, "alice", "secret");
		assert_int_equal(say(s, NULL, &ours), SASL_CLIENT_REPLY);
		ours.bytes[ours.n] = '\0';
		at = strstr((char *)ours.bytes, "r=");
		(void)snprintf(
		    nonce, sizeof(nonce), "%s", at == NULL ? "" : at + 2);
		(void)snprintf(text, sizeof(text), "%s", lies[i].challenge);
		if (strncmp(lies[i].challenge, "r=R", 3) == 0)
			(void)snprintf(text, sizeof(text), "r=%s%s", nonce,
			    lies[i].challenge + 3);
		theirs.n = (uint32_t)strlen(text);
		memcpy(theirs.bytes, text, theirs.n);
		if (say(s, &theirs, &ours) != SASL_CLIENT_REFUSED)
			fail_msg("%s: taken", lies[i].challenge);
		at = sasl_client_why(s);
		if (strncmp(at, lies[i].why, 9) != 0 &&
		    (strchr(lies[i].why, '|') == NULL ||
			strncmp(at, strchr(lies[i].why, '|') + 1, 9) != 0))
			fail_msg("%s: %s", lies[i].challenge, at);
		assert_false(sasl_client_proved(s, NULL, 0));
		assert_int_equal(say(s, &theirs, &ours), SASL_CLIENT_REFUSED);
		sasl_client_free(s);
	}
}

/* Questions without end. */
static void
endless(void **state)
{
	struct token out, in = { "Again:", 6 };
	struct sasl_out *s = begin("LOGIN", "alice", "secret");

	(void)state;
	assert_int_equal(say(s, NULL, &out), SASL_CLIENT_REPLY);
	assert_int_equal(out.n, 0);
	assert_int_equal(say(s, &in, &out), SASL_CLIENT_REPLY);
	assert_int_equal(out.n, 5);
	assert_int_equal(say(s, &in, &out), SASL_CLIENT_REPLY);
	assert_int_equal(out.n, 6);
	assert_true(sasl_client_said_all(s));
	assert_int_equal(say(s, &in, &out), SASL_CLIENT_REFUSED);
	sasl_client_free(s);
}

static int
prepare_all(void **state)
{
	memset(exporter, 'e', sizeof(exporter));
	return setup(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(chooses, each),
		cmocka_unit_test_setup(logs_in, each),
		cmocka_unit_test_setup(no_proof, each),
		cmocka_unit_test_setup(lying, each),
		cmocka_unit_test_setup(endless, each),
	};

	return cmocka_run_group_tests(tests, prepare_all, teardown);
}
