/*
 * Unit test of common/auth_session: authd's side of the channel, with the
 * login and the mailbox played by the test.  Mechanisms that send no password
 * are in t_auth_mechs.
 * wrap: login_check_start login_check_cancel handover_start handover_cancel
 * wrap: workers_submit workers_cancel
 */
#include "tests/unit/auth_talk.h"

#include <sys/resource.h>

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

/* A client whose socket finds no room is not logged in without it. */
static void
no_descriptor(void **state)
{
	struct rlimit was, least;
	int null = open("/dev/null", O_RDONLY);

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	assert_int_equal(close(null), 0);
	least = (struct rlimit){ (rlim_t)null, was.rlim_max };
	with = STDIN_FILENO;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &least), 0);
	start("pop3", "PLAIN", PLAIN);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	expect_failure("4.3.2");
	start("pop3", "LOGIN", NULL, 0);
	expect(AUTH_T_CHALLENGE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &least), 0);
	respond("alice");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	expect_failure("4.3.2");
	assert_int_equal(checks, 0);
	with = -1;
	log_in("smtp");
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(plain),
		TEST(login),
		TEST(cancel_and_another),
		TEST(refused),
		TEST(accounts),
		TEST(handover),
		TEST(no_descriptor),
		TEST(no_handover),
		TEST(no_handover_of_smtp),
		TEST(no_handover_of_smtp_later),
		TEST(no_descriptor_elsewhere),
		TEST(leaves),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
