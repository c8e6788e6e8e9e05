/*
 * Unit test of common/login_check: who gets in, with workers that are played
 * by the test.
 * wrap: workers_submit workers_cancel
 */
#include "tests/unit/cdb.h"

#include <bsd/string.h>

#include "common/deadline.h"
#include "common/hasher.h"
#include "common/log.h"
#include "common/login_check.h"
#include "common/unix_lookup.h"

#define HASH "$6$salt$alice"
#define UNIX_HASH "$6$salt$carol"
#define SCRAM                                                                  \
	"SCRAM-SHA-256$4096:c2FsdA==$"                                         \
	"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=:"                        \
	"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define PLAIN "plain:c2VjcmV0"
#define CERTIFICATE                                                            \
	"certificate:0123456789abcdef0123456789abcdef"                         \
	"0123456789abcdef0123456789abcdef"

static struct login_checker checker;

/* --- the workers: told apart by their pool's address */

static char hashers, lookups;
#define HASHERS ((struct workers *)(void *)&hashers)
#define LOOKUPS ((struct workers *)(void *)&lookups)

/* What the played workers do. */
static bool line_full, worker_dies, hold;
static enum unix_result shadow = UNIX_FOUND;
static int hashed, looked_up, cancelled;
static struct hash_request last_hash;
static struct unix_request last_lookup;

struct job {
	job_done *done;
	void *arg;
	bool is_hash, gone;
};

struct job *__wrap_workers_submit(
    struct workers *, const void *, job_done *, void *);
void __wrap_workers_cancel(struct job *);

static void
work(evutil_socket_t fd, short what, void *arg)
{
	struct unix_reply unix_reply = { .result = shadow };
	struct hash_reply hash_reply;
	struct job *j = arg;

	(void)fd;
	(void)what;
	strlcpy(unix_reply.verifier, UNIX_HASH, sizeof(unix_reply.verifier));
	strlcpy(unix_reply.why, "locked", sizeof(unix_reply.why));
	/* "secret" is everybody's password. */
	hash_reply.match = strcmp(last_hash.password, "secret") == 0;
	if (j->gone)
		;
	else if (worker_dies)
		j->done(j->arg, NULL);
	else
		j->done(j->arg,
		    j->is_hash ? (void *)&hash_reply : (void *)&unix_reply);
	free(j);
}

struct job *
__wrap_workers_submit(
    struct workers *ws, const void *request, job_done *done, void *arg)
{
	static const struct timeval now = { 0, 0 };
	struct job *j;

	if (line_full)
		return NULL;
	assert_non_null(j = calloc(1, sizeof(*j)));
	j->done = done;
	j->arg = arg;
	j->is_hash = ws == HASHERS;
	if (j->is_hash) {
		hashed++;
		last_hash = *(const struct hash_request *)request;
	} else {
		looked_up++;
		last_lookup = *(const struct unix_request *)request;
	}
	if (!hold)
		assert_int_equal(event_base_once(checker.base, -1, EV_TIMEOUT,
				     work, j, &now),
		    0);
	return j;
}

void
__wrap_workers_cancel(struct job *j)
{
	j->gone = true;
	cancelled++;
	if (hold)
		free(j);
}

/* --- one check */

struct heard {
	int count;
	enum login_result result;
	char account[LOGIN_MAX + 1];
	int64_t ms;
};

static void
hear(void *arg, enum login_result result, const char *account)
{
	struct heard *h = arg;

	h->count++;
	h->result = result;
	strlcpy(h->account, account, sizeof(h->account));
}

static struct login_check *
start(const char *client, const struct sasl_credentials *c, struct heard *h)
{
	struct login_origin o = { .service = "smtp", .mech = "PLAIN" };
	struct login_check *check;

	strlcpy(o.client, client, sizeof(o.client));
	memset(h, 0, sizeof(*h));
	check = login_check_start(&checker, &o, c, hear, h);
	assert_non_null(check);
	assert_int_equal(h->count, 0); /* never from within */
	return check;
}

static struct heard
try_with(const char *client, const struct sasl_credentials *c)
{
	deadline_t from = deadline_now();
	struct heard h;

	(void)start(client, c, &h);
	for (int i = 0; i < 100 && h.count == 0; i++)
		(void)event_base_loop(checker.base, EVLOOP_ONCE);
	assert_int_equal(h.count, 1);
	h.ms = deadline_now() - from;
	return h;
}

static struct heard
try_from(const char *client, const char *login, const char *authzid,
    const char *password)
{
	const struct sasl_credentials c = {
		.login = login, .authzid = authzid, .password = password
	};

	return try_with(client, &c);
}

static const char *unix_passwords;

static void
publish(const char *hash, const char *remember)
{
	const struct cdb_row rows[] = {
		{ TABLES_OPTION, "mail-name", "example.org" },
		{ TABLES_OPTION, "unix-passwords", unix_passwords },
		{ TABLES_OPTION, "auth-delay", "2" },
		{ TABLES_OPTION, "auth-remember", remember },
		{ TABLES_DOMAIN, "example.org", "virtual" },
		{ TABLES_DOMAIN, "unix.example", "unix" },
		{ TABLES_ACCOUNT, "alice@example.org", "a" },
		{ TABLES_ACCOUNT, "nopass@example.org", "n" },
		{ TABLES_ACCOUNT, "scram@example.org", "s" },
		{ TABLES_ACCOUNT, "plain@example.org", "p" },
		{ TABLES_ACCOUNT, "cert@example.org", "c" },
		{ TABLES_ACCOUNT, "bad@example.org", "b" },
	};
	const struct cdb_row verifiers[] = {
		{ TABLES_VERIFIER, "alice@example.org", hash },
		{ TABLES_VERIFIER, "scram@example.org", PLAIN " " SCRAM },
		{ TABLES_VERIFIER, "plain@example.org", PLAIN },
		{ TABLES_VERIFIER, "cert@example.org", CERTIFICATE },
		{ TABLES_VERIFIER, "bad@example.org", "no-word-of-ours" },
	};

	cdb_file("t.cdb", rows, COUNT(rows));
	cdb_file("v.cdb", verifiers, COUNT(verifiers));
}

static int
each(void **state)
{
	(void)state;
	unix_passwords = "yes";
	publish(HASH, "600");
	line_full = worker_dies = hold = false;
	shadow = UNIX_FOUND;
	hashed = looked_up = cancelled = 0;
	guess_table_free(checker.clients);
	guess_table_free(checker.users);
	verified_free(checker.verified);
	checker.clients = guess_table_new(100);
	checker.users = guess_table_new(100);
	checker.verified = verified_new();
	return 0;
}

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

/* Whatever is wrong, a hash is computed: the time tells nothing. */
static void
same_work(void **state)
{
	(void)state;
	(void)try_from("192.0.2.1", "alice", "", "wrong");
	assert_int_equal(hashed, 1);
	assert_string_equal(last_hash.verifier, HASH);
	(void)try_from("192.0.2.2", "bob", "", "wrong");
	assert_int_equal(hashed, 2);
	assert_memory_equal(last_hash.verifier, "$y$", 3);
	assert_string_equal(last_hash.password, "wrong");
	shadow = UNIX_BARRED;
	(void)try_from("192.0.2.3", "carol@unix.example", "", "secret");
	assert_int_equal(hashed, 3);
	assert_int_equal(looked_up, 1);
	shadow = UNIX_NONE;
	assert_int_equal(
	    try_from("192.0.2.4", "dave@unix.example", "", "secret").result,
	    LOGIN_WRONG);
	assert_int_equal(hashed, 4);
}

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

static int
setup(void **state)
{
	if (unit_setup(state) == -1)
		return -1;
	unit_file("log", "", 0);
	log_open("t", LOG_TO_FILE, unit_path("log"));
	checker.hashers = HASHERS;
	checker.lookups = LOOKUPS;
	checker.clients = guess_table_new(1);
	checker.users = guess_table_new(1);
	checker.verified = verified_new();
	checker.base = event_base_new();
	if (!tables_fresh_init(&checker.tables, unit_path("t.cdb")) ||
	    !tables_fresh_init(&checker.verifiers, unit_path("v.cdb")))
		return -1;
	return checker.base == NULL ? -1 : 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(table, each),
		cmocka_unit_test_setup(same_work, each),
		cmocka_unit_test_setup(words, each),
		cmocka_unit_test_setup(proven, each),
		cmocka_unit_test_setup(unix_by_certificate, each),
		cmocka_unit_test_setup(proofs_take_turns, each),
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
