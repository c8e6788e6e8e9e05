/*
 * t_smtp_reply: replies of servers, good, wrong and endless.
 */
#include "tests/unit/unit.h"

#include <sys/socket.h>

#include <poll.h>
#include <pthread.h>

#include "delivery/smtp_reply.h"

static struct lineio io;
static int mine = -1, theirs = -1;
static struct smtp_reply r;

static int
fresh(void **state)
{
	int pair[2];

	(void)state;
	if (mine != -1)
		close(mine);
	if (theirs != -1)
		close(theirs);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1)
		return -1;
	mine = pair[0];
	theirs = pair[1];
	lineio_init(&io, mine, mine);
	return 0;
}

static void
say(const char *s, size_t n)
{
	assert_int_equal(write(theirs, s, n), (ssize_t)n);
}

static enum reply_result
hear(void)
{
	return smtp_reply_read(&io, &r, deadline_in_ms(100), NULL, NULL);
}

static const struct {
	const char *said;
	enum reply_result result;
	int code;
	const char *dsn, *text; /* text of REPLY_READ */
} rows[] = {
	/* clang-format off */
	{ "250 fine\r\n",		REPLY_READ, 250, "", "fine" },
	{ "250\r\n",			REPLY_READ, 250, "", "" },
	{ "250 \r\n",			REPLY_READ, 250, "", "" },
	{ "250-\r\n250\r\n",		REPLY_READ, 250, "", "" },
	{ "250-a\r\n250-b\r\n250 c\r\n", REPLY_READ, 250, "", "a b c" },
	{ "354 go on\r\n",		REPLY_READ, 354, "", "go on" },
	{ "250 2.1.5 ok\r\n",		REPLY_READ, 250, "2.1.5", "ok" },
	{ "550-5.7.1 No\r\n550 5.7.1 never\r\n",
	    REPLY_READ, 550, "5.7.1", "No never" },
	{ "550-5.7.1 No\r\n550 5.2.2 never\r\n",
	    REPLY_READ, 550, "5.7.1", "No never" },
	{ "550 5.7.1\r\n",		REPLY_READ, 550, "5.7.1", "" },
	/* codes that are none, or another class's: M14 */
	{ "550 5. x\r\n",		REPLY_READ, 550, "", "5. x" },
	{ "250 2.0.0.0 x\r\n",		REPLY_READ, 250, "", "2.0.0.0 x" },
	{ "550 2.0.0 x\r\n",		REPLY_READ, 550, "", "2.0.0 x" },
	{ "451 5.1.1 x\r\n",		REPLY_READ, 451, "", "5.1.1 x" },
	{ "550 5.1234.1 x\r\n",		REPLY_READ, 550, "", "5.1234.1 x" },
	{ "550 5.7.1x y\r\n",		REPLY_READ, 550, "", "5.7.1x y" },
	{ "250 3.5.7 x\r\n",		REPLY_READ, 250, "", "3.5.7 x" },
	/* what is tolerated */
	{ "250 a\n",			REPLY_READ, 250, "", "a" },
	{ "250 a\r\r\n",		REPLY_READ, 250, "", "a?" },
	{ "250 \033[31m\351\t\r\n",	REPLY_READ, 250, "", "?[31m??" },
	/* no replies: M03 */
	{ "25\r\n",			REPLY_NONSENSE, 0, "", NULL },
	{ "2500 x\r\n",			REPLY_NONSENSE, 0, "", NULL },
	{ "\r\n",			REPLY_NONSENSE, 0, "", NULL },
	{ " 250 x\r\n",			REPLY_NONSENSE, 0, "", NULL },
	{ "250_x\r\n",			REPLY_NONSENSE, 0, "", NULL },
	{ "999 x\r\n",			REPLY_NONSENSE, 0, "", NULL },
	{ "600 x\r\n",			REPLY_NONSENSE, 0, "", NULL },
	{ "199 x\r\n",			REPLY_NONSENSE, 0, "", NULL },
	{ "-50 x\r\n",			REPLY_NONSENSE, 0, "", NULL },
	{ "+OK\r\n",			REPLY_NONSENSE, 0, "", NULL },
	{ "2x0 x\r\n",			REPLY_NONSENSE, 0, "", NULL },
	{ "250-a\r\n251 b\r\n",		REPLY_NONSENSE, 0, "", NULL },
	{ "250-a\r\nb\r\n",		REPLY_NONSENSE, 0, "", NULL },
	{ "550-5.7.1 a\r\n250 b\r\n",	REPLY_NONSENSE, 0, "", NULL },
	/* the last line is missing */
	{ "250-a\r\n",			REPLY_GONE, 0, "", NULL },
	{ "250 a",			REPLY_GONE, 0, "", NULL },
	{ "",				REPLY_GONE, 0, "", NULL },
	/* clang-format on */
};

static void
table(void **state)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(fresh(state), 0);
		memset(&r, 'x', sizeof(r)); /* nothing of it may be left */
		say(rows[i].said, strlen(rows[i].said));
		assert_int_equal(shutdown(theirs, SHUT_WR), 0);
		if (hear() != rows[i].result)
			fail_msg("%s: %s", rows[i].said, r.text);
		assert_int_equal(r.code, rows[i].code);
		assert_string_equal(r.dsn, rows[i].dsn);
		if (rows[i].text != NULL)
			assert_string_equal(r.text, rows[i].text);
		else
			assert_true(r.text[0] != '\0');
		assert_int_equal(
		    memchr(r.text, '\0', sizeof(r.text)) != NULL, true);
	}
}

static void
nul_ends_the_text(void **state)
{
	(void)state;
	say("250 a\0b\r\n250 next\r\n", 19);
	assert_int_equal(hear(), REPLY_READ);
	assert_string_equal(r.text, "a");
	assert_int_equal(hear(), REPLY_READ);
	assert_string_equal(r.text, "next");
}

static void
one_after_the_other(void **state)
{
	(void)state;
	say("250 5.1.1 a\r\n550 b\r\n", 20);
	assert_int_equal(hear(), REPLY_READ);
	assert_true(smtp_reply_early(&io));
	assert_int_equal(hear(), REPLY_READ);
	assert_int_equal(r.code, 550);
	assert_string_equal(r.text, "b");
	assert_false(smtp_reply_early(&io));
	say("2", 1); /* in the socket, not in the buffer */
	assert_true(smtp_reply_early(&io));
	assert_false(lineio_pending(&io) > 0);
}

static void
end_is_no_answer(void **state)
{
	(void)state;
	assert_int_equal(shutdown(theirs, SHUT_WR), 0);
	assert_false(smtp_reply_early(&io));
}

static void
silence_is_late(void **state)
{
	(void)state;
	say("250-a\r\n250 b", 12);
	assert_int_equal(hear(), REPLY_LATE);
	assert_int_equal(r.code, 0);
}

/* The deadline is the reply's, however busy the peer is (M11). */
static void *
drip(void *arg)
{
	volatile bool *stop = arg;

	while (!*stop) {
		if (send(theirs, "250-x\r\n", 7, MSG_NOSIGNAL) == -1)
			break;
		(void)poll(NULL, 0, 5);
	}
	return NULL;
}

static void
drops_are_late(void **state)
{
	static volatile bool stop;
	deadline_t before = deadline_now();
	pthread_t t;

	(void)state;
	stop = false;
	assert_int_equal(
	    pthread_create(&t, NULL, drip, (void *)(uintptr_t)&stop), 0);
	assert_int_equal(hear(), REPLY_LATE);
	stop = true;
	assert_int_equal(pthread_join(t, NULL), 0);
	assert_true(deadline_now() - before < 5000);
}

/* --- bounds */

struct flood {
	const char *head, *unit;
	size_t times;
	const char *tail;
};

static void *
pour(void *arg)
{
	const struct flood *f = arg;
	size_t n = strlen(f->unit), many = 65536 / n * n;
	char *block = malloc(many);

	for (size_t i = 0; i < many; i++)
		block[i] = f->unit[i % n];
	(void)!send(theirs, f->head, strlen(f->head), MSG_NOSIGNAL);
	for (size_t left = f->times * n; left > 0;) {
		size_t now = left < many ? left : many;
		ssize_t w = send(theirs, block, now, MSG_NOSIGNAL);

		if (w == -1)
			break;
		left -= (size_t)w;
		if ((size_t)w != now)
			break;
	}
	(void)!send(theirs, f->tail, strlen(f->tail), MSG_NOSIGNAL);
	free(block);
	return NULL;
}

static void
count(void *arg, size_t number, const char *line)
{
	size_t *n = arg;

	assert_true(strlen(line) <= REPLY_LINE);
	assert_true(number < REPLY_LINES);
	(*n)++;
}

static enum reply_result
hear_flood(const struct flood *f, size_t *lines)
{
	struct flood flood = *f;
	enum reply_result got;
	pthread_t t;

	*lines = 0;
	assert_int_equal(pthread_create(&t, NULL, pour, &flood), 0);
	got = smtp_reply_read(&io, &r, deadline_in(20), count, lines);
	if (got != REPLY_READ) /* as a caller ends it */
		(void)shutdown(mine, SHUT_RDWR);
	assert_int_equal(pthread_join(t, NULL), 0);
	return got;
}

static void
bounded(void **state)
{
	const struct flood banner = { "220 ", "x", 8u << 20, "\r\n" };
	const struct flood list = { "", "250-KEYWORD\r\n", 100000,
		"250 x\r\n" };
	const struct flood text = { "552 5.3.4 ", "long ", 100000, "\r\n" };
	size_t n;

	/* a banner without end (M02) */
	assert_int_equal(hear_flood(&banner, &n), REPLY_NONSENSE);
	assert_int_equal(fresh(state), 0);
	/* lines without end (M08) */
	assert_int_equal(hear_flood(&list, &n), REPLY_NONSENSE);
	assert_int_equal(n, REPLY_LINES);
	assert_int_equal(fresh(state), 0);
	/* a long text is cut, and the reply counts (M09) */
	assert_int_equal(hear_flood(&text, &n), REPLY_READ);
	assert_int_equal(r.code, 552);
	assert_string_equal(r.dsn, "5.3.4");
	assert_int_equal(strlen(r.text), DIAG_TEXT);
	assert_false(smtp_reply_early(&io));
}

static char last[REPLY_LINE + 1];

static void
keep(void *arg, size_t number, const char *line)
{
	(void)arg;
	(void)number;
	(void)snprintf(last, sizeof(last), "%s", line);
}

static void
half_words_are_dropped(void **state)
{
	static char line[REPLY_LINE + 100];
	size_t n = REPLY_LINE - 5; /* the last word begins within */

	(void)state;
	memset(line, ' ', sizeof(line));
	memcpy(line, "250 AUTH", 8);
	memcpy(line + n - 8, " LOGIN SCRAM-SHA-256-PLUS\r\n", 27);
	say(line, n + 19);
	assert_int_equal(
	    smtp_reply_read(&io, &r, deadline_in(5), keep, NULL), REPLY_READ);
	assert_non_null(strstr(last, "LOGIN"));
	assert_null(strstr(last, "SCRAM"));
}

static const struct {
	struct smtp_reply reply;
	enum outcome outcome;
	const char *dsn;
} diags[] = {
	/* clang-format off */
	{ { 250, "2.1.5", "ok" },	OUT_OK,	  "2.1.5" },
	{ { 250, "", "ok" },		OUT_OK,	  "2.0.0" },
	{ { 354, "", "go" },		OUT_TEMP, "4.5.0" },
	{ { 421, "", "bye" },		OUT_TEMP, "4.0.0" },
	{ { 451, "4.7.1", "later" },	OUT_TEMP, "4.7.1" },
	{ { 451, "5.7.1", "later" },	OUT_TEMP, "4.0.0" },
	{ { 550, "5.1.1", "no" },	OUT_PERM, "5.1.1" },
	{ { 550, "4.1.1", "no" },	OUT_PERM, "5.0.0" },
	{ { 550, "5.", "no" },		OUT_PERM, "5.0.0" },
	{ { 0, "", "lost" },		OUT_TEMP, "4.5.0" },
	/* clang-format on */
};

static void
as_outcomes(void **state)
{
	struct diag d;

	(void)state;
	for (size_t i = 0; i < COUNT(diags); i++) {
		d = (struct diag){ OUT_PERM, "5.9.9", "of another" };
		assert_int_equal(
		    smtp_reply_diag(&diags[i].reply, &d), diags[i].outcome);
		assert_int_equal(d.outcome, diags[i].outcome);
		assert_string_equal(d.dsn, diags[i].dsn);
		assert_string_equal(d.text, diags[i].reply.text);
	}
}

/* What it answered is told, whatever has to make room for it. */
static void
says_where(void **state)
{
	char text[DIAG_TEXT + 1] = "no";

	(void)state;
	smtp_reply_where(text, "in reply to RCPT TO");
	assert_string_equal(text, "no (in reply to RCPT TO)");
	text[0] = '\0';
	smtp_reply_where(text, "in reply to RCPT TO");
	assert_string_equal(text, "(in reply to RCPT TO)");
	memset(text, 'x', DIAG_TEXT);
	text[DIAG_TEXT] = '\0';
	smtp_reply_where(text, "in reply to the end of the message");
	assert_int_equal(strlen(text), DIAG_TEXT);
	assert_string_equal(
	    strchr(text, ' '), " (in reply to the end of the message)");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test_setup(nul_ends_the_text, fresh),
		cmocka_unit_test_setup(one_after_the_other, fresh),
		cmocka_unit_test_setup(end_is_no_answer, fresh),
		cmocka_unit_test_setup(silence_is_late, fresh),
		cmocka_unit_test_setup(drops_are_late, fresh),
		cmocka_unit_test_setup(bounded, fresh),
		cmocka_unit_test_setup(half_words_are_dropped, fresh),
		cmocka_unit_test(as_outcomes),
		cmocka_unit_test(says_where),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
