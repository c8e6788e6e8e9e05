/*
 * t_login: the verbs before login, with authd's answers laid out before, and
 * TLS played by the test.
 * wrap: login_line_stls login_line_now
 */
#include "tests/unit/cdb.h"
#include "tests/unit/talk.h"

#include <bsd/string.h>

#include "common/log.h"
#include "common/sock.h"
#include "pop3d/login.h"

static struct login l;
static struct chan authd; /* its end */
static struct tables tables;
static int tlsd = -1; /* its end */
static enum login_stls stls;
static unsigned int handshakes;

enum login_stls __wrap_login_line_stls(struct login_line *, struct client *);
bool __wrap_login_line_now(struct login_line *, struct client *);

static void
encrypt(struct login_line *line)
{
	handshakes++;
	line->encrypted = line->secrets = true;
	strlcpy(line->offered, "SCRAM-SHA-256 PLAIN", sizeof(line->offered));
}

enum login_stls
__wrap_login_line_stls(struct login_line *line, struct client *c)
{
	if (stls == STLS_DONE) {
		client_reply(c, "+OK Go");
		encrypt(line);
	}
	return stls;
}

bool
__wrap_login_line_now(struct login_line *line, struct client *c)
{
	if (stls == STLS_DONE)
		encrypt(line);
	else
		c->broken = true;
	return stls == STLS_DONE;
}

/* What accounts can use, from the next start() on. */
static void
use_mechanisms(const char *words)
{
	const struct cdb_row row = { TABLES_META, "mechanisms", words };
	char e[TABLES_ERR];

	if (tables.fd != -1)
		tables_close(&tables);
	cdb_file("t.cdb", &row, 1);
	assert_true(tables_open(&tables, unit_path("t.cdb"), false, e));
}

static void
start(const char *said)
{
	int pair[2];

	chan_close(&authd);
	chan_close(&l.authd.chan);
	talk_start(said);
	talk_hang_up();
	assert_int_equal(sock_pair(pair), 0);
	memset(&l, 0, sizeof(l));
	chan_init(&l.authd.chan, pair[0], &auth_channel, AUTH_CLIENT);
	chan_init(&authd, pair[1], &auth_channel, AUTH_SERVER);
	l.authd.wait = 5;
	l.client = &client;
	l.line.tables = &tables;
	l.line.ip = "192.0.2.1";
	l.line.profile = "office";
	l.line.policy = TLS_NO;
	l.line.plaintext = true;
	tls_client_none(&l.line.tlsd);
	login_line_init(&l.line);
	l.banner = "ready";
	l.hostname = "mail.example.org";
	l.timeout = 5;
	l.errors = 20;
	l.junk = 30;
}

/* What authd will say next; it is not asked whether it may. */
static void
answer(unsigned int type, const void *msg)
{
	authd.state = AUTH_WORKING;
	assert_int_equal(chan_send(&authd, type, msg, -1, 0), CHAN_OK);
}

static void
answer_failure(const char *dsn, const char *text)
{
	struct msg_auth_failure f = { 0 };

	(void)snprintf(f.dsn, sizeof(f.dsn), "%s", dsn);
	(void)snprintf(f.text, sizeof(f.text), "%s", text);
	answer(AUTH_T_FAILURE, &f);
}

static void
answer_challenge(const char *text)
{
	struct msg_auth_challenge c = { 0 };

	c.token_len = (uint32_t)strlen(text);
	memcpy(c.token, text, c.token_len);
	answer(AUTH_T_CHALLENGE, &c);
}

static void
answer_handed(void)
{
	const struct msg_auth_handed h = { 0 };

	answer(AUTH_T_HANDED, &h);
}

/* What authd was told; a message of this type must come. */
static union msg_auth told;

/* And whether the client's socket came with it; *keep is the caller's. */
static void
expect_told(unsigned int type, bool socket, int *keep)
{
	unsigned int got;
	int fd;

	authd.state = auth_channel.specs[type].states;
	assert_int_equal(chan_recv(&authd, &got, &told, &fd, 0), CHAN_OK);
	assert_int_equal(got, type);
	assert_int_equal(fd != -1, socket);
	if (keep != NULL)
		*keep = fd;
	else if (fd != -1)
		assert_int_equal(close(fd), 0);
}

static void
expect_silence(void)
{
	unsigned int got;

	assert_int_equal(chan_recv(&authd, &got, &told, NULL, 0), CHAN_AGAIN);
}

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

#define SECRET                                                                 \
	"-ERR [AUTH] No passwords on an unencrypted line from your address: "  \
	"connect from the mail host itself, or ask its administrator\r\n"

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

/* tlsd is there, or has gone, and the policy is this. */
static void
with_tls(enum tls_policy policy, bool plaintext, bool there)
{
	int pair[2];

	if (tlsd != -1)
		assert_int_equal(close(tlsd), 0);
	chan_close(&l.line.tlsd.chan);
	assert_int_equal(sock_pair(pair), 0);
	chan_init(&l.line.tlsd.chan, pair[0], &tls_channel, TLS_SESSION);
	tlsd = pair[1];
	if (!there) {
		assert_int_equal(close(tlsd), 0);
		tlsd = -1;
	}
	l.line.policy = policy;
	l.line.plaintext = plaintext;
	login_line_init(&l.line);
	stls = STLS_DONE;
	handshakes = 0;
}

#define BEFORE "+OK Capability list follows\r\nTOP\r\n"
#define BEHIND                                                                 \
	"RESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nUIDL\r\n"               \
	"EXPIRE NEVER\r\nIMPLEMENTATION Postrider\r\n.\r\n"
#define USE_STLS                                                               \
	"-ERR [AUTH] No passwords on an unencrypted line: use STLS first, "    \
	"or POP3S (port 995)\r\n"
#define NO_STLS                                                                \
	"-ERR [SYS/TEMP] Passwords need an encrypted line, which is not "      \
	"possible now, try again later\r\n"

/* What is listed can be used, and what can be used is listed. */
static void
offers(void **state)
{
	static const struct {
		enum tls_policy policy;
		bool plaintext, there;
		const char *capa, *user;
	} rows[] = {
		{ TLS_OPTIONAL, true, true,
		    "USER\r\nSASL PLAIN LOGIN\r\nSTLS\r\n",
		    "+OK Now the password, with PASS\r\n" },
		{ TLS_OPTIONAL, true, false, "USER\r\nSASL PLAIN LOGIN\r\n",
		    "+OK Now the password, with PASS\r\n" },
		{ TLS_OPTIONAL, false, true, "STLS\r\n", USE_STLS },
		{ TLS_OPTIONAL, false, false, "", NO_STLS },
		{ TLS_REQUIRED, true, true, "STLS\r\n", USE_STLS },
		{ TLS_REQUIRED, true, false, "", NO_STLS },
		{ TLS_NO, true, true, "USER\r\nSASL PLAIN LOGIN\r\n",
		    "+OK Now the password, with PASS\r\n" },
		{ TLS_NO, false, true, "", SECRET },
	};
	char heard[600];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		start("CAPA\r\nUSER alice\r\n");
		with_tls(rows[i].policy, rows[i].plaintext, rows[i].there);
		assert_string_equal(login_run(&l), "closed");
		(void)snprintf(heard, sizeof(heard),
		    "+OK ready\r\n" BEFORE "%s" BEHIND "%s", rows[i].capa,
		    rows[i].user);
		talk_expect(heard);
		expect_silence();
	}
}

/* The same login before and after, and nothing that was said before counts. */
static void
stls_starts_over(void **state)
{
	(void)state;
	start("USER alice\r\nSTLS\r\nPASS x\r\nCAPA\r\nSTLS\r\n"
	      "USER bob\r\nPASS y\r\n");
	with_tls(TLS_OPTIONAL, true, true);
	answer_handed();
	assert_string_equal(login_run(&l), "handed");
	assert_int_equal(handshakes, 1);
	talk_expect("+OK ready\r\n+OK Now the password, with PASS\r\n"
		    "+OK Go\r\n-ERR First the name, with USER\r\n" BEFORE
		    "USER\r\nSASL SCRAM-SHA-256 PLAIN\r\n" BEHIND
		    "-ERR This line is encrypted already\r\n"
		    "+OK Now the password, with PASS\r\n");
	expect_told(AUTH_T_START, true, NULL);
	assert_int_equal(told.start.flags, AUTH_INITIAL | AUTH_TLS);
	assert_memory_equal(told.start.token, "\0bob\0y", 6);
	assert_string_equal(told.start.offered, "SCRAM-SHA-256 PLAIN");
}

static void
stls_fails(void **state)
{
	static const struct {
		enum login_stls stls;
		const char *end, *heard;
	} rows[] = {
		{ STLS_LATER, "quit",
		    "-ERR [SYS/TEMP] STLS is not possible now\r\n"
		    "+OK Bye\r\n" },
		{ STLS_FLOOD, "flood",
		    "-ERR Nothing may be sent behind STLS before its answer"
		    "\r\n" },
		{ STLS_BROKEN, "tls-failed", "" },
	};
	char heard[200];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		start("STLS\r\nQUIT\r\n");
		with_tls(TLS_OPTIONAL, true, true);
		stls = rows[i].stls;
		assert_string_equal(login_run(&l), rows[i].end);
		(void)snprintf(
		    heard, sizeof(heard), "+OK ready\r\n%s", rows[i].heard);
		talk_expect(heard);
	}
	start("STLS\r\nSTLS x\r\n");
	with_tls(TLS_NO, true, true);
	assert_string_equal(login_run(&l), "closed");
	talk_expect("+OK ready\r\n-ERR STLS is not offered here\r\n"
		    "-ERR This command takes no argument\r\n");
	assert_int_equal(handshakes, 0);
}

/* Errors before it count after it. */
static void
stls_keeps_counters(void **state)
{
	char said[400] = "";

	(void)state;
	for (int i = 0; i < 12; i++)
		(void)strlcat(said, "NOOP\r\n", sizeof(said));
	(void)strlcat(said, "STLS\r\n", sizeof(said));
	for (int i = 0; i < 8; i++)
		(void)strlcat(said, "NOOP\r\n", sizeof(said));
	start(said);
	with_tls(TLS_OPTIONAL, true, true);
	assert_string_equal(login_run(&l), "errors");
}

static void
implicit(void **state)
{
	(void)state;
	start("CAPA\r\nQUIT\r\n");
	with_tls(TLS_IMPLICIT, false, true);
	assert_string_equal(login_run(&l), "quit");
	talk_expect(
	    "+OK ready\r\n" BEFORE "USER\r\nSASL SCRAM-SHA-256 PLAIN\r\n" BEHIND
	    "+OK Bye\r\n");
	assert_int_equal(handshakes, 1);
	/* Not a byte without it. */
	start("CAPA\r\nQUIT\r\n");
	with_tls(TLS_IMPLICIT, true, true);
	stls = STLS_BROKEN;
	assert_string_equal(login_run(&l), "tls-failed");
	talk_expect("");
}

#define DIGEST "0123456789abcdef0123456789abcdef"

static void
apop(void **state)
{
	char stamp[400];
	size_t n;

	(void)state;
	use_mechanisms("PLAIN CRAM-MD5 APOP");
	start("APOP alice x\r\nAPOP alice " DIGEST "\r\n");
	answer_handed();
	assert_string_equal(login_run(&l), "handed");
	n = strcspn(talk_heard(NULL), "\r");
	/* The greeting is gone from the socket: it is in the token, too. */
	expect_told(AUTH_T_START, true, NULL);
	assert_string_equal(told.start.mech, "APOP");
	assert_int_equal(told.start.flags, AUTH_INITIAL);
	strlcpy(stamp, l.stamp, sizeof(stamp));
	assert_int_equal(n, strlen("+OK ready ") + strlen(stamp));
	assert_int_equal(told.start.token_len, strlen(stamp) + 1 + 6 + 32);
	assert_memory_equal(told.start.token, stamp, strlen(stamp) + 1);
	assert_memory_equal(
	    told.start.token + strlen(stamp) + 1, "alice\0" DIGEST, 6 + 32);
	use_mechanisms("PLAIN LOGIN");
}

/* Where a password must not cross nothing asks for a digest either. */
static void
apop_not_there(void **state)
{
	(void)state;
	use_mechanisms("PLAIN APOP");
	start("APOP alice " DIGEST "\r\n");
	with_tls(TLS_REQUIRED, true, true);
	assert_string_equal(login_run(&l), "closed");
	talk_expect("+OK ready\r\n-ERR APOP is not offered\r\n");
	/* Nor has it anything to answer later. */
	start("STLS\r\nAPOP alice " DIGEST "\r\n");
	with_tls(TLS_REQUIRED, true, true);
	assert_string_equal(login_run(&l), "closed");
	talk_expect("+OK ready\r\n+OK Go\r\n"
		    "-ERR APOP is not offered, use SCRAM-SHA-256 PLAIN\r\n");
	expect_silence();
	use_mechanisms("PLAIN LOGIN");
}

/* The whole timestamp stands in the line, however long the text is. */
static void
apop_long_banner(void **state)
{
	static char banner[600];
	const char *heard;
	size_t n;

	(void)state;
	use_mechanisms("APOP");
	start("");
	memset(banner, 'x', sizeof(banner) - 1);
	l.banner = banner;
	assert_string_equal(login_run(&l), "closed");
	heard = talk_heard(&n);
	assert_true(n <= REPLY_MAX);
	assert_non_null(strstr(heard, "@mail.example.org>\r\n"));
	use_mechanisms("PLAIN LOGIN");
}

static int
setup(void **state)
{
	(void)state;
	authd.fd = l.authd.chan.fd = tables.fd = -1;
	log_open("t", LOG_TO_FILE, "/dev/null");
	if (unit_setup(state) == -1)
		return -1;
	use_mechanisms("PLAIN LOGIN");
	return 0;
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
		cmocka_unit_test(offers),
		cmocka_unit_test(stls_starts_over),
		cmocka_unit_test(stls_fails),
		cmocka_unit_test(stls_keeps_counters),
		cmocka_unit_test(implicit),
		cmocka_unit_test(apop),
		cmocka_unit_test(apop_not_there),
		cmocka_unit_test(apop_long_banner),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
