/*
 * Unit test of common/sasl_proof: mechanisms that send no password, against
 * clients that lie or do not know how to.
 */
#include "tests/unit/sasl_accounts.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(salts, each),
		cmocka_unit_test_setup(downgrade, each),
		cmocka_unit_test_setup(malformed_first, each),
		cmocka_unit_test_setup(malformed_last, each),
		cmocka_unit_test_setup(cram_by_hand, each),
		cmocka_unit_test_setup(apop, each),
		cmocka_unit_test_setup(external, each),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
