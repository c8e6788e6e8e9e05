/*
 * Unit test of common/login_check: what a password is compared with, and who
 * gets in without one.
 * wrap: workers_submit workers_cancel
 */
#include "tests/unit/login_try.h"

/* With a password, the first word that there is decides. */
static void
words(void **state)
{
	(void)state;
	assert_int_equal(
	    try_from("192.0.2.1", "scram", "", "secret").result, LOGIN_OK);
	assert_int_equal(last_hash.kind, HASH_SCRAM);
	assert_string_equal(last_hash.verifier, SCRAM);
	assert_int_equal(
	    try_from("192.0.2.1", "plain", "", "secret").result, LOGIN_OK);
	assert_int_equal(last_hash.kind, HASH_PLAIN);
	assert_string_equal(last_hash.verifier, PLAIN);
	assert_int_equal(
	    try_from("192.0.2.1", "alice", "", "secret").result, LOGIN_OK);
	assert_int_equal(last_hash.kind, HASH_CRYPT);
	assert_int_equal(
	    try_from("192.0.2.1", "cert", "", "secret").result, LOGIN_WRONG);
	assert_int_equal(last_hash.kind, HASH_CRYPT);
	assert_memory_equal(last_hash.verifier, "$y$", 3);
	assert_int_equal(
	    try_from("192.0.2.2", "bad", "", "secret").result, LOGIN_LATER);
	assert_int_equal(hashed, 4);
	/* Remembered like others. */
	(void)try_from("192.0.2.3", "scram", "", "secret");
	(void)try_from("192.0.2.3", "plain", "", "secret");
	assert_int_equal(hashed, 4);
}

#define PROOF SASL_PROOF
#define CERT SASL_CERTIFICATE

static const struct {
	const char *login, *authzid, *account, *fault;
	enum sasl_kind kind;
	enum login_result want;
} proofs[] = {
	{ "alice", "", "alice@example.org", NULL, PROOF, LOGIN_OK },
	{ "alice", "Alice@example.org", "alice@example.org", NULL, PROOF,
	    LOGIN_OK },
	{ "alice", "", "alice@example.org", "proof", PROOF, LOGIN_WRONG },
	{ "alice", "bob", "alice@example.org", NULL, PROOF, LOGIN_WRONG },
	{ "alice", "nopass", "alice@example.org", NULL, PROOF, LOGIN_WRONG },
	/* Another account's, or nobody's. */
	{ "alice", "", "nopass@example.org", NULL, PROOF, LOGIN_WRONG },
	{ "alice", "", "", NULL, PROOF, LOGIN_WRONG },
	{ "bob", "", "", "unknown-user", PROOF, LOGIN_WRONG },
	{ "bob", "", "", NULL, PROOF, LOGIN_WRONG },
	{ "carol@unix.example", "", "carol", "no-secret", PROOF, LOGIN_WRONG },
	{ "alice@example.org", "", "", NULL, CERT, LOGIN_OK },
	{ "alice@example.org", "bob", "", NULL, CERT, LOGIN_WRONG },
	{ "bob@example.org", "", "", NULL, CERT, LOGIN_WRONG },
	{ "00112233", "", "", NULL, CERT, LOGIN_WRONG },
	{ "", "", "", NULL, CERT, LOGIN_WRONG },
	{ "carol@unix.example", "", "", NULL, CERT, LOGIN_OK },
};

static struct heard
prove(const char *client, const char *login, enum sasl_kind kind,
    const char *fault)
{
	const struct sasl_credentials c = { .login = login,
		.authzid = "",
		.account = kind == PROOF ? "alice@example.org" : "",
		.kind = kind,
		.fault = fault };

	return try_with(client, &c);
}

static void
proven(void **state)
{
	char client[IP_MAX + 1];
	struct sasl_credentials c;
	struct heard h;

	(void)state;
	for (size_t i = 0; i < COUNT(proofs); i++) {
		(void)snprintf(client, sizeof(client), "192.0.2.%zu", i);
		memset(&c, 0, sizeof(c));
		c.login = proofs[i].login;
		c.authzid = proofs[i].authzid;
		c.account = proofs[i].account;
		c.kind = proofs[i].kind;
		c.fault = proofs[i].fault;
		h = try_with(client, &c);
		assert_int_equal(h.result, proofs[i].want);
		if (proofs[i].want == LOGIN_WRONG)
			assert_in_range(h.ms, 240, 1400);
	}
	assert_int_equal(hashed, 0);
}

/* Unix users by certificate: the account must be good, not a password. */
static void
unix_by_certificate(void **state)
{
	const char *carol = "carol@unix.example";

	(void)state;
	shadow = UNIX_BARRED;
	assert_int_equal(
	    prove("192.0.2.1", carol, CERT, NULL).result, LOGIN_WRONG);
	shadow = UNIX_NONE;
	assert_int_equal(
	    prove("192.0.2.2", carol, CERT, NULL).result, LOGIN_WRONG);
	shadow = UNIX_LATER;
	assert_int_equal(
	    prove("192.0.2.3", carol, CERT, NULL).result, LOGIN_LATER);
	shadow = UNIX_FOUND;
	assert_true(last_lookup.verifier);
	unix_passwords = "no";
	publish(HASH, "600");
	assert_int_equal(
	    prove("192.0.2.4", carol, CERT, NULL).result, LOGIN_OK);
	assert_false(last_lookup.verifier);
	assert_int_equal(
	    try_from("192.0.2.4", carol, "", "secret").result, LOGIN_WRONG);
	assert_int_equal(looked_up, 4);
}

/* Proofs count, and take their turn, beside passwords. */
static void
proofs_take_turns(void **state)
{
	const struct sasl_credentials bad = {
		.login = "alice", .authzid = "", .password = "x"
	};
	struct heard first;

	(void)state;
	assert_in_range(
	    prove("192.0.2.1", "alice", PROOF, "proof").ms, 240, 900);
	(void)start("192.0.2.1", &bad, &first);
	/* A good one is not told from a wrong one by being quicker. */
	assert_in_range(prove("192.0.2.1", "alice", PROOF, NULL).ms, 240, 900);
	for (int i = 0; i < 100 && first.count == 0; i++)
		(void)event_base_loop(checker.base, EVLOOP_ONCE);
	assert_int_equal(first.count, 1);
	/* Nobody guesses at certificates. */
	assert_in_range(
	    prove("192.0.2.1", "alice@example.org", CERT, NULL).ms, 0, 150);
	/* Elsewhere nobody waits. */
	assert_in_range(prove("192.0.2.2", "alice", PROOF, NULL).ms, 0, 150);
	for (int i = 0; i < 12; i++)
		(void)guess_failed(checker.clients,
		    &(struct guess_policy){ 250, 2000, 0, 60000 }, "192.0.2.1",
		    deadline_now());
	(void)guess_admit(checker.clients,
	    &(struct guess_policy){ 250, 4000, 0, 60000 }, "192.0.2.1",
	    deadline_now());
	(void)guess_admit(checker.clients,
	    &(struct guess_policy){ 250, 4000, 0, 60000 }, "192.0.2.1",
	    deadline_now());
	assert_int_equal(
	    prove("192.0.2.1", "alice", PROOF, NULL).result, LOGIN_OFTEN);
	assert_int_equal(
	    prove("192.0.2.1", "alice", PROOF, "proof").result, LOGIN_OFTEN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(words, each),
		cmocka_unit_test_setup(proven, each),
		cmocka_unit_test_setup(unix_by_certificate, each),
		cmocka_unit_test_setup(proofs_take_turns, each),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
