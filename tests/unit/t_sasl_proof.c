/*
 * Unit test of common/sasl_proof: mechanisms that send no password, against
 * the library's clients and against ones that lie.
 */
#include "tests/unit/unit.h"

#include <gsasl.h>

#include <bsd/string.h>

#include "common/base64.h"
#include "common/sasl_server.h"

/* Of "secret" and 4096 iterations. */
#define SCRAM                                                                  \
	"SCRAM-SHA-256$4096:c2FsdHNhbHQ=$"                                     \
	"v9cxy4WCDtc8UMxTg6KXCtlxIku1bUKTGuWEXFC1L54=:"                        \
	"rwGpSn6lR97mSEImO0RA7JCZ4WnpCnnKddTt3G/t6II="

static struct sasl_library *library;
static Gsasl *clients;
static struct sasl_decoy decoy;
static struct sasl_client facts;
static int asked;
static bool broken; /* the tables */

static const struct {
	const char *login, *account, *words;
} accounts[] = {
	{ "alice", "alice@example.org", SCRAM " plain:c2VjcmV0" },
	{ "bob", "bob@example.org", "plain:Ym9icw==" },
	{ "carol", "carol@example.org", "" },
	{ "dave", "dave@example.org", SCRAM },
};

static bool
find(void *arg, const char *login, struct sasl_account *a)
{
	const char *wanted;

	assert_null(arg);
	asked++;
	strlcpy(a->who.counted, login, sizeof(a->who.counted));
	a->who.kind = RESOLVE_UNKNOWN;
	credential_clear(&a->words);
	for (size_t i = 0; i < COUNT(accounts); i++) {
		if (strcmp(accounts[i].login, login) != 0)
			continue;
		a->who.kind = RESOLVE_VIRTUAL;
		strlcpy(a->who.account, accounts[i].account,
		    sizeof(a->who.account));
		if (accounts[i].words[0] != '\0')
			assert_true(credential_parse(
			    accounts[i].words, &a->words, &wanted));
	}
	return !broken;
}

static int
each(void **state)
{
	(void)state;
	memset(&facts, 0, sizeof(facts));
	facts.find = find;
	facts.decoy = &decoy;
	broken = false;
	asked = 0;
	return 0;
}

/* --- the library's client */

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

/* --- clients by hand */

static struct sasl *
begin(const char *mech, const char *first, enum sasl_result want,
    char challenge[TOKEN_MAX + 1])
{
	struct sasl *s = sasl_new(library, mech, &facts);
	uint8_t token[TOKEN_MAX];
	uint32_t n = 0;

	assert_non_null(s);
	assert_int_equal(sasl_step(s, (const uint8_t *)first,
			     first == NULL ? 0 : strlen(first), token, &n),
	    want);
	memcpy(challenge, token, n);
	challenge[n] = '\0';
	return s;
}

/* Server-first of a name: salt and iterations. */
static void
salt_of(const char *name, char out[TOKEN_MAX + 1])
{
	char challenge[TOKEN_MAX + 1], first[200];

	(void)snprintf(first, sizeof(first), "n,,n=%s,r=abc", name);
	sasl_free(begin("SCRAM-SHA-256", first, SASL_CHALLENGE, challenge));
	assert_memory_equal(challenge, "r=abc", 5);
	assert_non_null(strstr(challenge, ",s="));
	strlcpy(out, strstr(challenge, ",s="), TOKEN_MAX + 1);
}

/* Unknown names have a salt that stays; an account's is its own. */
static void
salts(void **state)
{
	char a[TOKEN_MAX + 1], b[TOKEN_MAX + 1];

	(void)state;
	salt_of("alice", a);
	assert_string_equal(a, ",s=c2FsdHNhbHQ=,i=4096");
	salt_of("nobody", a);
	salt_of("nobody", b);
	assert_string_equal(a, b);
	assert_non_null(strstr(a, ",i=10000"));
	salt_of("somebody", b);
	assert_string_not_equal(a, b);
	salt_of("carol", a); /* an account without */
	salt_of("carol", b);
	assert_string_equal(a, b);
}

static const char *const bad_first[] = {
	"x",
	",",
	"n,",
	"n,,",
	"n,,n=alice",
	"n,,n=,r=abc",
	"n,,r=abc",
	"n,,n=alice,r=",
	"z,,n=alice,r=abc",
	"p=tls-unique,,n=alice,r=abc",
	"p=tls-exporter,,n=alice,r=abc",
	"n,,m=x,n=alice,r=abc",
	"n,,n=al\xff,r=abc",
	"n,,n=al\x01ice,r=abc",
	"\xff\xff\xff\xff",
};

static void
malformed_first(void **state)
{
	char challenge[TOKEN_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(bad_first); i++)
		sasl_free(begin(
		    "SCRAM-SHA-256", bad_first[i], SASL_REFUSED, challenge));
	assert_int_equal(asked, 0);
	/* Without a first message it is asked for. */
	sasl_free(begin("SCRAM-SHA-256", NULL, SASL_CHALLENGE, challenge));
	assert_string_equal(challenge, "");
}

/* A client that could bind, and has heard of no server that can. */
static void
downgrade(void **state)
{
	char challenge[TOKEN_MAX + 1];

	(void)state;
	sasl_free(begin(
	    "SCRAM-SHA-256", "y,,n=alice,r=abc", SASL_CHALLENGE, challenge));
	facts.has_exporter = true;
	asked = 0;
	sasl_free(begin(
	    "SCRAM-SHA-256", "y,,n=alice,r=abc", SASL_REFUSED, challenge));
	sasl_free(begin(
	    "SCRAM-SHA-256-PLUS", "y,,n=alice,r=abc", SASL_REFUSED, challenge));
	sasl_free(begin(
	    "SCRAM-SHA-256-PLUS", "n,,n=alice,r=abc", SASL_REFUSED, challenge));
	sasl_free(begin("SCRAM-SHA-256-PLUS", "p=tls-unique,,n=alice,r=abc",
	    SASL_REFUSED, challenge));
	assert_int_equal(asked, 0);
}

/* What a client may say last; %s is the nonce. */
static const struct {
	const char *last;
	enum sasl_result want;
} bad_last[] = {
	{ "", SASL_REFUSED },
	{ "x", SASL_REFUSED },
	{ "c=biws,r=%s", SASL_REFUSED },
	{ "c=biws,r=%s,p=", SASL_REFUSED },
	{ "c=biws,r=%s,p=AAAA", SASL_REFUSED },
	{ "r=%s,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", SASL_REFUSED },
	{ "c=biws,r=%s,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
	    SASL_CREDENTIALS },
	{ "c=eSws,r=%s,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
	    SASL_CREDENTIALS },
	{ "c=biws,r=abc,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
	    SASL_CREDENTIALS },
};

static void
malformed_last(void **state)
{
	char challenge[TOKEN_MAX + 1], last[TOKEN_MAX], nonce[200];
	struct sasl_credentials c;
	uint8_t token[TOKEN_MAX];
	enum sasl_result r;
	struct sasl *s;
	size_t at;
	uint32_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(bad_last); i++) {
		s = begin("SCRAM-SHA-256", "n,,n=alice,r=abc", SASL_CHALLENGE,
		    challenge);
		strlcpy(nonce, challenge + 2, sizeof(nonce));
		nonce[strcspn(nonce, ",")] = '\0';
		strlcpy(last, bad_last[i].last, sizeof(last));
		if (strstr(last, "%s") != NULL) {
			at = (size_t)(strstr(last, "%s") - last);
			(void)snprintf(last + at, sizeof(last) - at, "%s%s",
			    nonce, strstr(bad_last[i].last, "%s") + 2);
		}
		r = sasl_step(
		    s, (const uint8_t *)last, strlen(last), token, &n);
		assert_int_equal(r, bad_last[i].want);
		if (r == SASL_CREDENTIALS) {
			sasl_get(s, &c);
			assert_string_equal(c.fault, "proof");
			assert_false(sasl_final(s, token, &n));
		}
		sasl_free(s);
	}
}

static void
cram_by_hand(void **state)
{
	static const char *const bad[] = { "x", "alice", " ", "alice 0123",
		"alice 0123456789abcdef0123456789abcdeg",
		"\xff 0123456789abcdef0123456789abcdef" };
	char challenge[TOKEN_MAX + 1], again[TOKEN_MAX + 1];
	struct sasl_credentials c;
	uint8_t token[TOKEN_MAX];
	enum sasl_result r;
	struct sasl *s;
	uint32_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		s = begin("CRAM-MD5", NULL, SASL_CHALLENGE, challenge);
		assert_int_equal(challenge[0], '<');
		r = sasl_step(
		    s, (const uint8_t *)bad[i], strlen(bad[i]), token, &n);
		if (r == SASL_CREDENTIALS) {
			sasl_get(s, &c);
			assert_non_null(c.fault);
		} else
			assert_int_equal(r, SASL_REFUSED);
		sasl_free(s);
	}
	sasl_free(begin("CRAM-MD5", NULL, SASL_CHALLENGE, again));
	assert_string_not_equal(challenge, again);
}

static void
apop(void **state)
{
	/* MD5 of "<1@x>secret", and of another. */
	static const char good[] = "<1@x>\0alice\0"
				   "37257aa37904a2ac86c6572e6528a18c";
	static const char other[] = "<1@x>\0nobody\0"
				    "37257aa37904a2ac86c6572e6528a18c";
	char bad[sizeof(good)];
	struct sasl_credentials c;
	uint8_t token[TOKEN_MAX];
	struct sasl *s;
	uint32_t n;

	(void)state;
	s = sasl_new(library, "APOP", &facts);
	assert_int_equal(
	    sasl_step(s, (const uint8_t *)good, sizeof(good) - 1, token, &n),
	    SASL_CREDENTIALS);
	sasl_get(s, &c);
	assert_null(c.fault);
	assert_string_equal(c.login, "alice");
	assert_string_equal(c.account, "alice@example.org");
	assert_false(sasl_final(s, token, &n));
	sasl_free(s);
	memcpy(bad, good, sizeof(bad));
	bad[1] = '2'; /* another greeting's */
	s = sasl_new(library, "APOP", &facts);
	assert_int_equal(
	    sasl_step(s, (const uint8_t *)bad, sizeof(bad) - 1, token, &n),
	    SASL_CREDENTIALS);
	sasl_get(s, &c);
	assert_string_equal(c.fault, "proof");
	sasl_free(s);
	s = sasl_new(library, "APOP", &facts);
	assert_int_equal(
	    sasl_step(s, (const uint8_t *)other, sizeof(other) - 1, token, &n),
	    SASL_CREDENTIALS);
	sasl_get(s, &c);
	assert_string_equal(c.fault, "unknown-user");
	sasl_free(s);
	s = sasl_new(library, "APOP", &facts);
	assert_int_equal(sasl_step(s, NULL, 0, token, &n), SASL_REFUSED);
	sasl_free(s);
}

static void
external(void **state)
{
	char challenge[TOKEN_MAX + 1];
	struct sasl_credentials c;
	uint8_t token[TOKEN_MAX];
	struct sasl *s;
	uint32_t n;

	(void)state;
	strlcpy(
	    facts.certificate, "alice@example.org", sizeof(facts.certificate));
	s = begin("EXTERNAL", "", SASL_CREDENTIALS, challenge);
	sasl_get(s, &c);
	assert_int_equal(c.kind, SASL_CERTIFICATE);
	assert_null(c.fault);
	assert_null(c.password);
	assert_string_equal(c.login, "alice@example.org");
	assert_string_equal(c.authzid, "");
	sasl_free(s);
	s = begin("EXTERNAL", NULL, SASL_CHALLENGE, challenge);
	assert_string_equal(challenge, "");
	assert_int_equal(sasl_step(s, (const uint8_t *)"bob", 3, token, &n),
	    SASL_CREDENTIALS);
	sasl_get(s, &c);
	assert_string_equal(c.login, "alice@example.org");
	assert_string_equal(c.authzid, "bob");
	sasl_free(s);
	s = sasl_new(library, "EXTERNAL", &facts);
	assert_int_equal(
	    sasl_step(s, (const uint8_t *)"a\0b", 3, token, &n), SASL_REFUSED);
	sasl_free(s);
}

/* Tables that are damaged make nobody's password wrong. */
static void
later(void **state)
{
	char challenge[TOKEN_MAX + 1];
	struct asked_for want = { "bob", "bobs", NULL, "" };

	(void)state;
	broken = true;
	sasl_free(
	    begin("SCRAM-SHA-256", "n,,n=alice,r=abc", SASL_LATER, challenge));
	assert_int_equal(
	    exchange("CRAM-MD5", "CRAM-MD5", &want).result, SASL_LATER);
}

static int
setup(void **state)
{
	(void)state;
	memset(&decoy, 7, sizeof(decoy));
	if (gsasl_init(&clients) != GSASL_OK)
		return -1;
	gsasl_callback_set(clients, client_property);
	return (library = sasl_open()) == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	sasl_close(library);
	gsasl_done(clients);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(table, each),
		cmocka_unit_test_setup(authorization_identity, each),
		cmocka_unit_test_setup(binding, each),
		cmocka_unit_test_setup(salts, each),
		cmocka_unit_test_setup(downgrade, each),
		cmocka_unit_test_setup(malformed_first, each),
		cmocka_unit_test_setup(malformed_last, each),
		cmocka_unit_test_setup(cram_by_hand, each),
		cmocka_unit_test_setup(apop, each),
		cmocka_unit_test_setup(external, each),
		cmocka_unit_test_setup(later, each),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
