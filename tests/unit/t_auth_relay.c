/*
 * Unit test of common/auth_relay: authd's side of logins at other hosts, on
 * the channel, with the worker that hashes and the uids played by the test.
 * wrap: workers_submit workers_cancel
 */
#include "tests/unit/cdb.h"

#include <gsasl.h>

#include <bsd/string.h>

#include "common/auth_session.h"
#include "common/base64.h"
#include "common/hasher.h"
#include "common/log.h"
#include "common/sock.h"

#define NET 777
#define OUT 778

struct job {
	job_done *done;
	void *arg;
	struct hash_request request;
};
static struct job job;
static int jobs, jobs_cancelled;
static bool no_workers;

struct job *__wrap_workers_submit(
    struct workers *, const void *, job_done *, void *);
void __wrap_workers_cancel(struct job *);

struct job *
__wrap_workers_submit(
    struct workers *ws, const void *request, job_done *done, void *arg)
{
	(void)ws;
	if (no_workers)
		return NULL;
	job.done = done;
	job.arg = arg;
	memcpy(&job.request, request, sizeof(job.request));
	jobs++;
	return &job;
}

void
__wrap_workers_cancel(struct job *j)
{
	assert_ptr_equal(j, &job);
	jobs_cancelled++;
}

static struct event_base *base;
static struct login_checker checker;
static struct auth_session_common common = {
	.checker = &checker, .net = NET, .out = OUT
};
static struct chan client;
static struct peer *peer;
static union msg_auth m;
static uint32_t flags;
static const char *mechs;

static void
settle(void)
{
	for (int i = 0; i < 5; i++)
		(void)event_base_loop(base, EVLOOP_NONBLOCK);
}

static int
open_session(void **state)
{
	int pair[2];

	(void)state;
	jobs = jobs_cancelled = 0;
	no_workers = false;
	flags = RELAY_TLS | RELAY_VERIFIED;
	mechs = "PLAIN SCRAM-SHA-256";
	if (sock_pair(pair) == -1)
		return -1;
	peer = peer_new(
	    base, pair[0], &auth_channel, AUTH_SERVER, &auth_session_ops);
	if (peer == NULL)
		return -1;
	peer->uid = OUT;
	auth_session_opened(peer);
	chan_init(&client, pair[1], &auth_channel, AUTH_CLIENT);
	return 0;
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
put(unsigned int type, const void *msg)
{
	assert_int_equal(chan_send(&client, type, msg, -1, 0), CHAN_OK);
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
expect_refused(const char *text)
{
	expect(AUTH_T_REFUSED);
	assert_string_equal(m.refused.dsn, "4.7.0");
	assert_string_equal(m.refused.text, text);
}

static void
relay(const char *hop)
{
	struct msg_auth_relay r = { .flags = flags };

	strlcpy(r.hop, hop, sizeof(r.hop));
	strlcpy(r.mechs, mechs, sizeof(r.mechs));
	if ((flags & RELAY_TLS) != 0) {
		memset(r.exporter, 'e', TLS_DIGEST);
		r.exporter_len = TLS_DIGEST;
	}
	put(AUTH_T_RELAY, &r);
}

static void
prompt(const char *text)
{
	struct msg_auth_prompt p;

	p.token_len = (uint32_t)strlen(text);
	memcpy(p.token, text, p.token_len);
	put(AUTH_T_PROMPT, &p);
}

static void
verdict(uint32_t good)
{
	struct msg_auth_verdict v = { .good = good };

	put(AUTH_T_VERDICT, &v);
}

static void
expect_reply(const char *mech, const void *token, size_t n, uint32_t last)
{
	expect(AUTH_T_REPLY);
	assert_string_equal(m.reply.mech, mech);
	assert_int_equal(m.reply.token_len, n);
	assert_memory_equal(m.reply.token, token, n);
	assert_int_equal(m.reply.last, last);
}

static void
plain(void **state)
{
	(void)state;
	mechs = "PLAIN LOGIN";
	relay("[smtp.example.net]:587");
	expect_reply("PLAIN", "\0alice\0s3cret #1", 16, 1);
	verdict(1);
	expect(AUTH_T_DONE);
	/* Again, and refused. */
	relay("[smtp.example.net]:587");
	expect_reply("PLAIN", "\0alice\0s3cret #1", 16, 1);
	verdict(0);
	expect_refused("it refuses the login");
	/* A question where there is none. */
	relay("[smtp.example.net]:587");
	expect(AUTH_T_REPLY);
	prompt("Sure?");
	expect_refused("it asks for more than the mechanism has");
	mechs = "LOGIN";
	relay("example.net");
	expect_reply("LOGIN", "", 0, 0);
	prompt("Username:");
	expect_reply("",
	    "b\xc3\xb6"
	    "b",
	    4, 0);
	prompt("Password:");
	expect_reply("", "x", 1, 1);
	verdict(1);
	expect(AUTH_T_DONE);
}

static void
refused(void **state)
{
	static const char *const damaged[] = { "one", "two", "three", "four" };

	(void)state;
	relay("smtp.example.net:587");
	expect_refused("there is no password for it here");
	for (size_t i = 0; i < COUNT(damaged); i++) {
		relay(damaged[i]);
		expect_refused("the tables with passwords are damaged");
	}
	mechs = "PLAIN LOGIN CRAM-MD5";
	flags = RELAY_TLS;
	relay("[smtp.example.net]:587");
	expect_refused("what it offers to log in with would show the password "
		       "on a line that is not encrypted and verified");
	flags = 0;
	mechs = "SCRAM-SHA-256";
	relay("[smtp.example.net]:587");
	expect_refused("what it offers to log in with would show the password "
		       "on a line that is not encrypted and verified");
	mechs = "";
	relay("[smtp.example.net]:587");
	expect_refused("it offers nothing to log in with that we know");
}

/* The server's first message for what the peer was just told. */
static const char *
first(const char *rest)
{
	static char text[400];
	const char *nonce;

	m.reply.token[m.reply.token_len] = '\0';
	nonce = strstr((const char *)m.reply.token, ",r=");
	assert_non_null(nonce);
	(void)snprintf(text, sizeof(text), "%s%s", nonce + 1, rest);
	return text;
}

static void
hashed(bool good)
{
	struct hash_reply rep = { .match = good };
	char unused[3][CREDENTIAL_KEY];

	assert_int_equal(gsasl_scram_secrets_from_password(GSASL_HASH_SHA256,
			     "s3cret #1", 5000, "salt", 4, (char *)rep.salted,
			     unused[0], unused[1], unused[2]),
	    GSASL_OK);
	job.done(job.arg, &rep);
	settle();
}

static void
scram(void **state)
{
	(void)state;
	relay("[smtp.example.net]:587");
	expect(AUTH_T_REPLY);
	assert_string_equal(m.reply.mech, "SCRAM-SHA-256");
	assert_int_equal(m.reply.last, 0);
	prompt(first("xyz,s=c2FsdA==,i=5000"));
	assert_int_equal(jobs, 1);
	assert_int_equal(job.request.kind, HASH_SALTED);
	assert_int_equal(job.request.iterations, 5000);
	assert_string_equal(job.request.verifier, "c2FsdA==");
	assert_string_equal(job.request.password, "s3cret #1");
	hashed(true);
	expect(AUTH_T_REPLY);
	assert_int_equal(m.reply.last, 0);
	assert_memory_equal(m.reply.token, "c=biws,r=", 9);
	/* It says that all is well, and has proved nothing. */
	verdict(1);
	expect_refused("it has not proved that it knows the password");
	/* It may be asked again; what it says is compared. */
	relay("[smtp.example.net]:587");
	expect(AUTH_T_REPLY);
	prompt(first("xyz,s=c2FsdA==,i=5000"));
	hashed(true);
	expect(AUTH_T_REPLY);
	prompt("v=rmF9pqV8S7suAoZWja4dJRkFsKQv3a4bkYw6vEjU7yY=");
	expect_refused("it does not know the password itself");
}

/* What fails while the other host waits, and who leaves meanwhile. */
static void
hashing_fails(void **state)
{
	static const char *const says[] = { "too many logins at once",
		"the process that hashes has ended",
		"the password has no form for SCRAM (RFC 4013)" };

	(void)state;
	for (size_t i = 0; i < COUNT(says); i++) {
		relay("[smtp.example.net]:587");
		expect(AUTH_T_REPLY);
		no_workers = i == 0;
		prompt(first("xyz,s=c2FsdA==,i=5000"));
		if (i == 1)
			job.done(job.arg, NULL);
		else if (i == 2)
			hashed(false);
		settle();
		expect_refused(says[i]);
	}
	relay("[smtp.example.net]:587");
	expect(AUTH_T_REPLY);
	prompt(first("xyz,s=c2FsdA==,i=5000"));
	chan_close(&client);
	settle();
	assert_int_equal(jobs_cancelled, 1);
}

/* Once refused, a host that says it can bind is asked without. */
static void
unbound(void **state)
{
	(void)state;
	mechs = "SCRAM-SHA-256-PLUS SCRAM-SHA-256";
	relay("example.net");
	expect(AUTH_T_REPLY);
	assert_string_equal(m.reply.mech, "SCRAM-SHA-256-PLUS");
	assert_memory_equal(m.reply.token, "p=tls-exporter,,n=", 18);
	verdict(0);
	expect_refused("it refuses the login");
	relay("example.net");
	expect(AUTH_T_REPLY);
	assert_string_equal(m.reply.mech, "SCRAM-SHA-256");
	verdict(0);
	expect_refused("it refuses the login");
	relay("[smtp.example.net]:587");
	expect(AUTH_T_REPLY);
	assert_string_equal(m.reply.mech, "SCRAM-SHA-256-PLUS");
}

static void
expect_closed(void)
{
	unsigned int type;

	assert_int_equal(chan_recv(&client, &type, &m, NULL, 0), CHAN_EOF);
	chan_close(&client);
}

/* Each user has its own half of the channel. */
static void
breaches(void **state)
{
	struct msg_auth_start start = { .service = "smtp", .mech = "PLAIN" };
	struct msg_auth_account account = { "carol" };

	(void)state;
	peer->uid = NET;
	relay("[smtp.example.net]:587");
	expect_closed();
	assert_int_equal(open_session(NULL), 0);
	put(AUTH_T_START, &start);
	expect_closed();
	assert_int_equal(open_session(NULL), 0);
	put(AUTH_T_ACCOUNT, &account);
	expect_closed();
	assert_int_equal(open_session(NULL), 0);
}

static int
setup(void **state)
{
	const struct cdb_row none[] = { { TABLES_OPTION, "x", "y" } };
	const struct cdb_row own[] = {
		{ TABLES_RELAY, "[smtp.example.net]:587",
		    "YWxpY2U= czNjcmV0ICMx" },
		{ TABLES_RELAY, "example.net", "YsO2Yg== eA==" },
		{ TABLES_RELAY, "one", "YWxpY2U=" },
		{ TABLES_RELAY, "two", "YWxpY2U= " },
		{ TABLES_RELAY, "three", " YWxpY2U=" },
		{ TABLES_RELAY, "four", "YWxpY2U= AA==" },
	};

	if (unit_setup(state) == -1)
		return -1;
	unit_file("log", "", 0);
	log_open("t", LOG_TO_FILE, unit_path("log"));
	cdb_file("t.cdb", none, COUNT(none));
	cdb_file("v.cdb", own, COUNT(own));
	if ((base = event_base_new()) == NULL ||
	    (common.gsasl = sasl_open()) == NULL ||
	    !tables_fresh_init(&checker.tables, unit_path("t.cdb")) ||
	    !tables_fresh_init(&checker.verifiers, unit_path("v.cdb")))
		return -1;
	checker.base = base;
	auth_session_init(&common);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_session, close_session)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(plain),
		TEST(refused),
		TEST(scram),
		TEST(hashing_fails),
		TEST(unbound),
		TEST(breaches),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
