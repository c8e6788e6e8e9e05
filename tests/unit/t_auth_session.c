/*
 * Unit test of common/auth_session: authd's side of the channel, with the
 * login and the mailbox played by the test.
 * wrap: login_check_start login_check_cancel handover_start handover_cancel
 * wrap: workers_submit workers_cancel
 */
#include "tests/unit/cdb.h"

#include <bsd/string.h>

#include "common/auth_session.h"
#include "common/base64.h"
#include "common/handover.h"
#include "common/log.h"
#include "common/sock.h"
#include "common/unix_lookup.h"

/* --- what authd would do */

struct login_check {
	login_done *done;
	void *arg;
	char login[400], password[64], account[64];
	const char *fault;
	enum sasl_kind kind;
};

struct job {
	job_done *done;
	void *arg;
};

static struct login_check check;
static struct job job;
static struct handover {
	handover_done *done;
	void *arg;
	char account[64];
	bool full; /* no process to be had */
} mailbox;
static int checks, checks_cancelled, jobs_cancelled, mailboxes_cancelled;

struct login_check *__wrap_login_check_start(struct login_checker *,
    const struct login_origin *, const struct sasl_credentials *, login_done *,
    void *);
void __wrap_login_check_cancel(struct login_check *);
struct job *__wrap_workers_submit(
    struct workers *, const void *, job_done *, void *);
void __wrap_workers_cancel(struct job *);
struct handover *__wrap_handover_start(
    const struct handover_client *, int, handover_done *, void *);
void __wrap_handover_cancel(struct handover *);

struct login_check *
__wrap_login_check_start(struct login_checker *in, const struct login_origin *o,
    const struct sasl_credentials *c, login_done *done, void *arg)
{
	(void)in;
	assert_string_equal(o->client, "192.0.2.1");
	check.done = done;
	check.arg = arg;
	strlcpy(check.login, c->login, sizeof(check.login));
	strlcpy(check.password, c->password == NULL ? "" : c->password,
	    sizeof(check.password));
	strlcpy(check.account, c->account, sizeof(check.account));
	check.fault = c->fault;
	check.kind = c->kind;
	checks++;
	return &check;
}

void
__wrap_login_check_cancel(struct login_check *c)
{
	assert_ptr_equal(c, &check);
	checks_cancelled++;
}

struct job *
__wrap_workers_submit(
    struct workers *ws, const void *request, job_done *done, void *arg)
{
	const struct unix_request *r = request;

	(void)ws;
	assert_string_equal(r->name, "carol");
	assert_int_equal(r->min_uid, 1234);
	assert_false(r->verifier);
	job.done = done;
	job.arg = arg;
	return &job;
}

void
__wrap_workers_cancel(struct job *j)
{
	assert_ptr_equal(j, &job);
	jobs_cancelled++;
}

struct handover *
__wrap_handover_start(
    const struct handover_client *c, int fd, handover_done *done, void *arg)
{
	strlcpy(mailbox.account, c->account, sizeof(mailbox.account));
	assert_string_equal(c->ip, "192.0.2.1");
	assert_string_equal(c->profile, "office");
	assert_string_equal(c->offered, "PLAIN LOGIN");
	assert_int_equal(close(fd), 0); /* taken over */
	if (mailbox.full) {
		done(arg, "4.3.2", "full");
		return NULL;
	}
	mailbox.done = done;
	mailbox.arg = arg;
	return &mailbox;
}

void
__wrap_handover_cancel(struct handover *h)
{
	assert_ptr_equal(h, &mailbox);
	mailboxes_cancelled++;
}

/* --- the channel */

static struct event_base *base;
static struct login_checker checker;
static struct witness_key witness_key;
static struct sasl_decoy decoy;
static struct auth_session_common common = { &checker, NULL, &decoy,
	&witness_key };
static struct chan client;
static union msg_auth m;

#define ALL "PLAIN LOGIN SCRAM-SHA-256 EXTERNAL CRAM-MD5 APOP"
#define HEX16 "11111111111111111111111111111111"

static void
publish(const char *mechanisms)
{
	const struct cdb_row rows[] = {
		{ TABLES_OPTION, "min-uid", "1234" },
		{ TABLES_OPTION, "mail-name", "example.org" },
		{ TABLES_META, "mechanisms", mechanisms },
		{ TABLES_DOMAIN, "example.org", "virtual" },
		{ TABLES_ACCOUNT, "alice@example.org", "a" },
	};
	const struct cdb_row own[] = {
		{ TABLES_VERIFIER, "alice@example.org",
		    "plain:c2VjcmV0 SCRAM-SHA-256$4096:c2FsdHNhbHQ=$"
		    "v9cxy4WCDtc8UMxTg6KXCtlxIku1bUKTGuWEXFC1L54=:"
		    "rwGpSn6lR97mSEImO0RA7JCZ4WnpCnnKddTt3G/t6II=" },
		{ TABLES_CERTIFICATE, HEX16 HEX16, "alice@example.org" },
	};

	cdb_file("t.cdb", rows, COUNT(rows));
	cdb_file("v.cdb", own, COUNT(own));
}

static int
open_session(void **state)
{
	struct peer *p;
	int pair[2];

	(void)state;
	checks = checks_cancelled = jobs_cancelled = mailboxes_cancelled = 0;
	mailbox.full = false;
	if (sock_pair(pair) == -1)
		return -1;
	p = peer_new(
	    base, pair[0], &auth_channel, AUTH_SERVER, &auth_session_ops);
	if (p == NULL)
		return -1;
	auth_session_opened(p);
	chan_init(&client, pair[1], &auth_channel, AUTH_CLIENT);
	return 0;
}

static void
settle(void)
{
	for (int i = 0; i < 5; i++)
		(void)event_base_loop(base, EVLOOP_NONBLOCK);
}

static int
close_session(void **state)
{
	(void)state;
	chan_close(&client);
	settle();
	return 0;
}

static void
put(unsigned int type, const void *msg, int fd)
{
	assert_int_equal(chan_send(&client, type, msg, fd, 0), CHAN_OK);
	settle();
}

static void
expect(unsigned int want)
{
	unsigned int type;

	assert_int_equal(chan_recv(&client, &type, &m, NULL, 0), CHAN_OK);
	assert_int_equal(type, want);
}

static void
expect_failure(const char *dsn)
{
	expect(AUTH_T_FAILURE);
	assert_string_equal(m.failure.dsn, dsn);
}

/* Nothing is to be heard yet. */
static void
unexpected(void)
{
	unsigned int type;

	assert_int_not_equal(chan_recv(&client, &type, &m, NULL, 0), CHAN_OK);
}

static void
expect_closed(void)
{
	unsigned int type;

	assert_int_equal(chan_recv(&client, &type, &m, NULL, 0), CHAN_EOF);
}

static int with = -1; /* the descriptor that goes with the next tokens */

/* What tlsd said, and how its word is falsified. */
static struct {
	bool tls, exporter, certificate;
	uint8_t byte; /* of the digest */
	const char *email;
	bool forged;
} line;

static void
put_line(struct msg_auth_start *s)
{
	struct witness_of of;

	if (!line.tls)
		return;
	s->exporter_len = line.exporter ? TLS_DIGEST : 0;
	memset(s->exporter, 'e', s->exporter_len);
	s->certificate_len = line.certificate ? TLS_DIGEST : 0;
	memset(s->certificate, line.byte, s->certificate_len);
	strlcpy(s->email, line.email, sizeof(s->email));
	of = (struct witness_of){ s->certificate, s->exporter,
		s->certificate_len, s->exporter_len, s->email };
	witness_sign(&witness_key, &of, s->witness);
	s->witness_len = TLS_DIGEST;
	s->witness[3] ^= line.forged;
}

static void
start(const char *service, const char *mech, const char *token, size_t n)
{
	struct msg_auth_start s = { .flags = token != NULL ? AUTH_INITIAL : 0 };

	put_line(&s);

	strlcpy(s.service, service, sizeof(s.service));
	strlcpy(s.mech, mech, sizeof(s.mech));
	strlcpy(s.client, "192.0.2.1", sizeof(s.client));
	if (n > 0)
		memcpy(s.token, token, n);
	s.token_len = (uint32_t)n;
	strlcpy(s.profile, "office", sizeof(s.profile));
	strlcpy(s.offered, "PLAIN LOGIN", sizeof(s.offered));
	put(AUTH_T_START, &s, with);
}

static void
respond(const char *token)
{
	struct msg_auth_response r;

	r.token_len = (uint32_t)strlen(token);
	memcpy(r.token, token, r.token_len);
	put(AUTH_T_RESPONSE, &r, with);
}

static void
finish(enum login_result result, const char *account)
{
	check.done(check.arg, result, account);
	settle();
}

#define PLAIN "\0alice\0secret", 13

static void
log_in(const char *service)
{
	start(service, "PLAIN", PLAIN);
	finish(LOGIN_OK, "alice@example.org");
	expect(AUTH_T_SUCCESS);
	assert_string_equal(m.success.login, "alice@example.org");
}

static void
plain(void **state)
{
	(void)state;
	log_in("smtp");
	assert_string_equal(check.login, "alice");
	assert_string_equal(check.password, "secret");
	/* Again, as somebody else or nobody. */
	start("smtp", "PLAIN", PLAIN);
	finish(LOGIN_WRONG, "");
	expect_failure("5.7.8");
	start("smtp", "PLAIN", PLAIN);
	finish(LOGIN_OFTEN, "");
	expect_failure("4.7.0");
	start("smtp", "PLAIN", PLAIN);
	finish(LOGIN_LATER, "");
	expect_failure("4.7.0");
}

static void
login(void **state)
{
	(void)state;
	start("smtp", "LOGIN", NULL, 0);
	expect(AUTH_T_CHALLENGE);
	assert_int_equal(m.challenge.token_len, 9);
	assert_memory_equal(m.challenge.token, "Username:", 9);
	respond("alice");
	expect(AUTH_T_CHALLENGE);
	assert_memory_equal(m.challenge.token, "Password:", 9);
	respond("secret");
	assert_string_equal(check.password, "secret");
	finish(LOGIN_OK, "alice@example.org");
	expect(AUTH_T_SUCCESS);
}

static void
cancel_and_another(void **state)
{
	struct msg_auth_cancel c = { 0 };

	(void)state;
	start("smtp", "LOGIN", "mallory", 7);
	expect(AUTH_T_CHALLENGE);
	put(AUTH_T_CANCEL, &c, -1);
	start("smtp", "PLAIN", NULL, 0);
	expect(AUTH_T_CHALLENGE);
	assert_int_equal(m.challenge.token_len, 0);
	put(AUTH_T_CANCEL, &c, -1);
	assert_int_equal(checks, 0);
	log_in("smtp");
	assert_string_equal(check.login, "alice");
}

static void
refused(void **state)
{
	(void)state;
	start("smtp", "PLAIN", "junk", 4);
	expect_failure("5.7.8");
	start("smtp", "ANONYMOUS", NULL, 0);
	expect_failure("5.5.4");
	start("smtp", "", NULL, 0);
	expect_failure("5.5.4");
	assert_int_equal(checks, 0);
	log_in("smtp");
}

#define FIRST "n,,n=alice,r=abc", 16

/* HMAC (RFC 2104) over SHA-256 of a key of 32 bytes. */
static void
mac(const uint8_t key[32], const char *text, uint8_t out[32])
{
	struct hmac h;

	hmac_start(&h, key);
	hmac_put(&h, text, strlen(text));
	hmac_end(&h, out);
}

/* The answer to the server's first message, for the password "secret". */
static void
scram_last(const char *first, char *out, size_t size)
{
	static const uint8_t client_key[32] = { 0xde, 0x9b, 0x70, 0xf5, 0xc0,
		0xb5, 0xac, 0x14, 0xdc, 0x3c, 0x12, 0x38, 0xa1, 0xbf, 0x5f,
		0x1e, 0x3f, 0x77, 0xb0, 0x59, 0x86, 0x29, 0xc9, 0x35, 0x28,
		0xce, 0xda, 0x4d, 0xca, 0xd2, 0xd3, 0x2b };
	static const uint8_t stored_key[32] = { 0xbf, 0xd7, 0x31, 0xcb, 0x85,
		0x82, 0x0e, 0xd7, 0x3c, 0x50, 0xcc, 0x53, 0x83, 0xa2, 0x97,
		0x0a, 0xd9, 0x71, 0x22, 0x4b, 0xb5, 0x6d, 0x42, 0x93, 0x1a,
		0xe5, 0x84, 0x5c, 0x50, 0xb5, 0x2f, 0x9e };
	char nonce[200], text[TOKEN_MAX + 500], b64[BASE64_LEN(32) + 1];
	uint8_t proof[32];

	strlcpy(nonce, first + 2, sizeof(nonce));
	nonce[strcspn(nonce, ",")] = '\0';
	(void)snprintf(
	    text, sizeof(text), "n=alice,r=abc,%s,c=biws,r=%s", first, nonce);
	mac(stored_key, text, proof);
	for (size_t i = 0; i < sizeof(proof); i++)
		proof[i] ^= client_key[i];
	base64_encode(proof, sizeof(proof), b64);
	(void)snprintf(out, size, "c=biws,r=%s,p=%s", nonce, b64);
}

/* Up to where the credentials are judged. */
static void
scram_until_judged(const char *service)
{
	char first[TOKEN_MAX + 1], last[1000];

	start(service, "SCRAM-SHA-256", FIRST);
	expect(AUTH_T_CHALLENGE);
	memcpy(first, m.challenge.token, m.challenge.token_len);
	first[m.challenge.token_len] = '\0';
	scram_last(first, last, sizeof(last));
	respond(last);
	assert_int_equal(check.kind, SASL_PROOF);
	assert_null(check.fault);
	assert_string_equal(check.login, "alice");
	assert_string_equal(check.account, "alice@example.org");
	unexpected();
}

static void
scram(void **state)
{
	struct msg_auth_cancel cancel = { 0 };

	(void)state;
	scram_until_judged("smtp");
	finish(LOGIN_OK, "alice@example.org");
	expect(AUTH_T_CHALLENGE);
	assert_memory_equal(m.challenge.token, "v=", 2);
	respond("");
	expect(AUTH_T_SUCCESS);
	assert_string_equal(m.success.login, "alice@example.org");
	/* That the proof was right is not told to whom it is refused. */
	scram_until_judged("smtp");
	finish(LOGIN_OFTEN, "");
	expect_failure("4.7.0");
	/* The client does not believe us, or says something else. */
	scram_until_judged("smtp");
	finish(LOGIN_OK, "alice@example.org");
	expect(AUTH_T_CHALLENGE);
	put(AUTH_T_CANCEL, &cancel, -1);
	start("smtp", "LOGIN", NULL, 0);
	expect(AUTH_T_CHALLENGE);
	assert_memory_equal(m.challenge.token, "Username:", 9);
	put(AUTH_T_CANCEL, &cancel, -1);
	scram_until_judged("smtp");
	finish(LOGIN_OK, "alice@example.org");
	expect(AUTH_T_CHALLENGE);
	respond("x");
	expect_failure("5.7.8");
	log_in("smtp");
}

/* The socket comes with each response, and stays with the last. */
static void
scram_handover(void **state)
{
	int fds = unit_open_fds();

	(void)state;
	with = STDIN_FILENO;
	scram_until_judged("pop3");
	assert_int_equal(unit_open_fds(), fds + 1);
	finish(LOGIN_OK, "alice@example.org");
	expect(AUTH_T_CHALLENGE);
	assert_int_equal(unit_open_fds(), fds);
	respond("");
	assert_string_equal(mailbox.account, "alice@example.org");
	mailbox.done(mailbox.arg, NULL, "");
	expect(AUTH_T_HANDED);
	assert_int_equal(unit_open_fds(), fds);
	with = -1;
}

/* Only what is testified by tlsd stands. */
static void
external(void **state)
{
	(void)state;
	memset(&line, 0, sizeof(line));
	line.email = "";
	start("smtp", "EXTERNAL", "", 0);
	expect_failure("5.5.4");
	line.tls = true;
	start("smtp", "EXTERNAL", "", 0);
	expect_failure("5.5.4");
	line.certificate = true;
	line.byte = 0x11;
	start("smtp", "EXTERNAL", "", 0);
	assert_int_equal(check.kind, SASL_CERTIFICATE);
	assert_string_equal(check.login, "alice@example.org");
	finish(LOGIN_OK, "alice@example.org");
	expect(AUTH_T_SUCCESS);
	line.forged = true;
	start("smtp", "EXTERNAL", "", 0);
	expect_failure("5.5.4");
	line.forged = false;
	line.byte = 0x22;
	line.email = "bob@example.org";
	start("smtp", "EXTERNAL", "", 0);
	assert_string_equal(check.login, "bob@example.org");
	finish(LOGIN_WRONG, "");
	expect_failure("5.7.8");
	memset(&line, 0, sizeof(line));
}

static void
plus(void **state)
{
	(void)state;
	memset(&line, 0, sizeof(line));
	line.email = "";
	start("smtp", "SCRAM-SHA-256-PLUS", NULL, 0);
	expect_failure("5.5.4");
	line.tls = line.exporter = true;
	start(
	    "smtp", "SCRAM-SHA-256-PLUS", "p=tls-exporter,,n=alice,r=abc", 29);
	expect(AUTH_T_CHALLENGE);
	respond("x");
	expect_failure("5.7.8");
	/* Whoever took the list of mechanisms from the client is caught. */
	start("smtp", "SCRAM-SHA-256", "y,,n=alice,r=abc", 16);
	expect_failure("5.7.8");
	line.forged = true;
	start("smtp", "SCRAM-SHA-256-PLUS", NULL, 0);
	expect_failure("5.5.4");
	memset(&line, 0, sizeof(line));
}

static void
apop(void **state)
{
	static const char token[] = "<1@x>\0alice\0"
				    "37257aa37904a2ac86c6572e6528a18c";

	(void)state;
	start("smtp", "APOP", token, sizeof(token) - 1);
	expect_failure("5.5.4");
	start("pop3", "APOP", token, sizeof(token) - 1);
	assert_int_equal(check.kind, SASL_PROOF);
	assert_null(check.fault);
	finish(LOGIN_OK, "alice@example.org");
	expect(AUTH_T_SUCCESS);
}

/* Nobody has what it takes: refused before anything is looked up. */
static void
not_possible(void **state)
{
	static const char *const mechs[] = { "SCRAM-SHA-256", "EXTERNAL",
		"CRAM-MD5", "APOP" };

	(void)state;
	publish("PLAIN LOGIN");
	for (size_t i = 0; i < COUNT(mechs); i++) {
		start("pop3", mechs[i], FIRST);
		expect_failure("5.5.4");
	}
	log_in("smtp");
	publish("SCRAM-SHA-256");
	start("smtp", "PLAIN", PLAIN);
	expect_failure("5.5.4");
	publish(ALL);
}

static void
damaged(void **state)
{
	(void)state;
	unit_file("v.cdb", "junk", 4);
	tables_fresh_close(&checker.verifiers); /* as after a restart */
	assert_true(tables_fresh_init(&checker.verifiers, unit_path("v.cdb")));
	start("smtp", "SCRAM-SHA-256", FIRST);
	expect_failure("4.7.0");
	publish(ALL);
	scram_until_judged("smtp");
	finish(LOGIN_WRONG, "");
	expect_failure("5.7.8");
}

static void
accounts(void **state)
{
	static const struct {
		uint32_t result, want;
	} cases[] = {
		{ UNIX_FOUND, ACCOUNT_YES },
		{ UNIX_NONE, ACCOUNT_NONE },
		{ UNIX_LATER, ACCOUNT_LATER },
	};
	struct msg_auth_account a = { "carol" }, bad = { "../carol" };
	struct unix_reply reply = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		put(AUTH_T_ACCOUNT, &a, -1);
		reply.result = cases[i].result;
		job.done(job.arg, &reply);
		expect(AUTH_T_EXISTS);
		assert_int_equal(m.exists.kind, cases[i].want);
	}
	put(AUTH_T_ACCOUNT, &a, -1);
	job.done(job.arg, NULL);
	expect(AUTH_T_EXISTS);
	assert_int_equal(m.exists.kind, ACCOUNT_LATER);
	put(AUTH_T_ACCOUNT, &bad, -1);
	expect(AUTH_T_EXISTS);
	assert_int_equal(m.exists.kind, ACCOUNT_NONE);
}

/* With the client's socket, one round trip from the password to the mailbox. */
static void
handover(void **state)
{
	int fds = unit_open_fds();

	(void)state;
	with = STDIN_FILENO;
	start("pop3", "PLAIN", PLAIN);
	assert_int_equal(unit_open_fds(), fds + 1);
	finish(LOGIN_OK, "alice@example.org");
	assert_string_equal(mailbox.account, "alice@example.org");
	mailbox.done(mailbox.arg, NULL, "");
	expect(AUTH_T_HANDED);
	start("pop3", "PLAIN", PLAIN);
	finish(LOGIN_OK, "alice@example.org");
	mailbox.done(mailbox.arg, "4.3.0", "no");
	expect_failure("4.3.0");
	mailbox.full = true;
	start("pop3", "PLAIN", PLAIN);
	finish(LOGIN_OK, "alice@example.org");
	expect_failure("4.3.2");
	assert_int_equal(unit_open_fds(), fds);
	with = -1;
}

/* What is not handed over is let go of before the answer. */
static void
no_handover(void **state)
{
	int fds = unit_open_fds();

	(void)state;
	memset(mailbox.account, 0, sizeof(mailbox.account));
	with = STDIN_FILENO;
	start("pop3", "PLAIN", PLAIN);
	finish(LOGIN_WRONG, "");
	expect_failure("5.7.8");
	assert_int_equal(unit_open_fds(), fds);
	start("pop3", "PLAIN", "junk", 4);
	expect_failure("5.7.8");
	assert_int_equal(unit_open_fds(), fds);
	start("pop3", "ANONYMOUS", "x", 1);
	expect_failure("5.5.4");
	assert_int_equal(unit_open_fds(), fds);
	start("pop3", "LOGIN", "alice", 5);
	expect(AUTH_T_CHALLENGE);
	assert_int_equal(unit_open_fds(), fds);
	respond("secret");
	assert_int_equal(unit_open_fds(), fds + 1);
	finish(LOGIN_LATER, "");
	expect_failure("4.7.0");
	assert_int_equal(unit_open_fds(), fds);
	with = -1;
	log_in("pop3"); /* and no mailbox without a socket */
	assert_string_equal(mailbox.account, "");
}

static void
no_handover_of_smtp(void **state)
{
	int fds = unit_open_fds();

	(void)state;
	with = STDIN_FILENO;
	start("smtp", "PLAIN", PLAIN);
	with = -1;
	expect_closed();
	assert_int_equal(checks, 0);
	assert_true(unit_open_fds() < fds); /* the peer's, too */
}

static void
no_handover_of_smtp_later(void **state)
{
	(void)state;
	start("smtp", "LOGIN", NULL, 0);
	expect(AUTH_T_CHALLENGE);
	with = STDIN_FILENO;
	respond("alice");
	with = -1;
	expect_closed();
}

static void
no_descriptor_elsewhere(void **state)
{
	struct msg_auth_account a = { "carol" };

	(void)state;
	put(AUTH_T_ACCOUNT, &a, STDIN_FILENO);
	expect_closed();
}

/* The peer goes in the middle of everything. */
static void
leaves(void **state)
{
	struct msg_auth_account a = { "carol" };
	int fds = unit_open_fds() - 2;

	start("smtp", "PLAIN", PLAIN);
	(void)close_session(state);
	assert_int_equal(checks_cancelled, 1);
	(void)open_session(state);
	start("smtp", "LOGIN", NULL, 0);
	(void)close_session(state);
	(void)open_session(state);
	put(AUTH_T_ACCOUNT, &a, -1);
	(void)close_session(state);
	assert_int_equal(jobs_cancelled, 1);
	(void)open_session(state);
	with = STDIN_FILENO;
	start("pop3", "PLAIN", PLAIN);
	(void)close_session(state);
	assert_int_equal(checks_cancelled, 1);
	(void)open_session(state);
	start("pop3", "PLAIN", PLAIN);
	finish(LOGIN_OK, "alice@example.org");
	with = -1;
	(void)close_session(state);
	assert_int_equal(mailboxes_cancelled, 1);
	assert_int_equal(checks_cancelled, 0);
	assert_int_equal(unit_open_fds(), fds);
}

static int
setup(void **state)
{
	if (unit_setup(state) == -1)
		return -1;
	unit_file("log", "", 0);
	log_open("t", LOG_TO_FILE, unit_path("log"));
	publish(ALL);
	memset(&witness_key, 'w', sizeof(witness_key));
	memset(&decoy, 'd', sizeof(decoy));
	if ((base = event_base_new()) == NULL ||
	    (common.library = sasl_open()) == NULL ||
	    !tables_fresh_init(&checker.tables, unit_path("t.cdb")) ||
	    !tables_fresh_init(&checker.verifiers, unit_path("v.cdb")))
		return -1;
	auth_session_init(&common);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_session, close_session)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(plain),
		TEST(login),
		TEST(cancel_and_another),
		TEST(refused),
		TEST(scram),
		TEST(scram_handover),
		TEST(external),
		TEST(plus),
		TEST(apop),
		TEST(not_possible),
		TEST(damaged),
		TEST(accounts),
		TEST(handover),
		TEST(no_handover),
		TEST(no_handover_of_smtp),
		TEST(no_handover_of_smtp_later),
		TEST(no_descriptor_elsewhere),
		TEST(leaves),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
