/*
 * t_login_tls: the verbs before login, with TLS played by the test; and APOP.
 * wrap: login_line_stls login_line_now
 */
#include "tests/unit/login.h"

#include <bsd/string.h>

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
	strlcpy(line->tls.version, "TLSv1.3", sizeof(line->tls.version));
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

#define NO_CERT                                                                \
	"-ERR [SYS/PERM] This needs an encrypted line, and there is no "       \
	"certificate for one: ask the administrator (postrider tls "           \
	"make-cert)\r\n"
#define NOT_OFFERED "-ERR STLS is not offered here\r\n"
#define PENALTY                                                                \
	"-ERR [SYS/TEMP] Too many failed handshakes from your address, try "   \
	"again in a minute\r\n"

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

/* A refusal names what can work, and nothing else. */
static void
advice(void **state)
{
	static const struct {
		enum tls_policy policy;
		bool nearby, certificates, penalty;
		const char *user, *stls;
	} rows[] = {
		{ TLS_REQUIRED, false, false, false, NO_CERT, NO_CERT },
		{ TLS_REQUIRED, true, false, false, NO_CERT, NO_CERT },
		{ TLS_NO, false, false, false, NO_CERT, NOT_OFFERED },
		{ TLS_NO, true, false, false,
		    "-ERR [AUTH] No passwords on an unencrypted line from "
		    "your address, and there is no certificate for another: "
		    "connect from the mail host itself, or ask its "
		    "administrator (postrider tls make-cert)\r\n",
		    NOT_OFFERED },
		{ TLS_NO, true, true, false, SECRET, NOT_OFFERED },
		{ TLS_OPTIONAL, false, true, true, PENALTY, PENALTY },
	};
	char heard[700];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		start("USER alice\r\nSTLS\r\n");
		with_tls(rows[i].policy, false, false);
		l.line.nearby = rows[i].nearby;
		l.line.certificates = rows[i].certificates;
		l.line.tlsd.penalty = rows[i].penalty;
		stls = STLS_LATER;
		assert_string_equal(login_run(&l), "closed");
		(void)snprintf(heard, sizeof(heard), "+OK ready\r\n%s%s",
		    rows[i].user, rows[i].stls);
		talk_expect(heard);
	}
}

/* TLS on a port that begins without: told in words, before a line ends. */
static void
hello(void **state)
{
	static const struct {
		enum tls_policy policy;
		bool certificates;
		const char *said, *way;
	} rows[] = {
		{ TLS_OPTIONAL, true, "\x16\x03\x01",
		    "use STLS, or POP3S (port 995)" },
		{ TLS_REQUIRED, true, "\x80\x2e\x01\r\nQUIT\r\n",
		    "use STLS, or POP3S (port 995)" },
		{ TLS_NO, true, "\x16", "use POP3S (port 995)" },
		{ TLS_NO, false, "\x16", "there is none here" },
	};
	char heard[200];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		start(rows[i].said);
		with_tls(rows[i].policy, true, true);
		l.line.certificates = rows[i].certificates;
		assert_string_equal(login_run(&l), "tls-hello");
		(void)snprintf(heard, sizeof(heard),
		    "+OK ready\r\n"
		    "-ERR This port begins without TLS: %s\r\n",
		    rows[i].way);
		talk_expect(heard);
	}
	/* Within TLS, and later in plaintext, it is a command like any. */
	start("\x16\r\n");
	with_tls(TLS_IMPLICIT, false, true);
	assert_string_equal(login_run(&l), "closed");
	talk_expect("+OK ready\r\n-ERR Unknown command\r\n");
	start("CAPA x\r\n\x16\r\n");
	assert_string_equal(login_run(&l), "closed");
	talk_expect("+OK ready\r\n-ERR This command takes no argument\r\n"
		    "-ERR Unknown command\r\n");
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offers),
		cmocka_unit_test(advice),
		cmocka_unit_test(hello),
		cmocka_unit_test(stls_starts_over),
		cmocka_unit_test(stls_fails),
		cmocka_unit_test(stls_keeps_counters),
		cmocka_unit_test(implicit),
		cmocka_unit_test(apop),
		cmocka_unit_test(apop_not_there),
		cmocka_unit_test(apop_long_banner),
	};

	return cmocka_run_group_tests(tests, login_setup, unit_teardown);
}
