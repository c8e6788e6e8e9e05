/*
 * Unit test of common/auth_relay: authd's side of logins at other hosts, on
 * the channel.
 * wrap: workers_submit_apart workers_cancel
 */
#include "tests/unit/relay_talk.h"

#include <gsasl.h>

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
	relay(HOST);
	expect_reply("PLAIN", "\0alice\0s3cret #1", 16, 1);
	verdict(1);
	expect(AUTH_T_DONE);
	/* Again, and refused. */
	relay(HOST);
	expect_reply("PLAIN", "\0alice\0s3cret #1", 16, 1);
	verdict(0);
	expect_refused("it refuses the login");
	/* A question where there is none. */
	relay(HOST);
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
	mechs = "";
	relay(HOST);
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
	relay(HOST);
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
	relay(HOST);
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
		relay(HOST);
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
	relay(HOST);
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
	relay(HOST);
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
	relay(HOST);
	expect_closed();
	assert_int_equal(open_session(NULL), 0);
	put(AUTH_T_START, &start);
	expect_closed();
	assert_int_equal(open_session(NULL), 0);
	put(AUTH_T_ACCOUNT, &account);
	expect_closed();
	assert_int_equal(open_session(NULL), 0);
}

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
