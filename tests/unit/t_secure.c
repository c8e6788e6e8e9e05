/*
 * t_secure: STARTTLS and TLS from the first byte, with tlsd played by
 * functions: what was said before is forgotten, however it was cut.
 *
 * wrap: intake_begin intake_rcpt intake_body intake_write intake_commit
 * wrap: intake_abort chan_send chan_recv
 * wrap: tls_client_offer tls_client_go tls_client_now
 */
#include "tests/unit/smtp_talk.h"

bool __wrap_tls_client_offer(
    struct tls_client *, const struct msg_tls_start *, int, char[TEXT_MAX + 1]);
int __wrap_tls_client_go(
    struct tls_client *, struct msg_tls_ready *, char[TEXT_MAX + 1]);
int __wrap_tls_client_now(struct tls_client *, const struct msg_tls_start *,
    int, struct msg_tls_ready *, char[TEXT_MAX + 1]);

/* tlsd, and what the client says to it. */
static struct {
	const char *in;      /* what comes in TLS */
	const char *profile; /* what it must be told */
	bool refuses, breaks, penalty;
	int client; /* the plain socket's other end */
	unsigned int offered, begun;
} tlsd;

static char heard[20000]; /* by the client, in TLS */

static const struct msg_tls_ready facts = { .version = "TLSv1.3",
	.cipher = "TLS_AES\n_X",
	.exporter_len = TLS_DIGEST,
	.exporter = "exporter",
	.certificate_len = TLS_DIGEST,
	.certificate = "certificate",
	.email = "alice@local.test",
	.witness_len = 3,
	.witness = "wit" };

static int
shake(struct msg_tls_ready *ready, char reason[TEXT_MAX + 1])
{
	int pair[2];

	tlsd.begun++;
	if (tlsd.breaks) {
		strlcpy(reason, "no shared cipher", TEXT_MAX + 1);
		return -1;
	}
	*ready = facts;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(
	    write(pair[0], tlsd.in, strlen(tlsd.in)), strlen(tlsd.in));
	assert_int_equal(shutdown(pair[0], SHUT_WR), 0);
	tlsd.client = pair[0];
	return pair[1];
}

static void
check_start(const struct msg_tls_start *m)
{
	assert_string_equal(m->service, "smtp");
	assert_string_equal(m->profile, tlsd.profile);
	assert_string_equal(m->peer, "127.0.0.1");
	assert_int_equal(m->flags, 0);
}

bool
__wrap_tls_client_offer(struct tls_client *c, const struct msg_tls_start *m,
    int fd, char reason[TEXT_MAX + 1])
{
	assert_int_equal(fd, session.io.in);
	check_start(m);
	tlsd.offered++;
	c->penalty = tlsd.penalty;
	if (tlsd.refuses)
		strlcpy(reason, "no certificate", TEXT_MAX + 1);
	return !tlsd.refuses;
}

int
__wrap_tls_client_go(struct tls_client *c, struct msg_tls_ready *ready,
    char reason[TEXT_MAX + 1])
{
	(void)c;
	/* All that was said in plaintext was dropped, before 220 left. */
	assert_int_equal(lineio_pending(&session.io), 0);
	assert_int_equal(session.io.outlen, 0);
	return shake(ready, reason);
}

int
__wrap_tls_client_now(struct tls_client *c, const struct msg_tls_start *m,
    int fd, struct msg_tls_ready *ready, char reason[TEXT_MAX + 1])
{
	(void)c;
	assert_int_equal(fd, session.io.in);
	check_start(m);
	return shake(ready, reason);
}

/* One session; what the client hears in plaintext, and in heard what in TLS. */
static const char *
secure_talk(const char *profile, const char *plain, const char *in, size_t cut)
{
	const char *out;
	size_t len = 0;
	ssize_t n;

	tlsd.in = in;
	tlsd.profile = profile;
	tlsd.client = -1;
	tlsd.offered = tlsd.begun = 0;
	out = talk(profile, plain, cut, 100000);
	if (tlsd.client != -1) {
		while ((n = read(tlsd.client, heard + len,
			    sizeof(heard) - 1 - len)) > 0)
			len += (size_t)n;
		assert_int_equal(close(tlsd.client), 0);
	}
	heard[len] = '\0';
	return out;
}

#define TLS "STARTTLS\r\n"
#define TLS_GO "220 2.0.0 Go ahead with TLS\r\n"
#define HI_TLS HI "250-STARTTLS\r\n250 HELP\r\n"
#define HI_AUTH HI "250-AUTH PLAIN LOGIN\r\n250 HELP\r\n"
#define HELLO_FIRST "503 5.5.1 Say EHLO and the name of your host first\r\n"
#define TLS_FIRST                                                              \
	"530 5.7.0 This port wants encryption; say STARTTLS, then EHLO "       \
	"again\r\n"
#define TLS_LATER                                                              \
	"530 5.7.0 This port wants encryption, which is not possible now; "    \
	"please connect again later\r\n"
#define TLS_MISSING                                                            \
	"530 5.7.0 This port wants encryption, and there is no certificate "   \
	"for it; the administrator can run: postrider tls make-cert\r\n"
#define PENALTY                                                                \
	"454 4.7.0 Too many failed handshakes from your address; please try "  \
	"again in a minute\r\n"
#define AUTH_GOOD "AUTH PLAIN " PLAIN_GOOD "\r\n"
#define LOGGED_IN "235 2.7.0 Logged in\r\n"
#define NO_TLS "454 4.7.0 There is no TLS now; please connect again later\r\n"

#define WITHOUT                                                                \
	"454 4.7.0 There is no TLS now; go on without it, or connect again "   \
	"later\r\n"

struct row {
	const char *profile, *plain, *in; /* what the client says */
	const char *hears, *hears_in_tls, *queue;
};

/* clang-format off */
static const struct row rows[] = {
/* what was injected has never been said (T01) */
{ "demanding", HELLO TLS "NOOP\r\n", HELLO QUIT,
    BANNER HI_TLS TLS_GO, HI_AUTH BYE, "" },
{ "demanding", HELLO TLS HELLO FROM TO "DATA\r\nx\r\n.\r\n", HELLO QUIT,
    BANNER HI_TLS TLS_GO, HI_AUTH BYE, "" },
{ "demanding", HELLO TLS "NOO", "P\r\n" HELLO,
    BANNER HI_TLS TLS_GO, "500 5.5.1 No such command; HELP lists those that there are\r\n" HI_AUTH, "" },
/* the session begins anew */
{ "demanding", HELLO TLS, FROM AUTH_GOOD TLS HELLO TLS AUTH_GOOD FROM TO "DATA\r\nx\r\n.\r\n" QUIT,
    BANNER HI_TLS TLS_GO,
    HELLO_FIRST HELLO_FIRST HELLO_FIRST HI_AUTH "503 5.5.1 This line is encrypted; go on with EHLO\r\n"
    LOGGED_IN "553 5.7.1 You may not send as a@x.test; use an address of your own\r\n"
    "421 4.7.0 Too many refused commands; please connect again when they are mended\r\n", "" },
{ "demanding", HELLO TLS, HELLO FROM TO "DATA\r\nx\r\n.\r\n" QUIT,
    BANNER HI_TLS TLS_GO, HI_AUTH FROM_OK TO_OK GO DONE BYE,
    "from <a@x.test> to <alice@local.test>\nx\ncommit\n" },
{ "demanding", HELLO TLS, "HELP\r\n",
    BANNER HI_TLS TLS_GO,
    "214-2.0.0 Commands: HELO EHLO AUTH MAIL RCPT DATA BDAT RSET NOOP VRFY EXPN HELP QUIT\r\n"
    "214 2.0.0 A message: EHLO, MAIL, RCPT, DATA, the text, a dot\r\n", "" },
/* before it, RFC 3207 section 4; errors count for both together */
{ "demanding", "NOOP\r\n" HELLO "MAIL FROM:<a@x.test>\r\n" AUTH_GOOD "RSET\r\nHELP\r\n" TLS, "FOO\r\nNOOP\r\n" QUIT,
    BANNER OK HI_TLS TLS_FIRST TLS_FIRST TLS_FIRST TLS_FIRST TLS_GO,
    "500 5.5.1 No such command; HELP lists those that there are\r\n"
    "421 4.7.0 Too many refused commands; please connect again when they are mended\r\n", "" },
{ "careless", HELLO AUTH_GOOD TLS, HELLO AUTH_GOOD QUIT,
    BANNER HI_TLS TLS_FIRST TLS_GO, HI_AUTH LOGGED_IN BYE, "" },
{ "demanding", "HELO t\r\nVRFY x\r\n" QUIT, "",
    BANNER "250 mail.local.test\r\n" TLS_FIRST BYE, "", "" },
/* a word too many, or too early */
{ "demanding", TLS HELLO "STARTTLS x\r\n" TLS, QUIT,
    BANNER HELLO_FIRST HI_TLS "501 5.5.4 STARTTLS takes no argument; send the word alone\r\n" TLS_GO, BYE, "" },
/* from the first byte: nothing in plaintext, and no second time */
{ "first", "", HELLO TLS AUTH_GOOD "MAIL FROM:<alice@local.test>\r\nRCPT TO:<x@foreign.test>\r\nDATA\r\nx\r\n.\r\n" QUIT,
    "", BANNER HI_AUTH "503 5.5.1 This line is encrypted; go on with EHLO\r\n" LOGGED_IN FROM_OK TO_OK GO DONE BYE,
    "from <alice@local.test> login alice@local.test to <x@foreign.test>\nx\ncommit\n" },
{ "first", "", "\x16NOOP\r\n", "",
    BANNER "500 5.5.1 No such command; HELP lists those that there are\r\n", "" },
};
/* clang-format on */

static void
check(const struct row *r, size_t cut)
{
	const char *out = secure_talk(r->profile, r->plain, r->in, cut);

	assert_string_equal(out, r->hears);
	assert_string_equal(heard, r->hears_in_tls);
	assert_string_equal(queue, r->queue);
}

static int
fresh(void **state)
{
	(void)state;
	reset_daemons();
	tlsd.refuses = tlsd.breaks = tlsd.penalty = false;
	certificates = true;
	return 0;
}

static void
however_it_is_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t cut = 0; cut <= strlen(rows[i].plain); cut++)
			check(&rows[i], cut);
}

/* Sender, recipients, login and name of what spoke in plaintext (T06). */
static void
forgets(void **state)
{
	(void)state;
	assert_string_equal(secure_talk("submission",
				"EHLO early\r\n" AUTH_GOOD
				"MAIL FROM:<alice@local.test>\r\n" TO TLS,
				HELLO FROM TO "DATA\r\n" QUIT, 0),
	    BANNER HI "250-STARTTLS\r\n250-AUTH PLAIN LOGIN\r\n"
		      "250 HELP\r\n" LOGGED_IN FROM_OK TO_OK TLS_GO);
	assert_string_equal(heard,
	    HI_AUTH
	    "530 5.7.0 Log in before sending mail; say AUTH and one of "
	    "the mechanisms that EHLO lists\r\n" MAIL_FIRST MAIL_FIRST BYE);
	assert_string_equal(
	    secure_talk("submission", "EHLO early\r\n" AUTH_GOOD TLS, "", 0),
	    BANNER HI "250-STARTTLS\r\n250-AUTH PLAIN LOGIN\r\n"
		      "250 HELP\r\n" LOGGED_IN TLS_GO);
	assert_string_equal(session.helo, "");
	assert_string_equal(session.login, "");
	assert_false(session.esmtp);
	assert_int_equal(session.state, ST_GREETED);
	assert_int_equal(session.commands, 4); /* with the end: counted on */
	/* What goes into the message cannot end its line. */
	assert_string_equal(session.tls_facts.cipher, "TLS_AES?_X");
}

/* What the line is, for mechanisms that want to know. */
static void
tells_authd(void **state)
{
	(void)state;
	assert_string_equal(
	    secure_talk("first", "", HELLO AUTH_GOOD QUIT, 0), "");
	assert_string_equal(heard, BANNER HI_AUTH LOGGED_IN BYE);
	assert_true(authd.start.flags & AUTH_TLS);
	assert_int_equal(authd.start.exporter_len, TLS_DIGEST);
	assert_memory_equal(authd.start.exporter, facts.exporter, TLS_DIGEST);
	assert_int_equal(authd.start.certificate_len, TLS_DIGEST);
	assert_memory_equal(
	    authd.start.certificate, facts.certificate, TLS_DIGEST);
	assert_string_equal(authd.start.email, "alice@local.test");
	assert_int_equal(authd.start.witness_len, 3);
	assert_memory_equal(authd.start.witness, "wit", 3);
	assert_string_equal(authd.start.offered, "PLAIN LOGIN");
	(void)secure_talk("submission", HELLO AUTH_GOOD QUIT, "", 0);
	assert_int_equal(authd.start.flags, AUTH_INITIAL);
	assert_int_equal(authd.start.exporter_len, 0);
	assert_int_equal(authd.start.certificate_len, 0);
}

/* Where it is optional, the session goes on as it was. */
static void
goes_on(void **state)
{
	(void)state;
	tlsd.refuses = true;
	assert_string_equal(
	    secure_talk("mx", HELLO FROM TLS TO TLS QUIT, "", 0),
	    BANNER HI_TLS FROM_OK WITHOUT TO_OK WITHOUT BYE);
	assert_int_equal(tlsd.offered, 1);
}

/* No byte of TLS has crossed the line: the session goes on, once (T25). */
static void
refused(void **state)
{
	(void)state;
	tlsd.refuses = true;
	assert_string_equal(
	    secure_talk("demanding", HELLO TLS TLS HELLO FROM QUIT, "", 0),
	    BANNER HI_TLS NO_TLS NO_TLS HI "250 HELP\r\n" TLS_LATER BYE);
	assert_int_equal(tlsd.offered, 1);
	assert_int_equal(tlsd.begun, 0);
}

/* A client that has failed too often hears that it is not tlsd. */
static void
penalty(void **state)
{
	(void)state;
	tlsd.refuses = tlsd.penalty = true;
	assert_string_equal(
	    secure_talk("demanding", HELLO TLS TLS FROM QUIT, "", 0),
	    BANNER HI_TLS PENALTY PENALTY TLS_LATER BYE);
	assert_string_equal(
	    secure_talk("submission", HELLO TLS TLS QUIT, "", 0),
	    BANNER HI "250-STARTTLS\r\n250-AUTH PLAIN LOGIN\r\n"
		      "250 HELP\r\n" PENALTY PENALTY BYE);
}

/* Nothing is announced that cannot be, and the refusal says why. */
static void
no_certificate(void **state)
{
	(void)state;
	certificates = false;
	assert_string_equal(
	    secure_talk("careless", HELLO TLS AUTH_GOOD FROM QUIT, "", 0),
	    BANNER HI
	    "250 HELP\r\n"
	    "454 4.7.0 There is no certificate for TLS here; the "
	    "administrator can run: postrider tls make-cert\r\n" TLS_MISSING
		TLS_MISSING BYE);
	assert_string_equal(secure_talk("mx", HELLO TLS QUIT, "", 0),
	    BANNER HI "250 HELP\r\n"
		      "503 5.5.1 TLS is not offered in this session; go on "
		      "without it\r\n" BYE);
	assert_int_equal(tlsd.offered + tlsd.begun, 0);
}

/* A handshake that nobody asked for is told the way that there is. */
static void
hello_too_early(void **state)
{
	static const struct {
		bool certificates;
		const char *profile, *way;
	} cases[] = {
		{ true, "mx", "say STARTTLS on it, or use port 465" },
		{ true, "unencrypted", "use port 465" },
		{ false, "mx", "there is none here" },
		{ false, "demanding", "there is none here" },
	};
	char want[300];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		certificates = cases[i].certificates;
		(void)snprintf(want, sizeof(want),
		    BANNER "554 5.5.1 This port begins without TLS; %s; "
			   "closing\r\n",
		    cases[i].way);
		assert_string_equal(
		    secure_talk(cases[i].profile, "\x16\x03\x01", "", 0), want);
		assert_string_equal(session.how, "tls-hello");
	}
}

/* And where one did, it ends without another word. */
static void
broken(void **state)
{
	(void)state;
	tlsd.breaks = true;
	assert_string_equal(
	    secure_talk("demanding", HELLO TLS "NOOP\r\n", "", 0),
	    BANNER HI_TLS TLS_GO);
	assert_int_equal(tlsd.begun, 1);
	assert_string_equal(session.how, "tls-failed");
	assert_string_equal(secure_talk("first", "", "", 0), "");
	assert_int_equal(tlsd.begun, 1);
	assert_string_equal(session.how, "tls-failed");
}

/* Also through a plain socket, the session never reads what came before. */
static void
long_injection(void **state)
{
	static char in[200000];

	(void)state;
	strlcpy(in, HELLO TLS, sizeof(in));
	for (int i = 0; i < 20000; i++)
		strlcat(in, "NOOP\r\n", sizeof(in));
	assert_string_equal(
	    secure_talk("demanding", in, HELLO QUIT, 60), BANNER HI_TLS TLS_GO);
	assert_string_equal(heard, HI_AUTH BYE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(however_it_is_cut, fresh),
		cmocka_unit_test_setup(forgets, fresh),
		cmocka_unit_test_setup(tells_authd, fresh),
		cmocka_unit_test_setup(goes_on, fresh),
		cmocka_unit_test_setup(refused, fresh),
		cmocka_unit_test_setup(penalty, fresh),
		cmocka_unit_test_setup(no_certificate, fresh),
		cmocka_unit_test_setup(hello_too_early, fresh),
		cmocka_unit_test_setup(broken, fresh),
		cmocka_unit_test_setup(long_injection, fresh),
	};

	return cmocka_run_group_tests(tests, talk_setup, unit_teardown);
}
