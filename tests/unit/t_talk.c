/*
 * t_talk: scripted dialogues: what is sent, what is shown, how it ends.
 */
#include "tests/unit/unit.h"

#include <sys/socket.h>

#include <sysexits.h>

#include "queue/talk.h"
#include "queue/talk_listing.h"

/* clang-format off */
static const struct {
	enum talk_proto proto;
	const char *line;
	bool answers;
	const char *shown;
} hidden[] = {
	{ TALK_SMTP, "AUTH PLAIN AGEAYg==",	false,	"AUTH PLAIN ****" },
	{ TALK_SMTP, "auth login YQ==",		false,	"auth login ****" },
	{ TALK_SMTP, "AUTH LOGIN",		false,	"AUTH LOGIN" },
	{ TALK_SMTP, "YQ==",			true,	"****" },
	{ TALK_SMTP, "*",			true,	"*" },
	{ TALK_SMTP, "AUTHX a b",		false,	"AUTHX a b" },
	{ TALK_SMTP, "MAIL FROM:<a@x>",		false,	"MAIL FROM:<a@x>" },
	{ TALK_SMTP, "PASS secret",		false,	"PASS secret" },
	{ TALK_POP3, "PASS secret with blank",	false,	"PASS ****" },
	{ TALK_POP3, "pass  secret",		false,	"pass  ****" },
	{ TALK_POP3, "PASS",			false,	"PASS" },
	{ TALK_POP3, "USER alice",		false,	"USER alice" },
	{ TALK_POP3, "APOP alice 0123",		false,	"APOP alice ****" },
	{ TALK_POP3, "AUTH PLAIN AGEAYg==",	false,	"AUTH PLAIN ****" },
	{ TALK_POP3, "AGEAYg==",		true,	"****" },
};

static const struct {
	const char *command;
	bool listing;
} listings[] = {
	{ "RETR 1", true },	{ "retr 1", true },	{ "TOP 1 0", true },
	{ "LIST", true },	{ "LIST 1", false },	{ "UIDL", true },
	{ "UIDL 2", false },	{ "CAPA", true },	{ "AUTH", true },
	{ "AUTH PLAIN", false }, { "STAT", false },	{ "LISTEN", false },
	{ "", false },
};

static const struct {
	const char *in, *text;
	enum talk_place place;
	size_t taken;
} bodies[] = {
	{ "a\r\n.\r\n",			"a\n",		AT_END,	6 },
	{ ".\r\n",			"",		AT_END,	3 },
	{ "a\r\n..\r\n.\r\nrest",	"a\n.\n",	AT_END,	10 },
	{ "..b\r\n.\r\n",		".b\n",		AT_END,	8 },
	{ "a\n.\n\r\n.\r\n",		"a\n.\n\n",	AT_END,	9 },
	{ "a\r.\r\n.\r\n",		"a\r.\n",	AT_END,	8 },
	{ "a\r\r\n.\r\n",		"a\r\n",	AT_END,	7 },
	{ ".\rx\r\n.\r\n",		"\rx\n",	AT_END,	8 },
	{ "a\r\n.",			"a\n",		AT_DOT,	4 },
	{ "a\r\n",			"a\n",		AT_START, 3 },
};
/* clang-format on */

static void
hides_secrets(void **state)
{
	char shown[100];

	(void)state;
	for (size_t i = 0; i < COUNT(hidden); i++) {
		talk_hide(hidden[i].proto, hidden[i].line, hidden[i].answers,
		    shown, sizeof(shown));
		assert_string_equal(shown, hidden[i].shown);
	}
}

static void
knows_listings(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(listings); i++)
		assert_int_equal(
		    talk_is_listing(listings[i].command), listings[i].listing);
}

/* Feeds a text in pieces; returns how much of it was taken. */
static size_t
feed(struct talk_listing *l, const char *in, size_t piece, struct sbuf *out)
{
	size_t taken = 0, n;

	while (taken < strlen(in) && l->place != AT_END) {
		n = strlen(in) - taken;
		taken += talk_listing_feed(
		    l, in + taken, n < piece ? n : piece, out);
	}
	return taken;
}

static void
reads_listings_in_any_pieces(void **state)
{
	struct sbuf out = SBUF_INIT(100);
	struct talk_listing l;

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++)
		for (size_t piece = 1; piece < 20; piece++) {
			sbuf_clear(&out);
			l.place = AT_START;
			assert_int_equal(feed(&l, bodies[i].in, piece, &out),
			    bodies[i].taken);
			assert_int_equal(l.place, bodies[i].place);
			assert_string_equal(sbuf_str(&out), bodies[i].text);
		}
	sbuf_free(&out);
}

/*
 * The server has said all its lines before, which a client that waits for
 * replies cannot tell.
 */
static int
dialogue(const struct talk_options *o, const char *server, const char *script,
    char *shown, size_t size)
{
	FILE *in = fmemopen((void *)(uintptr_t)script, strlen(script), "r");
	FILE *out = fmemopen(shown, size, "w");
	int fd[2], status;

	assert_non_null(in);
	assert_non_null(out);
	memset(shown, 0, size);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	assert_int_equal(
	    write(fd[1], server, strlen(server)), (ssize_t)strlen(server));
	assert_int_equal(shutdown(fd[1], SHUT_WR), 0);
	status = talk_run(o, fd[0], in, out);
	(void)fclose(in);
	(void)fclose(out);
	(void)close(fd[0]);
	(void)close(fd[1]);
	return status;
}

/* clang-format off */
static const struct {
	enum talk_proto proto;
	const char *server, *script, *shown;
	int status;
} runs[] = {
	{ TALK_SMTP, "220 hi\r\n250-a\r\n250 b\r\n221 bye\r\n", "EHLO me\nQUIT\n",
	    "S: 220 hi\nC: EHLO me\nS: 250-a\nS: 250 b\nC: QUIT\nS: 221 bye\n", 0 },
	{ TALK_SMTP, "220 hi\r\n334 VXNlcg==\r\n334 UGFzcw==\r\n235 in\r\n",
	    "AUTH LOGIN\nYQ==\nYg==\n",
	    "S: 220 hi\nC: AUTH LOGIN\nS: 334 VXNlcg==\nC: ****\n"
	    "S: 334 UGFzcw==\nC: ****\nS: 235 in\n", 0 },
	{ TALK_SMTP, "220 hi\r\n354 go\r\n250 ok\r\n", "DATA\nline\n..\n.\n",
	    "S: 220 hi\nC: DATA\nS: 354 go\nC: line\nC: ..\nC: .\nS: 250 ok\n", 0 },
	{ TALK_SMTP, "220 hi\r\n550 no\r\n250 ok\r\n", "RCPT TO:<a>\nNOOP\n",
	    "S: 220 hi\nC: RCPT TO:<a>\nS: 550 no\nC: NOOP\nS: 250 ok\n", 1 },
	{ TALK_SMTP, "220 hi\r\n550 no\r\n", ".expect 550\nRCPT TO:<a>\n",
	    "S: 220 hi\nC: RCPT TO:<a>\nS: 550 no\n", 0 },
	{ TALK_SMTP, "220 hi\r\n250 yes\r\n", ".expect 550\nRCPT TO:<a>\n",
	    "S: 220 hi\nC: RCPT TO:<a>\nS: 250 yes\n", 1 },
	{ TALK_SMTP, "220 hi\r\n", "NOOP\n", "S: 220 hi\nC: NOOP\n", EX_UNAVAILABLE },
	{ TALK_SMTP, "hello\r\n", "NOOP\n", "S: hello\n", EX_PROTOCOL },
	{ TALK_SMTP, "220 a\x1b[2Jb\r\n", "", "S: 220 a?[2Jb\n", 0 },
	{ TALK_POP3, "+OK hi\r\n+OK\r\n1 5\r\n.\r\n+OK bye\r\n", "LIST\r\nQUIT\r\n",
	    "S: +OK hi\nC: LIST\nS: +OK\nS: 1 5\nS: .\nC: QUIT\nS: +OK bye\n", 0 },
	{ TALK_POP3, "+OK hi\r\n+OK\r\na\r\n..b\r\n.\r\n", "RETR 1\n",
	    "S: +OK hi\nC: RETR 1\nS: +OK\nS: a\nS: ..b\nS: .\n", 0 },
	{ TALK_POP3, "+OK hi\r\n-ERR no\r\n", "RETR 1\n",
	    "S: +OK hi\nC: RETR 1\nS: -ERR no\n", 1 },
	{ TALK_POP3, "+OK hi\r\n+ \r\n+OK in\r\n", "AUTH PLAIN\nAGEAYg==\n",
	    "S: +OK hi\nC: AUTH PLAIN\nS: + \nC: ****\nS: +OK in\n", 0 },
};
/* clang-format on */

static void
shows_both_sides(void **state)
{
	struct talk_options o = { .timeout = 5 };
	char shown[1000];
	int status;

	(void)state;
	for (size_t i = 0; i < COUNT(runs); i++) {
		o.proto = runs[i].proto;
		status = dialogue(
		    &o, runs[i].server, runs[i].script, shown, sizeof(shown));
		assert_string_equal(shown, runs[i].shown);
		assert_int_equal(status, runs[i].status);
	}
}

static void
shows_secrets_when_told(void **state)
{
	const struct talk_options o = { TALK_POP3, true, false, 5 };
	char shown[200];

	(void)state;
	assert_int_equal(dialogue(&o, "+OK hi\r\n+OK\r\n", "PASS secret\n",
			     shown, sizeof(shown)),
	    0);
	assert_non_null(strstr(shown, "C: PASS secret\n"));
}

static void
saves_what_is_retrieved(void **state)
{
	const struct talk_options o = { TALK_POP3, false, false, 5 };
	char shown[500], script[500], text[50];
	int fd;

	(void)state;
	(void)snprintf(script, sizeof(script), ".save %s\nRETR 1\nSTAT\n",
	    unit_path("message"));
	assert_int_equal(
	    dialogue(&o, "+OK hi\r\n+OK\r\nA: b\r\n\r\n..x\r\n.\r\n+OK\r\n",
		script, shown, sizeof(shown)),
	    0);
	assert_non_null(strstr(shown, "(9 bytes with LF ends, saved)"));
	assert_null(strstr(shown, "A: b"));
	fd = open(unit_path("message"), O_RDONLY);
	assert_int_equal(read(fd, text, sizeof(text)), 9);
	assert_memory_equal(text, "A: b\n\n.x\n", 9);
	(void)close(fd);
}

/* What the server got is what the file holds, with CRLF and dots doubled. */
static void
sends_files(void **state)
{
	static const char file[] = "A: b\n\n.x\r\n.\nlast";
	static const char wire[] =
	    "DATA\r\nA: b\r\n\r\n..x\r\n..\r\nlast\r\n.\r\n";
	const struct talk_options o = { TALK_SMTP, false, false, 5 };
	char script[500], shown[500], got[100];
	int fd[2];
	FILE *in, *out;

	(void)state;
	unit_file("file", file, strlen(file));
	(void)snprintf(
	    script, sizeof(script), "DATA\n.file %s\n", unit_path("file"));
	in = fmemopen(script, strlen(script), "r");
	out = fmemopen(shown, sizeof(shown), "w");
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	assert_int_equal(write(fd[1], "220 x\r\n354 x\r\n250 x\r\n", 21), 21);
	assert_int_equal(talk_run(&o, fd[0], in, out), 0);
	assert_int_equal(read(fd[1], got, sizeof(got)), (int)strlen(wire));
	assert_memory_equal(got, wire, strlen(wire));
	(void)fclose(in);
	(void)fclose(out);
	(void)close(fd[0]);
	(void)close(fd[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hides_secrets),
		cmocka_unit_test(knows_listings),
		cmocka_unit_test(reads_listings_in_any_pieces),
		cmocka_unit_test(shows_both_sides),
		cmocka_unit_test(shows_secrets_when_told),
		cmocka_unit_test(saves_what_is_retrieved),
		cmocka_unit_test(sends_files),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
