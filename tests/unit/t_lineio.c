/*
 * t_lineio: lines however they are split, and output however it is taken.
 * wrap: deadline_left deadline_poll setsockopt
 */
#include "tests/unit/unit.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>

#include "common/lineio.h"

static struct lineio io;
static int mine = -1, theirs = -1; /* lineio's end, and the peer's */

static struct {
	int left[4]; /* what deadline_left() says, one by one; 0: the truth */
	size_t asked;
	int polls, sets;
} waits;

int __real_deadline_left(deadline_t);
int __wrap_deadline_left(deadline_t);
int __real_deadline_poll(int, short, deadline_t);
int __wrap_deadline_poll(int, short, deadline_t);
int __real_setsockopt(int, int, int, const void *, socklen_t);
int __wrap_setsockopt(int, int, int, const void *, socklen_t);

int
__wrap_deadline_left(deadline_t d)
{
	if (waits.asked < COUNT(waits.left) && waits.left[waits.asked] != 0)
		return waits.left[waits.asked++];
	return __real_deadline_left(d);
}

int
__wrap_deadline_poll(int fd, short events, deadline_t d)
{
	waits.polls++;
	return __real_deadline_poll(fd, events, d);
}

/* The socket's own timeout, made short enough to see it pass. */
int
__wrap_setsockopt(int fd, int level, int name, const void *v, socklen_t n)
{
	struct timeval tv = { .tv_usec = 20000 };

	(void)v;
	assert_int_equal(name, SO_RCVTIMEO);
	waits.sets++;
	return __real_setsockopt(fd, level, name, &tv, n);
}

static int
fresh(void **state)
{
	int fd[2];

	(void)state;
	if (mine != -1)
		(void)close(mine);
	if (theirs != -1)
		(void)close(theirs);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == -1)
		return -1;
	mine = fd[0];
	theirs = fd[1];
	lineio_init(&io, mine, mine);
	memset(&waits, 0, sizeof(waits));
	return 0;
}

static void
say(const char *s, size_t n)
{
	assert_int_equal(write(theirs, s, n), n);
}

static void
hang_up(void)
{
	assert_int_equal(close(theirs), 0);
	theirs = -1;
}

struct row {
	const char *in;
	size_t n;
	size_t size; /* of the caller's buffer */
	bool lf_ends;
	/* the lines that come, then LINE_EOF */
	struct {
		enum line verdict;
		const char *text;
	} lines[4];
};

#define ROW(text) text, sizeof(text) - 1

/* clang-format off */
static const struct row rows[] = {
	{ ROW("a\r\nbb\r\n"),	10, false, { { LINE_OK, "a" }, { LINE_OK, "bb" } } },
	{ ROW("\r\n"),		10, false, { { LINE_OK, "" } } },
	{ ROW("abc\r\n"),	4, false, { { LINE_OK, "abc" } } },
	{ ROW("abcd\r\ne\r\n"),	4, false, { { LINE_LONG, "abc" }, { LINE_OK, "e" } } },
	{ ROW("abcdefghij\r\n"), 4, false, { { LINE_LONG, "abc" } } },
	{ ROW("x\r\n"),		1, false, { { LINE_LONG, "" } } },
	{ ROW("\r\n"),		1, false, { { LINE_OK, "" } } },
	/* a bare LF */
	{ ROW("a\nb\r\n"),	10, false, { { LINE_BAD, NULL }, { LINE_OK, "b" } } },
	{ ROW("a\nb\r\n\n"),	10, true, { { LINE_OK, "a" }, { LINE_OK, "b" }, { LINE_OK, "" } } },
	{ ROW("\n"),		10, false, { { LINE_BAD, NULL } } },
	/* a bare CR */
	{ ROW("a\rb\r\nc\r\n"),	10, false, { { LINE_BAD, NULL }, { LINE_OK, "c" } } },
	{ ROW("a\r\r\nc\r\n"),	10, false, { { LINE_BAD, NULL }, { LINE_OK, "c" } } },
	{ ROW("\ra\r\nc\r\n"),	10, true, { { LINE_BAD, NULL }, { LINE_OK, "c" } } },
	{ ROW("a\r\r\n"),	10, true, { { LINE_BAD, NULL } } },
	{ ROW("abcd\re\r\nc\r\n"), 3, false, { { LINE_BAD, NULL }, { LINE_OK, "c" } } },
	/* a NUL */
	{ ROW("NOOP\0junk\r\nc\r\n"), 20, false, { { LINE_BAD, NULL }, { LINE_OK, "c" } } },
	{ ROW("\0\r\nc\r\n"),	20, true, { { LINE_BAD, NULL }, { LINE_OK, "c" } } },
	{ ROW("a\r\0\n"),	20, true, { { LINE_BAD, NULL } } },
	/* other bytes pass */
	{ ROW("\x80\xff\x01\t\x7f\r\n"), 20, false, { { LINE_OK, "\x80\xff\x01\t\x7f" } } },
	{ ROW("\xc2\x85\r\n"),	20, false, { { LINE_OK, "\xc2\x85" } } },
	/* no end */
	{ ROW("a\r\nQUIT"),	20, false, { { LINE_OK, "a" } } },
	{ ROW("QUIT\r"),	20, false, { { LINE_EOF, NULL } } },
	{ ROW(""),		20, false, { { LINE_EOF, NULL } } },
};
/* clang-format on */

static void
check_lines(const struct row *r)
{
	char *line = malloc(r->size); /* of exactly that size */

	io.lf_ends = r->lf_ends;
	for (size_t i = 0; i < COUNT(r->lines); i++) {
		enum line got = lineio_get(&io, line, r->size, DEADLINE_NEVER);

		if (r->lines[i].verdict == LINE_OK && r->lines[i].text == NULL)
			assert_int_equal(got, LINE_EOF);
		else
			assert_int_equal(got, r->lines[i].verdict);
		if (got == LINE_EOF)
			break;
		if (r->lines[i].text != NULL)
			assert_string_equal(line, r->lines[i].text);
		else
			assert_true(strlen(line) < r->size);
	}
	free(line);
}

/* All in one piece, as a client that pipelines sends. */
static void
at_once(void **state)
{
	for (int exact = 0; exact < 2; exact++)
		for (size_t i = 0; i < COUNT(rows); i++) {
			assert_int_equal(fresh(state), 0);
			io.exact = exact;
			say(rows[i].in, rows[i].n);
			hang_up();
			check_lines(&rows[i]);
		}
}

/*
 * In two pieces, cut at every place: the buffer is filled with the first part
 * before the second is there.
 */
static void
split(void **state)
{
	const char *p;
	size_t n;

	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t cut = 1; cut < rows[i].n; cut++) {
			assert_int_equal(fresh(state), 0);
			say(rows[i].in, cut);
			assert_int_equal(
			    lineio_peek(&io, &p, &n, DEADLINE_NEVER), LINE_OK);
			assert_int_equal(n, cut);
			assert_int_equal(lineio_pending(&io), cut);
			say(rows[i].in + cut, rows[i].n - cut);
			hang_up();
			check_lines(&rows[i]);
		}
}

/* Every byte is a read of its own. */
static void
bytewise(void **state)
{
	int fd[2];

	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(fresh(state), 0);
		/* Packets keep the pieces apart. */
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
		lineio_init(&io, fd[0], fd[0]);
		for (size_t k = 0; k < rows[i].n; k++)
			assert_int_equal(write(fd[1], rows[i].in + k, 1), 1);
		assert_int_equal(close(fd[1]), 0);
		check_lines(&rows[i]);
		assert_int_equal(close(fd[0]), 0);
	}
}

/* A line is never read beyond: the rest is another process's. */
static void
exact(void **state)
{
	char line[20];
	int left;

	(void)state;
	io.exact = true;
	say("PASS x\r\nSTAT\r\nmore", 18);
	assert_int_equal(
	    lineio_get(&io, line, sizeof(line), DEADLINE_NEVER), LINE_OK);
	assert_string_equal(line, "PASS x");
	assert_int_equal(lineio_pending(&io), 0);
	assert_int_equal(ioctl(mine, FIONREAD, &left), 0);
	assert_int_equal(left, 10);
	assert_int_equal(
	    lineio_get(&io, line, sizeof(line), DEADLINE_NEVER), LINE_OK);
	assert_string_equal(line, "STAT");
	assert_int_equal(
	    lineio_get(&io, line, sizeof(line), deadline_in_ms(10)),
	    LINE_TIMEOUT);
}

/* STARTTLS: nothing that came before counts afterwards. */
static void
discards(void **state)
{
	char line[20];

	(void)state;
	say("STARTTLS\r\nNOOP\r\nMAI", 19);
	assert_int_equal(
	    lineio_get(&io, line, sizeof(line), DEADLINE_NEVER), LINE_OK);
	assert_int_equal(lineio_pending(&io), 9);
	assert_true(lineio_has_line(&io));
	lineio_consume(&io, 6);
	assert_false(lineio_has_line(&io)); /* half of one */
	lineio_discard(&io);
	assert_false(lineio_has_line(&io));
	assert_int_equal(lineio_pending(&io), 0);
	say("EHLO\r\n", 6);
	assert_int_equal(
	    lineio_get(&io, line, sizeof(line), DEADLINE_NEVER), LINE_OK);
	assert_string_equal(line, "EHLO");
}

static void
times_out(void **state)
{
	char line[20];
	const char *p;
	size_t n;

	(void)state;
	assert_int_equal(
	    lineio_get(&io, line, sizeof(line), deadline_in_ms(20)),
	    LINE_TIMEOUT);
	say("half", 4);
	assert_int_equal(
	    lineio_get(&io, line, sizeof(line), deadline_in_ms(20)),
	    LINE_TIMEOUT);
	assert_int_equal(
	    lineio_peek(&io, &p, &n, deadline_in_ms(20)), LINE_TIMEOUT);
	/* What is buffered needs no time. */
	say("a\r\nb\r\n", 6);
	assert_int_equal(
	    lineio_get(&io, line, sizeof(line), DEADLINE_NEVER), LINE_OK);
	assert_int_equal(lineio_get(&io, line, sizeof(line), 0), LINE_OK);
	assert_string_equal(line, "b");
}

/* A socket waits by itself, as long as that cannot be too long. */
static void
waits_in_read(void **state)
{
	char line[20];
	pid_t pid;

	(void)state;
	if ((pid = fork()) == 0) {
		(void)usleep(70000); /* three timeouts of the socket */
		say("a\r\n", 3);
		_exit(0);
	}
	assert_int_equal(
	    lineio_get(&io, line, sizeof(line), deadline_in(60)), LINE_OK);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	say("b\r\n", 3);
	assert_int_equal(
	    lineio_get(&io, line, sizeof(line), DEADLINE_NEVER), LINE_OK);
	assert_int_equal(waits.polls, 0);
	assert_int_equal(waits.sets, 1);
	/* Soon after the socket's timeout comes the deadline. */
	waits.left[0] = waits.left[1] = 60000;
	assert_int_equal(
	    lineio_get(&io, line, sizeof(line), deadline_in_ms(50)),
	    LINE_TIMEOUT);
	assert_int_equal(waits.polls, 1);
	assert_int_equal(waits.sets, 1);
}

static void
peeks(void **state)
{
	char line[20];
	const char *p;
	size_t n;

	(void)state;
	say("DATA\r\nbody.\r\n", 13);
	assert_int_equal(
	    lineio_get(&io, line, sizeof(line), DEADLINE_NEVER), LINE_OK);
	assert_int_equal(lineio_peek(&io, &p, &n, 0), LINE_OK);
	assert_int_equal(n, 7);
	assert_memory_equal(p, "body.\r\n", 7);
	lineio_consume(&io, 4);
	assert_int_equal(lineio_peek(&io, &p, &n, 0), LINE_OK);
	assert_int_equal(n, 3);
	lineio_consume(&io, 3);
	hang_up();
	assert_int_equal(lineio_peek(&io, &p, &n, DEADLINE_NEVER), LINE_EOF);
}

static void
ends_well(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Long lines are consumed in little memory, endless ones are given up. */
static void
long_lines(void **state)
{
	static char chunk[50000];
	char line[512];
	pid_t pid;
	size_t rest = LINEIO_ENDLESS - 100000;

	(void)state;
	memset(chunk, 'x', sizeof(chunk));
	if ((pid = fork()) == 0) {
		(void)close(mine);
		for (; rest > 0;
		     rest -= sizeof(chunk) < rest ? sizeof(chunk) : rest)
			say(chunk, sizeof(chunk) < rest ? sizeof(chunk) : rest);
		say("\r\nQUIT\r\n", 8);
		for (int i = 0; i < 100; i++)
			if (send(theirs, chunk, sizeof(chunk), MSG_NOSIGNAL) ==
			    -1)
				break;
		_exit(0);
	}
	assert_int_equal(
	    lineio_get(&io, line, sizeof(line), deadline_in(20)), LINE_LONG);
	assert_int_equal(strlen(line), 511);
	assert_int_equal(
	    lineio_get(&io, line, sizeof(line), deadline_in(20)), LINE_OK);
	assert_string_equal(line, "QUIT");
	assert_int_equal(
	    lineio_get(&io, line, sizeof(line), deadline_in(20)), LINE_ERROR);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(close(mine), 0);
	mine = -1;
	ends_well(pid);
}

/* Replies are gathered: nothing goes out before the flush. */
static void
gathers(void **state)
{
	char got[64];

	(void)state;
	assert_int_equal(lineio_put(&io, "250 a\r\n", 7, 0), 0);
	assert_int_equal(lineio_put(&io, "250 b\r\n", 7, 0), 0);
	assert_int_equal(recv(theirs, got, sizeof(got), MSG_DONTWAIT), -1);
	assert_int_equal(lineio_flush(&io, 0), 0);
	assert_int_equal(recv(theirs, got, sizeof(got), MSG_DONTWAIT), 14);
	assert_memory_equal(got, "250 a\r\n250 b\r\n", 14);
	assert_int_equal(lineio_flush(&io, 0), 0);
	assert_int_equal(recv(theirs, got, sizeof(got), MSG_DONTWAIT), -1);
}

/* More than the buffer and the socket hold, to a peer that reads slowly. */
static void
large(void **state)
{
	static char out[1000000];
	char got[4096];
	size_t total = 0;
	ssize_t n;
	pid_t pid;

	(void)state;
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 31 >> 3);
	if ((pid = fork()) == 0) {
		(void)close(theirs);
		_exit(lineio_put(&io, out, sizeof(out), deadline_in(20)) == 0 &&
			    lineio_flush(&io, deadline_in(20)) == 0
			? 0
			: 1);
	}
	(void)close(mine);
	mine = -1;
	while ((n = read(theirs, got, sizeof(got))) > 0) {
		assert_memory_equal(got, out + total, (size_t)n);
		total += (size_t)n;
	}
	assert_int_equal(total, sizeof(out));
	ends_well(pid);
}

static void
deaf(void **state)
{
	static char out[LINEIO_OUT * 100];

	(void)state;
	assert_int_equal(
	    lineio_put(&io, out, sizeof(out), deadline_in_ms(30)), -1);
	assert_int_equal(errno, ETIMEDOUT);
	hang_up();
	assert_int_equal(lineio_flush(&io, deadline_in_ms(30)), -1);
	assert_int_equal(errno, EPIPE); /* and no signal */
}

/* A file is as good as a socket, as for "smtpd < session". */
static void
files(void **state)
{
	char line[20], got[20] = "";
	int in, out;

	(void)state;
	unit_file("in", "NOOP\r\n", 6);
	unit_file("out", "", 0);
	in = open(unit_path("in"), O_RDONLY);
	out = open(unit_path("out"), O_RDWR);
	lineio_init(&io, in, out);
	assert_int_equal(
	    lineio_get(&io, line, sizeof(line), DEADLINE_NEVER), LINE_OK);
	assert_int_equal(
	    lineio_get(&io, line, sizeof(line), DEADLINE_NEVER), LINE_EOF);
	assert_int_equal(lineio_put(&io, "250\r\n", 5, 0), 0);
	assert_int_equal(lineio_flush(&io, 0), 0);
	assert_int_equal(pread(out, got, sizeof(got), 0), 5);
	assert_string_equal(got, "250\r\n");
	assert_int_equal(close(in), 0);
	assert_int_equal(close(out), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_once),
		cmocka_unit_test(split),
		cmocka_unit_test(bytewise),
		cmocka_unit_test_setup(exact, fresh),
		cmocka_unit_test_setup(discards, fresh),
		cmocka_unit_test_setup(times_out, fresh),
		cmocka_unit_test_setup(waits_in_read, fresh),
		cmocka_unit_test_setup(peeks, fresh),
		cmocka_unit_test_setup(long_lines, fresh),
		cmocka_unit_test_setup(gathers, fresh),
		cmocka_unit_test_setup(large, fresh),
		cmocka_unit_test_setup(deaf, fresh),
		cmocka_unit_test_setup(files, fresh),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
