/*
 * t_login_auth: a login between a client and authd, which is replaced.
 * wrap: auth_client_login
 */
#include "tests/unit/talk.h"

#include <bsd/string.h>

#include "pop3d/login_auth.h"

#define TEMPORARY "-ERR [SYS/TEMP] Login is not possible now\r\n"

/* What authd does: asks so many times, and ends so. */
static struct {
	unsigned int challenges;
	enum auth_end end;
	const char *dsn, *text;
} authd;

static struct msg_auth_start started;
static struct msg_auth_response answered;
static unsigned int logins;
static struct login_auth s;
static struct login_line of_client;
static struct auth_client channel;

enum auth_end __wrap_auth_client_login(struct auth_client *,
    struct msg_auth_start *, const struct auth_asker *, union msg_auth *);

static void
fail_with(union msg_auth *m)
{
	memset(m, 0, sizeof(*m));
	strlcpy(m->failure.dsn, authd.dsn, sizeof(m->failure.dsn));
	strlcpy(m->failure.text, authd.text, sizeof(m->failure.text));
}

enum auth_end
__wrap_auth_client_login(struct auth_client *c, struct msg_auth_start *start,
    const struct auth_asker *asker, union msg_auth *end)
{
	struct msg_auth_challenge ask = { .token = "Who?", .token_len = 4 };

	assert_ptr_equal(c, &channel);
	assert_true(c->hands_over);
	assert_int_equal(c->socket, client.io.in);
	logins++;
	started = *start;
	for (unsigned int i = 0; i < authd.challenges; i++) {
		memset(&answered, 0, sizeof(answered));
		if (asker->ask(asker->arg, &ask, &answered) != AUTH_TURN_ANSWER)
			return AUTH_END_STOPPED;
	}
	if (authd.end == AUTH_END_NO)
		fail_with(end);
	return authd.end;
}

static void
begin(const char *said)
{
	talk_start(said);
	memset(&of_client, 0, sizeof(of_client));
	of_client.ip = "192.0.2.1";
	of_client.profile = "office";
	strlcpy(of_client.offered, "PLAIN", sizeof(of_client.offered));
	s = (struct login_auth){ .client = &client,
		.authd = &channel,
		.line = &of_client,
		.deadline = deadline_in(30) };
	logins = 0;
	memset(&authd, 0, sizeof(authd));
	memset(&channel, 0, sizeof(channel));
	authd.dsn = authd.text = "";
}

static enum login_auth_result
login(void)
{
	struct msg_auth_start start = { .mech = "LOGIN" };

	return login_auth(&s, &start);
}

static void
hands_over(void **state)
{
	(void)state;
	begin("");
	authd.end = AUTH_END_YES;
	assert_int_equal(login(), AUTH_HANDED);
	assert_int_equal(logins, 1);
	assert_string_equal(started.service, "pop3");
	assert_string_equal(started.client, "192.0.2.1");
	assert_string_equal(started.profile, "office");
	assert_string_equal(started.mech, "LOGIN");
	assert_string_equal(started.offered, "PLAIN");
	assert_int_equal(started.flags, 0);
	assert_int_equal(started.exporter_len, 0);
	talk_expect("");
}

/* What tlsd has found of the client, for authd. */
static void
of_tls(void **state)
{
	(void)state;
	begin("");
	authd.end = AUTH_END_YES;
	of_client.encrypted = true;
	strlcpy(
	    of_client.tls.version, "TLSv1.3", sizeof(of_client.tls.version));
	of_client.tls.exporter_len = of_client.tls.certificate_len = TLS_DIGEST;
	of_client.tls.witness_len = TLS_WITNESS;
	memset(of_client.tls.exporter, 'e', TLS_DIGEST);
	memset(of_client.tls.certificate, 'c', TLS_DIGEST);
	memset(of_client.tls.witness, 'w', TLS_WITNESS);
	strlcpy(
	    of_client.tls.email, "a@example.org", sizeof(of_client.tls.email));
	assert_int_equal(login(), AUTH_HANDED);
	assert_int_equal(started.flags, AUTH_TLS);
	assert_int_equal(started.exporter_len, TLS_DIGEST);
	assert_memory_equal(
	    started.exporter, of_client.tls.exporter, TLS_DIGEST);
	assert_int_equal(started.certificate_len, TLS_DIGEST);
	assert_memory_equal(
	    started.certificate, of_client.tls.certificate, TLS_DIGEST);
	assert_int_equal(started.witness_len, TLS_WITNESS);
	assert_memory_equal(
	    started.witness, of_client.tls.witness, TLS_WITNESS);
	assert_string_equal(started.email, "a@example.org");
}

/* The codes tell a wrong password from trouble here (RFC 3206). */
static void
refused(void **state)
{
	static const struct {
		const char *dsn, *text, *heard;
	} cases[] = {
		{ "5.7.8", "Wrong", "-ERR [AUTH] Wrong\r\n" },
		{ "5.7.8", "", "-ERR [AUTH] Login failed\r\n" },
		{ "4.7.0", "Busy", "-ERR [SYS/TEMP] Busy\r\n" },
		{ "5.5.4", "What?", "-ERR [AUTH] What?\r\n" },
		{ "5.1.1", "None", "-ERR [SYS/PERM] None\r\n" },
		{ "5.3.0", "Broken", "-ERR [SYS/PERM] Broken\r\n" },
		{ "4.3.5", "Soon", "-ERR [SYS/TEMP] Soon\r\n" },
		{ "5", "Odd", "-ERR [SYS/PERM] Odd\r\n" },
		{ "", "", "-ERR [SYS/TEMP] Login failed\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		begin("");
		authd.end = AUTH_END_NO;
		authd.dsn = cases[i].dsn;
		authd.text = cases[i].text;
		assert_int_equal(login(), AUTH_FAILED);
		talk_expect(cases[i].heard);
	}
	begin("");
	authd.end = AUTH_END_LOST;
	assert_int_equal(login(), AUTH_NO_AUTHD);
	talk_expect(TEMPORARY);
}

static void
challenges(void **state)
{
	(void)state;
	begin("YWxpY2U=\r\nc2VjcmV0\r\n");
	authd.challenges = 2;
	assert_int_equal(login(), AUTH_HANDED);
	assert_int_equal(answered.token_len, 6);
	assert_memory_equal(answered.token, "secret", 6);
	talk_expect("+ V2hvPw==\r\n+ V2hvPw==\r\n");
}

/* Responses that are none; the client is told, and may go on. */
static void
cancelled(void **state)
{
	static char line[AUTH_LINE + 10];
	static const struct {
		const char *said, *heard;
	} cases[] = {
		{ "*\r\n", "-ERR Login cancelled\r\n" },
		{ "?\r\n", "-ERR Response is not base64\r\n" },
		{ "YQ=\r\n", "-ERR Response is not base64\r\n" },
		{ line, "-ERR Response too long or not plain text\r\n" },
	};
	char heard[200];

	(void)state;
	memset(line, 'A', sizeof(line) - 3);
	memcpy(line + sizeof(line) - 3, "\r\n", 3);
	for (size_t i = 0; i < COUNT(cases); i++) {
		begin(cases[i].said);
		authd.challenges = 1;
		assert_int_equal(login(), AUTH_CANCELLED);
		(void)snprintf(
		    heard, sizeof(heard), "+ V2hvPw==\r\n%s", cases[i].heard);
		talk_expect(heard);
	}
}

static void
no_line(void **state)
{
	(void)state;
	begin("");
	talk_hang_up();
	authd.challenges = 1;
	assert_int_equal(login(), AUTH_NO_LINE);
	assert_int_equal(s.got, LINE_EOF);
	talk_expect("+ V2hvPw==\r\n");
	begin("");
	authd.challenges = 1;
	s.deadline = deadline_now() - 1;
	assert_int_equal(login(), AUTH_NO_LINE);
	assert_int_equal(s.got, LINE_TIMEOUT);
	/* After a response that was wrong, too. */
	begin("YQ==\r\n");
	talk_hang_up();
	authd.challenges = 2;
	assert_int_equal(login(), AUTH_NO_LINE);
	assert_int_equal(s.got, LINE_EOF);
}

/* USER and PASS. */
static void
password(void **state)
{
	static char longest[TOKEN_MAX + 1];

	(void)state;
	begin("");
	assert_int_equal(
	    login_auth_password(&s, "alice", "se cret"), AUTH_HANDED);
	assert_string_equal(started.mech, "PLAIN");
	assert_int_equal(started.flags, AUTH_INITIAL);
	assert_int_equal(started.token_len, 14);
	assert_memory_equal(started.token, "\0alice\0se cret", 14);
	begin("");
	memset(longest, 'x', TOKEN_MAX - 3);
	assert_int_equal(login_auth_password(&s, "a", longest), AUTH_HANDED);
	assert_int_equal(started.token_len, TOKEN_MAX);
	begin("");
	assert_int_equal(login_auth_password(&s, "ab", longest), AUTH_FAILED);
	assert_int_equal(logins, 0);
	talk_expect("-ERR [AUTH] Too long\r\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hands_over),
		cmocka_unit_test(of_tls),
		cmocka_unit_test(refused),
		cmocka_unit_test(challenges),
		cmocka_unit_test(cancelled),
		cmocka_unit_test(no_line),
		cmocka_unit_test(password),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
