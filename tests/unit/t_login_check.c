/*
 * Unit test of common/login_check: who gets in by a password, with workers
 * that are played by the test.
 * wrap: workers_submit workers_cancel
 */
#include "tests/unit/login_try.h"

static const struct {
	const char *login, *authzid, *password;
	enum login_result want;
	const char *account;
} cases[] = {
	{ "alice", "", "secret", LOGIN_OK, "alice@example.org" },
	{ "ALICE@Example.Org", "", "secret", LOGIN_OK, "alice@example.org" },
	{ "alice", "alice", "secret", LOGIN_OK, "alice@example.org" },
	{ "alice", "alice@example.org", "secret", LOGIN_OK,
	    "alice@example.org" },
	{ "carol@unix.example", "", "secret", LOGIN_OK, "carol" },
	{ "alice", "carol@unix.example", "secret", LOGIN_WRONG, "" },
	{ "alice", "bob", "secret", LOGIN_WRONG, "" },
	{ "alice", "", "wrong", LOGIN_WRONG, "" },
	{ "bob", "", "secret", LOGIN_WRONG, "" },
	{ "bob", "bob", "secret", LOGIN_WRONG, "" },
	{ "nopass", "", "secret", LOGIN_WRONG, "" },
	{ "alice@elsewhere.example", "", "secret", LOGIN_WRONG, "" },
	{ "alice+tag", "", "secret", LOGIN_WRONG, "" },
	{ "", "", "secret", LOGIN_WRONG, "" },
	{ "../alice", "", "secret", LOGIN_WRONG, "" },
	{ "carol/x@unix.example", "", "secret", LOGIN_WRONG, "" },
};

static void
table(void **state)
{
	char client[IP_MAX + 1];
	struct heard h;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		/* Each from elsewhere, so that nobody waits. */
		(void)snprintf(client, sizeof(client), "192.0.2.%zu", i);
		h = try_from(client, cases[i].login, cases[i].authzid,
		    cases[i].password);
		assert_int_equal(h.result, cases[i].want);
		assert_string_equal(h.account, cases[i].account);
	}
}

/*
 * Whatever is wrong, one hash is computed, and it is told how many iterations
 * go with it: the time tells nothing.
 */
static void
same_work(void **state)
{
	static const struct {
		const char *login, *authzid;
		enum unix_result shadow;
		uint32_t kind;
		const char *verifier; /* or its beginning */
	} wrong[] = {
		{ "alice", "", UNIX_FOUND, HASH_CRYPT, HASH },
		{ "alice", "bob", UNIX_FOUND, HASH_CRYPT, HASH },
		{ "scram", "", UNIX_FOUND, HASH_SCRAM, SCRAM },
		{ "plain", "", UNIX_FOUND, HASH_PLAIN, PLAIN },
		/* Without a password, or no account at all. */
		{ "cert", "", UNIX_FOUND, HASH_CRYPT, "$y$" },
		{ "nopass", "", UNIX_FOUND, HASH_CRYPT, "$y$" },
		{ "bob", "", UNIX_FOUND, HASH_CRYPT, "$y$" },
		{ "bob@elsewhere.example", "", UNIX_FOUND, HASH_CRYPT, "$y$" },
		{ "../x", "", UNIX_FOUND, HASH_CRYPT, "$y$" },
		{ "carol@unix.example", "", UNIX_FOUND, HASH_CRYPT, UNIX_HASH },
		{ "carol@unix.example", "", UNIX_BARRED, HASH_CRYPT, "$y$" },
		{ "dave@unix.example", "", UNIX_NONE, HASH_CRYPT, "$y$" },
	};
	char client[IP_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		(void)snprintf(client, sizeof(client), "192.0.2.%zu", i);
		hashed = 0;
		shadow = wrong[i].shadow;
		assert_int_equal(
		    try_from(client, wrong[i].login, wrong[i].authzid, "wrong")
			.result,
		    LOGIN_WRONG);
		if (hashed != 1 || last_hash.kind != wrong[i].kind ||
		    last_hash.iterations != 4096 ||
		    strncmp(last_hash.verifier, wrong[i].verifier,
			strlen(wrong[i].verifier)) != 0 ||
		    strcmp(last_hash.password, "wrong") != 0)
			fail_msg("%zu: %d hashes, the last of %s", i, hashed,
			    last_hash.verifier);
	}
	/* With unix-passwords off nobody is asked, and it costs the same. */
	unix_passwords = "no";
	looked_up = hashed = 0;
	publish(HASH, "600");
	(void)try_from("192.0.2.99", "carol@unix.example", "", "wrong");
	assert_int_equal(looked_up, 0);
	assert_int_equal(hashed, 1);
}

/* How many iterations is a word of the tables, which may be older. */
static void
iterations_of_the_site(void **state)
{
	static const struct {
		const char *text;
		uint32_t n;
	} rows[] = {
		{ "0", 0 },
		{ "10000", 10000 },
		{ "20000", 20000 },
		{ "20001", 0 },
		{ "", 0 },
		{ "x", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		iterations = rows[i].text;
		publish(HASH, "600");
		(void)try_from("192.0.2.1", "alice", "", "secret");
		assert_int_equal(hashed, 1);
		assert_int_equal(last_hash.iterations, rows[i].n);
		assert_int_equal(each(state), 0);
	}
}

/* What a hash has cost is not seen, however many were before it in line. */
static void
hides_the_work(void **state)
{
	static const suseconds_t lines[] = { 0, 300000 };
	static const suseconds_t costs[] = { 1000, 100000, 200000 };
	char client[IP_MAX + 1];
	int n = 0;

	(void)state;
	for (size_t l = 0; l < COUNT(lines); l++)
		for (size_t i = 0; i < COUNT(costs); i++) {
			(void)snprintf(
			    client, sizeof(client), "192.0.2.%d", n++);
			in_line = lines[l];
			at_work = costs[i];
			assert_in_range(try_from(client, "nobody", "", "x").ms,
			    lines[l] / 1000 + 245, lines[l] / 1000 + 400);
		}
}

static void
remembers(void **state)
{
	(void)state;
	(void)try_from("192.0.2.1", "alice", "", "secret");
	(void)try_from("192.0.2.2", "alice@example.org", "", "secret");
	assert_int_equal(hashed, 1);
	/* A new verifier is another password. */
	publish("$6$salt$other", "600");
	(void)try_from("192.0.2.1", "alice", "", "secret");
	assert_int_equal(hashed, 2);
	publish("$6$salt$third", "0");
	(void)try_from("192.0.2.1", "alice", "", "secret");
	(void)try_from("192.0.2.1", "alice", "", "secret");
	assert_int_equal(hashed, 4);
	/* A remembered password does not make another one good. */
	assert_int_equal(
	    try_from("192.0.2.1", "alice", "", "Secret").result, LOGIN_WRONG);
	assert_int_equal(try_from("192.0.2.9", "alice", "bob", "secret").result,
	    LOGIN_WRONG);
}

static void
delays(void **state)
{
	(void)state;
	assert_in_range(try_from("192.0.2.1", "alice", "", "a").ms, 240, 400);
	assert_in_range(try_from("192.0.2.1", "alice", "", "b").ms, 490, 650);
	/* The next prefix has nothing to do with it. */
	assert_in_range(try_from("192.0.2.2", "alice", "", "c").ms, 240, 400);
	assert_in_range(
	    try_from("192.0.2.3", "alice", "", "secret").ms, 0, 100);
	/* IPv6 is counted by /64. */
	assert_in_range(try_from("2001:db8::1", "alice", "", "a").ms, 240, 400);
	assert_in_range(try_from("2001:db8::2", "alice", "", "a").ms, 490, 650);
	assert_in_range(
	    try_from("2001:db8:0:1::1", "alice", "", "a").ms, 240, 400);
}

/*
 * Ten wrong tries under one spelling delay the next ones under all, whether
 * there is such a user or not: the delay tells nobody which.
 */
static void
spellings(void **state)
{
	static const char *const users[][3] = {
		{ "alice", "ALICE", "Alice@Example.org" },
		{ "nosuch", "NOSUCH", "Nosuch@Example.org" },
	};
	char from[40];
	int n = 0;

	(void)state;
	for (size_t u = 0; u < COUNT(users); u++) {
		for (int i = 0; i < 10; i++) {
			(void)snprintf(from, sizeof(from), "192.0.2.%d", ++n);
			(void)try_from(from, users[u][0], "", "x");
		}
		for (size_t i = 1; i < COUNT(users[u]); i++) {
			(void)snprintf(from, sizeof(from), "192.0.2.%d", ++n);
			assert_in_range(
			    try_from(from, users[u][i], "", "x").ms, 900, 1200);
		}
	}
}

/* Many at once gain nothing, and the owner gets in beside them. */
static void
turns(void **state)
{
	const struct sasl_credentials bad = {
		.login = "alice", .authzid = "", .password = "x"
	};
	struct heard h[20];
	int often = 0, all = 0;

	(void)state;
	(void)try_from("192.0.2.9", "alice", "", "secret");
	for (int i = 0; i < 3; i++) /* 1 s now */
		(void)guess_failed(checker.clients,
		    &(struct guess_policy){ 250, 2000, 0, 60000 }, "192.0.2.1",
		    deadline_now());
	for (size_t i = 0; i < COUNT(h); i++)
		(void)start("192.0.2.1", &bad, &h[i]);
	hashed = 0;
	/* Remembered: not even from the same address does it wait. */
	assert_in_range(
	    try_from("192.0.2.2", "alice", "", "secret").ms, 0, 100);
	for (int i = 0; i < 500 && all < (int)COUNT(h); i++) {
		(void)event_base_loop(checker.base, EVLOOP_ONCE);
		all = often = 0;
		for (size_t k = 0; k < COUNT(h); k++) {
			all += h[k].count;
			often += h[k].count && h[k].result == LOGIN_OFTEN;
		}
	}
	/* 1 s apart, and no more than 2 s in line. */
	assert_int_equal(all, COUNT(h));
	assert_in_range(hashed, 2, 4);
	assert_int_equal(often, (int)COUNT(h) - hashed);
}

static void
cannot_tell(void **state)
{
	(void)state;
	worker_dies = true;
	assert_int_equal(
	    try_from("192.0.2.1", "alice", "", "secret").result, LOGIN_LATER);
	assert_int_equal(
	    try_from("192.0.2.1", "carol@unix.example", "", "secret").result,
	    LOGIN_LATER);
	worker_dies = false;
	line_full = true;
	assert_int_equal(
	    try_from("192.0.2.1", "alice", "", "secret").result, LOGIN_LATER);
	assert_int_equal(
	    try_from("192.0.2.1", "bob", "", "secret").result, LOGIN_LATER);
	line_full = false;
	shadow = UNIX_LATER;
	assert_int_equal(
	    try_from("192.0.2.1", "carol@unix.example", "", "secret").result,
	    LOGIN_LATER);
	/* None of this counts against the client. */
	assert_in_range(
	    try_from("192.0.2.1", "alice", "", "secret").ms, 0, 100);
}

/* The client goes away at each point where something is waited for. */
static void
cancels(void **state)
{
	const struct sasl_credentials good = {
		.login = "alice", .authzid = "", .password = "secret"
	};
	const struct sasl_credentials bad = {
		.login = "alice", .authzid = "", .password = "x"
	};
	struct login_check *c;
	struct heard h;

	(void)state;
	login_check_cancel(start("192.0.2.1", &good, &h));
	hold = true;
	c = start("192.0.2.1", &good, &h);
	for (int i = 0; i < 10 && hashed == 0; i++)
		(void)event_base_loop(checker.base, EVLOOP_ONCE);
	assert_int_equal(hashed, 1);
	login_check_cancel(c);
	assert_int_equal(cancelled, 1);
	hold = false;
	c = start("192.0.2.1", &bad, &h);
	for (int i = 0; i < 10; i++) /* until the answer waits for its time */
		(void)event_base_loop(checker.base, EVLOOP_NONBLOCK);
	assert_int_equal(hashed, 2);
	login_check_cancel(c);
	assert_int_equal(h.count, 0);
	(void)event_base_loop(checker.base, EVLOOP_NONBLOCK);
	assert_int_equal(h.count, 0);
}

/* A name that is cut must not become somebody's. */
static void
long_names(void **state)
{
	char login[LOGIN_MAX + 30];

	(void)state;
	memset(login, 'a', sizeof(login) - 1);
	login[sizeof(login) - 1] = '\0';
	assert_int_equal(
	    try_from("192.0.2.1", login, "", "secret").result, LOGIN_WRONG);
	assert_int_equal(hashed, 1);
	assert_int_equal(try_from("192.0.2.2", "alice", login, "secret").result,
	    LOGIN_WRONG);
}

static void
damaged(void **state)
{
	(void)state;
	unit_file("v.cdb", "junk", 4);
	verified_free(checker.verified);
	checker.verified = verified_new();
	tables_fresh_close(&checker.verifiers); /* as after a restart */
	assert_true(tables_fresh_init(&checker.verifiers, unit_path("v.cdb")));
	assert_int_equal(
	    try_from("192.0.2.1", "alice", "", "secret").result, LOGIN_LATER);
	assert_int_equal(
	    try_from("192.0.2.1", "carol@unix.example", "", "secret").result,
	    LOGIN_OK);
	publish(HASH, "600");
	assert_int_equal(
	    try_from("192.0.2.1", "alice", "", "secret").result, LOGIN_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(table, each),
		cmocka_unit_test_setup(same_work, each),
		cmocka_unit_test_setup(iterations_of_the_site, each),
		cmocka_unit_test_setup(hides_the_work, each),
		cmocka_unit_test_setup(remembers, each),
		cmocka_unit_test_setup(delays, each),
		cmocka_unit_test_setup(spellings, each),
		cmocka_unit_test_setup(turns, each),
		cmocka_unit_test_setup(cannot_tell, each),
		cmocka_unit_test_setup(cancels, each),
		cmocka_unit_test_setup(long_names, each),
		cmocka_unit_test_setup(damaged, each),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
