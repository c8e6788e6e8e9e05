/*
 * t_login: the verbs before login.
 */
#include "tests/unit/login.h"

static void
greeting(void **state)
{
	(void)state;
	start("");
	assert_string_equal(login_run(&l), "closed");
	talk_expect("+OK ready\r\n");
	start("QUIT\r\n");
	assert_string_equal(login_run(&l), "quit");
	talk_expect("+OK ready\r\n+OK Bye\r\n");
}

static void
one_answer(void **state)
{
	/* clang-format off */
	static const struct {
		const char *said, *heard;
		const char *refused; /* where passwords may not be sent */
	} rows[] = {
		{ "NOOP\r\n",	"-ERR Log in first\r\n", NULL },
		{ "STAT\r\n",	"-ERR Log in first\r\n", NULL },
		{ "retr 1\r\n",	"-ERR Log in first\r\n", NULL },
		{ "PASS x\r\n",	"-ERR First the name, with USER\r\n", SECRET },
		{ "USER\r\n",	"-ERR An argument is missing\r\n", NULL },
		{ "USER \r\n",	"-ERR An argument is missing\r\n", NULL },
		{ "user x\r\n",	"+OK Now the password, with PASS\r\n", SECRET },
		{ "CAPA x\r\n",	"-ERR This command takes no argument\r\n", NULL },
		{ "QUIT x\r\n",	"-ERR This command takes no argument\r\n", NULL },
		{ "APOP a b\r\n", "-ERR APOP is not offered, use PLAIN LOGIN\r\n",
		    "-ERR APOP is not offered\r\n" },
		{ "STLS\r\n",	"-ERR STLS is not offered here\r\n", NULL },
		{ "AUTH\r\n",
		    "+OK Mechanisms follow\r\nPLAIN\r\nLOGIN\r\n.\r\n", SECRET },
		{ "AUTH CRAM-MD5\r\n",
		    "-ERR Unknown mechanism, use PLAIN LOGIN\r\n", SECRET },
		{ "AUTH PLAI\r\n",
		    "-ERR Unknown mechanism, use PLAIN LOGIN\r\n", SECRET },
		{ "AUTH PLAIN a\r\n",
		    "-ERR Initial response is not base64\r\n", SECRET },
		{ "AUTH PLAIN AA== AA==\r\n",
		    "-ERR Wanted: AUTH mechanism, with one initial response "
		    "or none\r\n", SECRET },
		{ "AUTH PLAIN AG==AG==\r\n",
		    "-ERR Initial response is not base64\r\n", SECRET },
		{ "XYZZY\r\n",	"-ERR Unknown command\r\n", NULL },
		{ "\r\n",	"-ERR Unknown command\r\n", NULL },
		{ "CAPA\n",
		    "-ERR A command is plain text and ends in CRLF\r\n", NULL },
	};
	/* clang-format on */
	char heard[500];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (int passwords = 0; passwords < 2; passwords++) {
			start(rows[i].said);
			l.line.plaintext = passwords;
			login_line_init(&l.line);
			assert_string_equal(login_run(&l), "closed");
			(void)snprintf(heard, sizeof(heard), "+OK ready\r\n%s",
			    !passwords && rows[i].refused != NULL
				? rows[i].refused
				: rows[i].heard);
			talk_expect(heard);
			expect_silence();
		}
}

static void
capabilities(void **state)
{
	(void)state;
	start("CAPA\r\n");
	(void)login_run(&l);
	talk_expect("+OK ready\r\n+OK Capability list follows\r\nTOP\r\n"
		    "USER\r\nSASL PLAIN LOGIN\r\nRESP-CODES\r\n"
		    "AUTH-RESP-CODE\r\nPIPELINING\r\nUIDL\r\nEXPIRE NEVER\r\n"
		    "IMPLEMENTATION Postrider\r\n.\r\n");
	start("CAPA\r\n");
	l.line.plaintext = false;
	login_line_init(&l.line);
	(void)login_run(&l);
	talk_expect("+OK ready\r\n+OK Capability list follows\r\nTOP\r\n"
		    "RESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nUIDL\r\n"
		    "EXPIRE NEVER\r\nIMPLEMENTATION Postrider\r\n.\r\n");
}

static void
user_and_pass(void **state)
{
	char byte[5];
	int fd = -1;

	(void)state;
	/* All in one write: what is behind PASS belongs to the mailbox. */
	start("USER x\r\nUSER alice\r\nCAPA\r\nPASS  two spaces \r\nSTAT\r\n");
	answer_handed();
	assert_string_equal(login_run(&l), "handed");
	expect_told(AUTH_T_START, true, &fd);
	assert_string_equal(told.start.mech, "PLAIN");
	assert_string_equal(told.start.service, "pop3");
	assert_string_equal(told.start.client, "192.0.2.1");
	assert_string_equal(told.start.profile, "office");
	assert_string_equal(told.start.offered, "PLAIN LOGIN");
	assert_int_equal(told.start.flags, AUTH_INITIAL);
	assert_int_equal(told.start.token_len, 19);
	assert_memory_equal(told.start.token, "\0alice\0 two spaces ", 19);
	assert_int_equal(read(fd, byte, 5), 5);
	assert_memory_equal(byte, "STAT\r", 5);
	close(fd);
	assert_null(strstr(talk_heard(NULL), "-ERR"));
}

/* A name serves for one password. */
static void
wrong_password(void **state)
{
	(void)state;
	start("USER alice\r\nPASS x\r\nPASS y\r\nQUIT\r\n");
	answer_failure("5.7.8", "Wrong name or password");
	assert_string_equal(login_run(&l), "quit");
	talk_expect("+OK ready\r\n+OK Now the password, with PASS\r\n"
		    "-ERR [AUTH] Wrong name or password\r\n"
		    "-ERR First the name, with USER\r\n+OK Bye\r\n");
}

static void
temporary(void **state)
{
	(void)state;
	start("USER a\r\nPASS x\r\nUSER a\r\nPASS x\r\nQUIT\r\n");
	answer_failure("4.3.0", "Later");
	answer_failure("5.7.8", "");
	assert_string_equal(login_run(&l), "quit");
	assert_non_null(strstr(talk_heard(NULL), "-ERR [SYS/TEMP] Later\r\n"));
}

static void
handover_fails(void **state)
{
	(void)state;
	start("USER a\r\nPASS x\r\nUSER a\r\nPASS x\r\nQUIT\r\n");
	answer_failure("4.3.0", "No process");
	answer_failure("5.1.1", "No mailbox");
	assert_string_equal(login_run(&l), "quit");
	talk_expect("+OK ready\r\n+OK Now the password, with PASS\r\n"
		    "-ERR [SYS/TEMP] No process\r\n"
		    "+OK Now the password, with PASS\r\n"
		    "-ERR [SYS/PERM] No mailbox\r\n+OK Bye\r\n");
}

/* A login that is good and goes nowhere is no login. */
static void
success_alone(void **state)
{
	const struct msg_auth_success s = { "alice@example.org" };

	(void)state;
	start("USER a\r\nPASS x\r\nQUIT\r\n");
	answer(AUTH_T_SUCCESS, &s);
	assert_string_equal(login_run(&l), "authd");
}

static void
five_failures(void **state)
{
	(void)state;
	start("USER a\r\nPASS 1\r\nUSER a\r\nPASS 2\r\nUSER a\r\nPASS 3\r\n"
	      "USER a\r\nPASS 4\r\nUSER a\r\nPASS 5\r\nUSER a\r\nPASS 6\r\n");
	for (int i = 0; i < 6; i++)
		answer_failure("5.7.8", "No");
	assert_string_equal(login_run(&l), "login-failures");
}

static void
authd_lost(void **state)
{
	(void)state;
	start("USER a\r\nPASS 1\r\nQUIT\r\n");
	chan_close(&authd);
	assert_string_equal(login_run(&l), "authd");
	assert_non_null(strstr(
	    talk_heard(NULL), "-ERR [SYS/TEMP] Login is not possible now\r\n"));
}

static void
too_long(void **state)
{
	static char said[14000];

	(void)state;
	for (int i = 0; i < 2; i++) {
		memset(said, 'A', sizeof(said));
		memcpy(said, i == 0 ? "USER " : "PASS ", 5);
		memcpy(said + (i == 0 ? 5000 : 13000), "\r\nQUIT\r\n", 9);
		start(said);
		assert_string_equal(login_run(&l), "quit");
		talk_expect("+OK ready\r\n-ERR Line too long\r\n+OK Bye\r\n");
	}
}

static void
too_many(void **state)
{
	char said[400] = "";

	(void)state;
	for (int i = 0; i < 25; i++)
		memcpy(said + 6 * i, "NOOP\r\n", 7);
	start(said);
	assert_string_equal(login_run(&l), "errors");
	for (int i = 0; i < 40; i++)
		memcpy(said + 8 * i, "USER a\r\n", 9);
	start(said);
	assert_string_equal(login_run(&l), "errors");
	start(said);
	l.junk = 100;
	assert_string_equal(login_run(&l), "closed");
}

static void
mechanism(void **state)
{
	(void)state;
	/* PLAIN in two steps. */
	start("AUTH plain\r\nAGEAYg==\r\n");
	answer_challenge("");
	answer_handed();
	assert_string_equal(login_run(&l), "handed");
	talk_expect("+OK ready\r\n+ \r\n");
	expect_told(AUTH_T_START, false, NULL);
	assert_string_equal(told.start.mech, "PLAIN");
	assert_int_equal(told.start.flags, 0);
	expect_told(AUTH_T_RESPONSE, true, NULL);
	assert_int_equal(told.response.token_len, 4);
	assert_memory_equal(told.response.token, "\0a\0b", 4);

	/* LOGIN with two questions. */
	start("AUTH LOGIN\r\nYQ==\r\nYg==\r\n");
	answer_challenge("Username:");
	answer_challenge("Password:");
	answer_handed();
	assert_string_equal(login_run(&l), "handed");
	talk_expect("+OK ready\r\n+ VXNlcm5hbWU6\r\n+ UGFzc3dvcmQ6\r\n");

	/* Initial responses, the empty one among them. */
	start("AUTH PLAIN AGEAYg==\r\n");
	answer_handed();
	assert_string_equal(login_run(&l), "handed");
	expect_told(AUTH_T_START, true, NULL);
	assert_int_equal(told.start.flags, AUTH_INITIAL);
	assert_int_equal(told.start.token_len, 4);
	start("AUTH PLAIN =\r\n");
	answer_failure("5.7.8", "No");
	assert_string_equal(login_run(&l), "closed");
	expect_told(AUTH_T_START, true, NULL);
	assert_int_equal(told.start.flags, AUTH_INITIAL);
	assert_int_equal(told.start.token_len, 0);
}

static void
cancelled(void **state)
{
	/* clang-format off */
	static const struct {
		const char *said, *heard;
	} rows[] = {
		{ "*",		"Login cancelled" },
		{ "a",		"Response is not base64" },
		{ "AA=A",	"Response is not base64" },
		{ "AAA\t",	"Response is not base64" },
		{ "QUIT",	NULL }, /* is base64 */
		{ "AB\rC",	"Response too long or not plain text" },
	};
	/* clang-format on */
	char said[100], heard[200];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		(void)snprintf(said, sizeof(said),
		    "AUTH LOGIN\r\n%s\r\nAUTH PLAIN AGEAYg==\r\n",
		    rows[i].said);
		start(said);
		answer_challenge("?");
		if (rows[i].heard == NULL)
			answer_failure("5.7.8", "No");
		answer_handed();
		assert_string_equal(login_run(&l), "handed");
		expect_told(AUTH_T_START, false, NULL);
		expect_told(
		    rows[i].heard == NULL ? AUTH_T_RESPONSE : AUTH_T_CANCEL,
		    rows[i].heard == NULL, NULL);
		expect_told(AUTH_T_START, true, NULL);
		assert_string_equal(told.start.mech, "PLAIN");
		(void)snprintf(heard, sizeof(heard),
		    "+OK ready\r\n+ Pw==\r\n-ERR %s\r\n",
		    rows[i].heard == NULL ? "[AUTH] No" : rows[i].heard);
		talk_expect(heard);
	}
	/* The client leaves in the middle. */
	start("AUTH LOGIN\r\nYQ");
	answer_challenge("?");
	assert_string_equal(login_run(&l), "closed");
}

/* 12288 characters of base64 are taken, one group more is not. */
static void
longest(void **state)
{
	static char said[13000];
	const size_t lens[] = { 12288, 12292 };

	(void)state;
	for (size_t i = 0; i < COUNT(lens); i++) {
		memset(said, 'A', sizeof(said));
		memcpy(said, "AUTH PLAIN\r\n", 12);
		memcpy(said + 12 + lens[i], "\r\n", 3);
		start(said);
		answer_challenge("");
		if (i == 0)
			answer_failure("5.7.8", "No");
		assert_string_equal(login_run(&l), "closed");
		talk_expect(i == 0
			? "+OK ready\r\n+ \r\n-ERR [AUTH] No\r\n"
			: "+OK ready\r\n+ \r\n-ERR Response too long or not "
			  "plain text\r\n");
		if (i == 0) {
			expect_told(AUTH_T_START, false, NULL);
			expect_told(AUTH_T_RESPONSE, true, NULL);
			assert_int_equal(told.response.token_len, 9216);
		}
	}
}

/* One deadline for the whole phase, not one for each command. */
static void
slow(void **state)
{
	(void)state;
	start("");
	talk_start("CAPA\r\nUSER");
	l.timeout = 1;
	assert_string_equal(login_run(&l), "timeout");
	assert_non_null(
	    strstr(talk_heard(NULL), "-ERR Login took too long\r\n"));
}

/* As slow in the middle of AUTH. */
static void
slow_response(void **state)
{
	(void)state;
	start("");
	talk_start("AUTH LOGIN\r\nYQ");
	answer_challenge("?");
	l.timeout = 1;
	assert_string_equal(login_run(&l), "timeout");
	talk_expect("+OK ready\r\n+ Pw==\r\n-ERR Login took too long\r\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(greeting),
		cmocka_unit_test(one_answer),
		cmocka_unit_test(capabilities),
		cmocka_unit_test(user_and_pass),
		cmocka_unit_test(wrong_password),
		cmocka_unit_test(temporary),
		cmocka_unit_test(handover_fails),
		cmocka_unit_test(success_alone),
		cmocka_unit_test(five_failures),
		cmocka_unit_test(authd_lost),
		cmocka_unit_test(too_long),
		cmocka_unit_test(too_many),
		cmocka_unit_test(mechanism),
		cmocka_unit_test(cancelled),
		cmocka_unit_test(longest),
		cmocka_unit_test(slow),
		cmocka_unit_test(slow_response),
	};

	return cmocka_run_group_tests(tests, login_setup, unit_teardown);
}
