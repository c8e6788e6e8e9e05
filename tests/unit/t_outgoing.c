/*
 * t_outgoing: what goes together in one write, and what follows what.  Replies
 * and refusals of all kinds are test_remote's.
 */
#include "tests/unit/unit.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <bsd/string.h>

#include "common/crc32c.h"
#include "delivery/outgoing.h"

#define MOST 3 /* messages */

/* The other side: what comes in one read, to its end, and what is answered. */
struct turn {
	const char *wanted, *said;
};

static const struct remote_config config = { .timeout = 5 };
static struct link line;
static struct outgoing_line l;
static struct outgoing o[MOST];
static struct wire_content content[MOST];
static struct msg_job_message msg[MOST];
static struct msg_job_rcpt rcpt[MOST][2];
static struct verdict verdict[MOST][2];
static int fd[2];
static pid_t server;

/* Status: the number of the turn that went wrong. */
static _Noreturn void
serve(const struct turn *turns, size_t n)
{
	char buf[4096];

	(void)close(fd[0]);
	for (size_t i = 0; i < n; i++) {
		ssize_t got = read(fd[1], buf, sizeof(buf) - 1);

		buf[got > 0 ? got : 0] = '\0';
		if (strcmp(buf, turns[i].wanted) != 0) {
			(void)fprintf(stderr, "wanted <%s> found <%s>\n",
			    turns[i].wanted, buf);
			_exit((int)i + 1);
		}
		if (write(fd[1], turns[i].said, strlen(turns[i].said)) == -1)
			_exit(100);
	}
	_exit(0);
}

static void
start(uint32_t has, const struct turn *turns, size_t n)
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	if ((server = fork()) == 0)
		serve(turns, n);
	(void)close(fd[1]);
	memset(&line.ext, 0, sizeof(line.ext));
	line.fd = fd[0];
	line.lmtp = line.tls_lost = false;
	line.messages = 0;
	line.ext.has = EXT_EHLO | has;
	(void)strlcpy(line.name, "mx.test", sizeof(line.name));
	lineio_init(&line.io, fd[0], fd[0]);
	outgoing_line_init(&l, &line, &config);
}

static void
finish(void)
{
	int status;

	(void)close(fd[0]);
	assert_int_equal(waitpid(server, &status, 0), server);
	assert_int_equal(status, 0);
}

/* Binary is what goes by BDAT. */
static void
message_is(size_t i, uint32_t rcpts, bool binary)
{
	static const char *const text[MOST] = { "one\n", "two\n", "3\n" };
	struct wire_content *c = &content[i];
	size_t n = strlen(text[i]);

	unit_file("content", text[i], n);
	c->fd = open(unit_path("content"), O_RDONLY);
	c->offset = 0;
	c->size = n;
	c->crc = crc32c(0, text[i], n);
	c->binary = binary;
	assert_int_equal(wire_content_look(c), CONTENT_OK);
	(void)close(c->fd);
	(void)strlcpy(msg[i].sender, "a@x", sizeof(msg[i].sender));
	(void)strlcpy(rcpt[i][0].addr, "b@y", sizeof(rcpt[i][0].addr));
	(void)strlcpy(rcpt[i][1].addr, "c@y", sizeof(rcpt[i][1].addr));
	msg[i].nrcpt = rcpts;
	outgoing_init(&o[i], &msg[i], c, rcpt[i], verdict[i]);
}

static void
message(size_t i, uint32_t rcpts)
{
	message_is(i, rcpts, false);
}

#define ENVELOPE "MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\n"
#define BINARY "MAIL FROM:<a@x> BODY=BINARYMIME\r\nRCPT TO:<b@y>\r\n"
#define BINARY_TOO (EXT_PIPELINING | EXT_CHUNKING | EXT_BINARYMIME)
#define GO "250 a\r\n250 b\r\n354 c\r\n"

/* Three messages, and each write but the first has parts of two. */
static void
pipelines_data(void **state)
{
	static const struct turn turns[] = {
		{ ENVELOPE "DATA\r\n", GO },
		{ "one\r\n.\r\n" ENVELOPE "DATA\r\n", "250 1\r\n" GO },
		{ "two\r\n.\r\n" ENVELOPE "DATA\r\n", "250 2\r\n" GO },
		{ "3\r\n.\r\n", "250 3\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < MOST; i++)
		message(i, 1);
	start(EXT_PIPELINING, turns, COUNT(turns));
	for (size_t i = 0; i < MOST; i++) {
		assert_int_equal(
		    outgoing_run(&l, &o[i], i + 1 < MOST ? &o[i + 1] : NULL),
		    OUTGOING_DONE);
		assert_int_equal(verdict[i][0].diag.outcome, OUT_OK);
		assert_int_equal(verdict[i][0].diag.text[0], '1' + (int)i);
	}
	finish();
	assert_int_equal(line.messages, 3);
}

/* No content goes before what is said of the envelope. */
static void
pipelines_bdat(void **state)
{
	static const struct turn turns[] = {
		{ BINARY, "250 a\r\n250 b\r\n" },
		{ "BDAT 4 LAST\r\none\nRSET\r\n" BINARY,
		    "250 1\r\n250 r\r\n250 a\r\n550 5.1.1 b\r\n" },
	};

	(void)state;
	message_is(0, 1, true);
	message_is(1, 1, true);
	start(BINARY_TOO, turns, COUNT(turns));
	assert_int_equal(outgoing_run(&l, &o[0], &o[1]), OUTGOING_DONE);
	assert_int_equal(verdict[0][0].diag.outcome, OUT_OK);
	assert_int_equal(outgoing_run(&l, &o[1], NULL), OUTGOING_DONE);
	assert_string_equal(verdict[1][0].diag.dsn, "5.1.1");
	assert_true(l.dirty);
	finish();
}

/* What could be left for a second transaction keeps the next one back. */
static void
waits(void **state)
{
	static const struct turn turns[] = {
		{ ENVELOPE "RCPT TO:<c@y>\r\nDATA\r\n",
		    "250 a\r\n250 b\r\n452 4.5.3 c\r\n354 d\r\n" },
		{ "one\r\n.\r\n", "250 1\r\n" },
		{ "MAIL FROM:<a@x>\r\nRCPT TO:<c@y>\r\nDATA\r\n", GO },
		{ "one\r\n.\r\n" ENVELOPE "DATA\r\n", "250 1\r\n" GO },
		{ "two\r\n.\r\n", "250 2\r\n" },
	};

	(void)state;
	message(0, 2);
	message(1, 1);
	start(EXT_PIPELINING, turns, COUNT(turns));
	assert_int_equal(outgoing_run(&l, &o[0], &o[1]), OUTGOING_DONE);
	assert_int_equal(verdict[0][0].diag.outcome, OUT_OK);
	assert_int_equal(verdict[0][1].diag.outcome, OUT_OK);
	assert_int_equal(outgoing_run(&l, &o[1], NULL), OUTGOING_DONE);
	assert_int_equal(verdict[1][0].diag.outcome, OUT_OK);
	finish();
}

/* After a transaction without an end the next begins with RSET. */
static void
resets(void **state)
{
	static const struct turn turns[] = {
		{ ENVELOPE "DATA\r\n", "250 a\r\n550 b\r\n554 c\r\n" },
		{ "RSET\r\n" ENVELOPE "DATA\r\n", "250 r\r\n" GO },
		{ "two\r\n.\r\n", "250 2\r\n" },
	};

	(void)state;
	message(0, 1);
	message(1, 1);
	start(EXT_PIPELINING, turns, COUNT(turns));
	assert_int_equal(outgoing_run(&l, &o[0], &o[1]), OUTGOING_DONE);
	assert_int_equal(verdict[0][0].code, 550);
	assert_int_equal(outgoing_run(&l, &o[1], NULL), OUTGOING_DONE);
	assert_int_equal(verdict[1][0].diag.outcome, OUT_OK);
	finish();
}

/* The next one's commands have gone, and the link with them: it is begun anew. */
static void
loses_both(void **state)
{
	static const struct turn turns[] = {
		{ ENVELOPE "DATA\r\n", GO },
		{ "one\r\n.\r\n" ENVELOPE "DATA\r\n", "" },
	};
	static const struct turn again[] = {
		{ ENVELOPE "DATA\r\n", GO },
		{ "two\r\n.\r\n", "250 2\r\n" },
	};

	(void)state;
	message(0, 1);
	message(1, 1);
	start(EXT_PIPELINING, turns, COUNT(turns));
	assert_int_equal(outgoing_run(&l, &o[0], &o[1]), OUTGOING_CLOSE);
	assert_int_equal(verdict[0][0].diag.outcome, OUT_TEMP);
	assert_non_null(strstr(verdict[0][0].diag.text, "may arrive twice"));
	finish();
	message(1, 1);
	start(EXT_PIPELINING, again, COUNT(again));
	assert_int_equal(outgoing_run(&l, &o[1], NULL), OUTGOING_DONE);
	assert_int_equal(verdict[1][0].diag.outcome, OUT_OK);
	finish();
}

/* A kept link that ends before anything was said is nobody's fault. */
static void
stale(void **state)
{
	static const struct turn turns[] = {
		{ ENVELOPE "DATA\r\n", GO },
		{ "one\r\n.\r\n" ENVELOPE "DATA\r\n",
		    "250 1\r\n421 enough\r\n" },
	};

	(void)state;
	message(0, 1);
	message(1, 1);
	start(EXT_PIPELINING, turns, COUNT(turns));
	assert_int_equal(outgoing_run(&l, &o[0], &o[1]), OUTGOING_DONE);
	assert_int_equal(outgoing_run(&l, &o[1], NULL), OUTGOING_AGAIN);
	assert_true(l.broken);
	finish();
}

static void
fails(void **state)
{
	const struct verdict down = { { OUT_TEMP, "4.4.1", "no" }, OUTCOME_DOWN,
		0, "" };

	(void)state;
	message(0, 2);
	o[0].state[0] = RCPT_SETTLED;
	verdict[0][0].diag.outcome = OUT_OK;
	outgoing_fail(&o[0], &down);
	assert_int_equal(verdict[0][0].diag.outcome, OUT_OK);
	assert_int_equal(verdict[0][1].flags, OUTCOME_DOWN);
}

/* --- what one more reply, or another one, is worth */

enum { BDAT = 1, LMTP = 2, LOST = 4, UTF8 = 8 };

static const struct {
	const char *envelope,
	    *end;        /* replies to them; end "": it is not sent */
	const char *dsn; /* of the recipient */
	unsigned int flags;
	enum outgoing_result result;
} rows[] = {
	/* clang-format off */
	{ GO, "250 1\r\n", "2.0.0", 0, OUTGOING_DONE },
	{ GO, "250 1\r\n", "2.0.0", LMTP, OUTGOING_DONE },
	/* one too many before the content */
	{ "250 a\r\n250 b\r\n250 2.0.0 b\r\n", "", "4.5.0", BDAT, OUTGOING_CLOSE },
	{ "250 a\r\n250 b\r\n250 2.0.0 b\r\n", "", "4.5.0", BDAT | LMTP, OUTGOING_CLOSE },
	{ "250 a\r\n250 b\r\n250 b\r\n354 c\r\n", "", "4.5.0", 0, OUTGOING_CLOSE },
	{ "250 a\r\n250 b\r\n354 b\r\n354 c\r\n", "", "4.5.0", 0, OUTGOING_CLOSE },
	{ "250 a\r\n250 b\r\n550 5.1.1 b\r\n354 c\r\n", "", "4.5.0", 0, OUTGOING_CLOSE },
	{ "250 a\r\n250 b\r\n554 5.7.1 c\r\n", "", "5.7.1", 0, OUTGOING_DONE },
	/* and behind its end, where 421 is nobody's answer */
	{ GO, "250 1\r\n552 no\r\n", "4.5.0", 0, OUTGOING_CLOSE },
	{ GO, "250 1\r\n250 1\r\n", "4.5.0", LMTP, OUTGOING_CLOSE },
	{ "250 a\r\n250 b\r\n", "250 1\r\n552 no\r\n", "4.5.0", BDAT, OUTGOING_CLOSE },
	{ GO, "250 1\r\n421 bye\r\n", "2.0.0", 0, OUTGOING_CLOSE },
	{ GO, "550 1\r\n552 no\r\n", "5.0.0", 0, OUTGOING_CLOSE },
	/* 2xx that is no yes */
	{ GO, "221 bye\r\n", "4.5.0", 0, OUTGOING_CLOSE },
	{ GO, "221 bye\r\n", "4.5.0", LMTP, OUTGOING_CLOSE },
	{ GO, "200 1\r\n", "4.5.0", 0, OUTGOING_CLOSE },
	{ "221 a\r\n", "", "4.5.0", 0, OUTGOING_CLOSE },
	{ "220 a\r\n", "", "4.5.0", 0, OUTGOING_CLOSE },
	{ "250 a\r\n221 b\r\n", "", "4.5.0", 0, OUTGOING_CLOSE },
	{ "250 a\r\n251 b\r\n354 c\r\n", "250 1\r\n", "2.0.0", 0, OUTGOING_DONE },
	/* who wants TLS, where it was to be had, and where not */
	{ "530 5.7.0 a\r\n503 b\r\n503 c\r\n", "", "4.7.0", LOST, OUTGOING_DONE },
	{ "530 5.7.0 a\r\n503 b\r\n503 c\r\n", "", "5.7.0", 0, OUTGOING_DONE },
	{ "530 a\r\n503 b\r\n503 c\r\n", "", "4.0.0", LOST, OUTGOING_DONE },
	{ "250 a\r\n550 5.7.10 b\r\n503 c\r\n", "", "4.7.10", LOST, OUTGOING_DONE },
	{ "250 a\r\n550 5.7.1 TLS first\r\n503 c\r\n", "", "4.7.1", LOST, OUTGOING_DONE },
	{ "250 a\r\n550 5.7.1 b\r\n503 c\r\n", "", "5.7.1", LOST, OUTGOING_DONE },
	{ "250 a\r\n250 b\r\n554 encryption needed\r\n", "", "4.0.0", LOST, OUTGOING_DONE },
	/* what we should refuse ourselves */
	{ "", "", "5.6.7", UTF8, OUTGOING_DONE },
	{ "", "", "4.6.7", UTF8 | LOST, OUTGOING_DONE },
	/* clang-format on */
};

static enum outcome
meant(const char *dsn)
{
	return dsn[0] == '2' ? OUT_OK : dsn[0] == '4' ? OUT_TEMP : OUT_PERM;
}

static size_t
turns_of(size_t i)
{
	if (rows[i].envelope[0] == '\0')
		return 0;
	return rows[i].end[0] == '\0' ? 1 : 2;
}

static enum outgoing_result
run_row(size_t i)
{
	unsigned int f = rows[i].flags;
	bool bdat = (f & BDAT) != 0;
	const struct turn turns[] = {
		{ bdat ? BINARY : ENVELOPE "DATA\r\n", rows[i].envelope },
		{ bdat ? "BDAT 4 LAST\r\none\n" : "one\r\n.\r\n", rows[i].end },
	};

	message_is(0, 1, bdat);
	if ((f & UTF8) != 0)
		(void)strlcpy(
		    rcpt[0][0].addr, "\xc3\xa4@y", sizeof(rcpt[0][0].addr));
	start(bdat ? BINARY_TOO : EXT_PIPELINING, turns, turns_of(i));
	line.lmtp = (f & LMTP) != 0;
	line.tls_lost = (f & LOST) != 0;
	return outgoing_run(&l, &o[0], NULL);
}

static void
replies(void **state)
{
	const struct diag *d = &verdict[0][0].diag;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		enum outgoing_result r = run_row(i);

		if (strcmp(d->dsn, rows[i].dsn) != 0 || r != rows[i].result)
			fail_msg(
			    "row %zu: %d, %s %s", i, (int)r, d->dsn, d->text);
		assert_int_equal(d->outcome, meant(d->dsn));
		finish();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pipelines_data),
		cmocka_unit_test(pipelines_bdat),
		cmocka_unit_test(waits),
		cmocka_unit_test(resets),
		cmocka_unit_test(loses_both),
		cmocka_unit_test(stale),
		cmocka_unit_test(fails),
		cmocka_unit_test(replies),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
