/*
 * Unit test of common/sasl_server: whole exchanges as tables.  Those of proofs
 * are in t_sasl_proof.
 */
#include "tests/unit/unit.h"

#include "common/sasl_server.h"

#define BYTES(s) s, sizeof(s) - 1
#define NONE NULL, 0

struct round {
	const char *in;
	size_t n;
	enum sasl_result want;
	const char *challenge;
};

static const struct {
	const char *mech;
	struct round rounds[4];
	const char *login, *authzid, *password; /* of SASL_CREDENTIALS */
} good[] = {
	{ "PLAIN", { { BYTES("\0alice\0secret"), SASL_CREDENTIALS, NULL } },
	    "alice", "alice", "secret" },
	{ "plain", { { BYTES("\0alice\0secret"), SASL_CREDENTIALS, NULL } },
	    "alice", "alice", "secret" },
	{ "PLAIN", { { BYTES("bob\0alice\0 s p "), SASL_CREDENTIALS, NULL } },
	    "alice", "bob", " s p " },
	{ "PLAIN",
	    { { NONE, SASL_CHALLENGE, "" },
		{ BYTES("\0alice\0secret"), SASL_CREDENTIALS, NULL } },
	    "alice", "alice", "secret" },
	/* As typed, in whatever character set, and with control characters. */
	{ "PLAIN", { { BYTES("\0a\0\xe9\xff\x01\t"), SASL_CREDENTIALS, NULL } },
	    "a", "a", "\xe9\xff\x01\t" },
	{ "PLAIN",
	    { { BYTES("\0a\0\xc2\xb4\xc2\xb2"), SASL_CREDENTIALS, NULL } }, "a",
	    "a", "\xc2\xb4\xc2\xb2" },
	{ "LOGIN",
	    { { NONE, SASL_CHALLENGE, "Username:" },
		{ BYTES("alice"), SASL_CHALLENGE, "Password:" },
		{ BYTES("secret"), SASL_CREDENTIALS, NULL } },
	    "alice", "", "secret" },
	{ "LOGIN",
	    { { BYTES("alice"), SASL_CHALLENGE, "Password:" },
		{ BYTES("\xe9"), SASL_CREDENTIALS, NULL } },
	    "alice", "", "\xe9" },
};

static const struct {
	const char *mech;
	struct round rounds[4];
} bad[] = {
	{ "PLAIN", { { BYTES("x"), SASL_REFUSED, NULL } } },
	{ "PLAIN", { { BYTES("\0"), SASL_REFUSED, NULL } } },
	{ "PLAIN", { { BYTES("\0\0"), SASL_REFUSED, NULL } } },
	{ "PLAIN", { { BYTES("\0\0\0"), SASL_REFUSED, NULL } } },
	{ "PLAIN", { { BYTES("a\0b"), SASL_REFUSED, NULL } } },
	{ "PLAIN", { { BYTES("\0alice\0"), SASL_REFUSED, NULL } } },
	{ "PLAIN", { { BYTES("\0alice\0se\0cret"), SASL_REFUSED, NULL } } },
	{ "PLAIN", { { BYTES("\0ali\xff\0secret"), SASL_REFUSED, NULL } } },
	{ "PLAIN", { { BYTES("\0ali\nce\0secret"), SASL_REFUSED, NULL } } },
	{ "LOGIN",
	    { { NONE, SASL_CHALLENGE, "Username:" },
		{ BYTES(""), SASL_REFUSED, NULL } } },
	{ "LOGIN",
	    { { BYTES("alice"), SASL_CHALLENGE, "Password:" },
		{ BYTES(""), SASL_REFUSED, NULL } } },
	{ "LOGIN",
	    { { BYTES("alice"), SASL_CHALLENGE, "Password:" },
		{ BYTES("a\0b"), SASL_REFUSED, NULL } } },
	{ "LOGIN",
	    { { NONE, SASL_CHALLENGE, "Username:" },
		{ BYTES("ali\0ce"), SASL_REFUSED, NULL } } },
};

static struct sasl_library *library;
static const struct sasl_client client; /* passwords need nothing of it */

static struct sasl *
run(const char *mech, const struct round *rounds, enum sasl_result *last)
{
	struct sasl *s = sasl_new(library, mech, &client);
	uint8_t token[TOKEN_MAX];
	uint32_t n = 0;

	assert_non_null(s);
	do {
		*last = sasl_step(
		    s, (const uint8_t *)rounds->in, rounds->n, token, &n);
		assert_int_equal(*last, rounds->want);
		if (*last == SASL_CHALLENGE) {
			assert_int_equal(n, strlen(rounds->challenge));
			assert_memory_equal(token, rounds->challenge, n);
		}
		rounds++;
	} while (*last == SASL_CHALLENGE);
	return s;
}

static void
exchanges(void **state)
{
	struct sasl_credentials c;
	enum sasl_result last;
	struct sasl *s;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		s = run(good[i].mech, good[i].rounds, &last);
		assert_int_equal(last, SASL_CREDENTIALS);
		sasl_get(s, &c);
		assert_string_equal(c.login, good[i].login);
		assert_string_equal(c.authzid, good[i].authzid);
		assert_string_equal(c.password, good[i].password);
		assert_int_equal(c.kind, SASL_PASSWORD);
		assert_null(c.fault);
		assert_false(c.final);
		sasl_free(s);
	}
}

static void
refusals(void **state)
{
	enum sasl_result last;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		sasl_free(run(bad[i].mech, bad[i].rounds, &last));
		assert_int_equal(last, SASL_REFUSED);
	}
}

/* Passwords at and over the bound, and names of 8 KiB. */
static void
bounds(void **state)
{
	static uint8_t token[TOKEN_MAX], out[TOKEN_MAX];
	struct sasl_credentials c;
	uint32_t outlen;
	struct sasl *s;

	(void)state;
	memset(token, 'x', sizeof(token));
	token[0] = token[2] = '\0';
	s = sasl_new(library, "PLAIN", &client);
	assert_int_equal(sasl_step(s, token, 3 + PASSWORD_MAX, out, &outlen),
	    SASL_CREDENTIALS);
	sasl_get(s, &c);
	assert_int_equal(strlen(c.password), PASSWORD_MAX);
	sasl_free(s);
	s = sasl_new(library, "PLAIN", &client);
	assert_int_equal(
	    sasl_step(s, token, 4 + PASSWORD_MAX, out, &outlen), SASL_REFUSED);
	sasl_free(s);
	token[2] = 'x';
	token[TOKEN_MAX - 2] = '\0';
	s = sasl_new(library, "PLAIN", &client);
	assert_int_equal(
	    sasl_step(s, token, TOKEN_MAX, out, &outlen), SASL_CREDENTIALS);
	sasl_get(s, &c);
	assert_int_equal(strlen(c.login), TOKEN_MAX - 3);
	sasl_free(s);
}

/* A client that never says anything is not waited for without end. */
static void
endless(void **state)
{
	struct sasl *s = sasl_new(library, "PLAIN", &client);
	uint8_t token[TOKEN_MAX];
	enum sasl_result r;
	int rounds = 0;
	uint32_t n;

	(void)state;
	do
		r = sasl_step(s, (const uint8_t *)"", 0, token, &n);
	while (r == SASL_CHALLENGE && ++rounds < 100);
	assert_int_equal(r, SASL_REFUSED);
	assert_in_range(rounds, 1, 10);
	sasl_free(s);
}

static void
offers(void **state)
{
	(void)state;
	assert_true(sasl_offers("PLAIN"));
	assert_true(sasl_offers("login"));
	assert_false(sasl_offers("ANONYMOUS"));
	assert_true(sasl_offers("SCRAM-SHA-256-PLUS"));
	assert_true(sasl_offers("EXTERNAL"));
	assert_true(sasl_offers("APOP"));
	assert_false(sasl_offers("SCRAM-SHA-1"));
	assert_false(sasl_offers("DIGEST-MD5"));
	assert_false(sasl_offers("SCRAM-SHA-256-"));
	assert_false(sasl_offers(""));
	sasl_free(NULL);
}

static int
setup(void **state)
{
	(void)state;
	return (library = sasl_open()) == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	sasl_close(library);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exchanges),
		cmocka_unit_test(refusals),
		cmocka_unit_test(bounds),
		cmocka_unit_test(endless),
		cmocka_unit_test(offers),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
