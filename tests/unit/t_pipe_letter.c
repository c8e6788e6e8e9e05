/*
 * t_pipe_letter: the message that commands read, and loops.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <regex.h>

#include <bsd/string.h>

#include "common/crc32c.h"
#include "common/log.h"
#include "common/msg_intake.h"
#include "delivery/pipe_letter.h"

#define OFFSET 9 /* of the content in its file */

static struct letter letter; /* large */
static struct msg_job_message message;
static struct failure failure;

/* Looks at this content, in a file as queued's. */
static void
look(const char *content, size_t n)
{
	static int fd = -1;

	if (fd != -1)
		assert_int_equal(close(fd), 0);
	unit_file("spool", "envelope\n", OFFSET);
	fd = open(unit_path("spool"), O_RDWR | O_APPEND);
	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, content, n), (ssize_t)n);
	message.offset = OFFSET;
	message.size = n;
	message.crc = crc32c(0, content, n);
	(void)strlcpy(message.id, "2ab", sizeof(message.id));
	pipe_letter_look(&letter, &message, fd);
}

/* What is made of it for that recipient; NULL and the failure. */
static struct msg_job_rcpt to;

static char *
make(const char *sender, const char *rcpt)
{
	static char text[1 << 20];
	uint64_t size = 0;
	ssize_t n;
	int fd, fds = unit_open_fds();

	(void)strlcpy(message.sender, sender, sizeof(message.sender));
	(void)strlcpy(to.addr, rcpt, sizeof(to.addr));
	failure = (struct failure)FAILURE_NONE;
	fd = pipe_letter_make(&letter, &message, &to, &size, &failure);
	if (fd == -1) {
		assert_int_equal(unit_open_fds(), fds);
		assert_int_not_equal(failure.diag.outcome, OUT_OK);
		return NULL;
	}
	assert_int_equal(failure.diag.outcome, OUT_OK);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	n = read(fd, text, sizeof(text) - 1); /* from its beginning */
	assert_int_equal(n, size);
	text[n] = '\0';
	assert_int_equal(close(fd), 0);
	return text;
}

static void
head(void **state)
{
	static const struct {
		const char *sender, *from;
	} rows[] = {
		{ "a@x.test", "^From a@x\\.test " },
		{ "", "^From MAILER-DAEMON " },
		{ "\"a b\"@x.test", "^From \"a-b\"@x\\.test " },
	};
	char pattern[200], rest[200];
	regex_t re;
	char *text;

	(void)state;
	look("Subject: x\n\nFrom me\n", 20);
	for (size_t i = 0; i < COUNT(rows); i++) {
		text = make(rows[i].sender, "bob@x.test");
		assert_non_null(text);
		(void)snprintf(pattern, sizeof(pattern), "%s%s", rows[i].from,
		    "[A-Z][a-z]{2} [A-Z][a-z]{2} [ 1-3][0-9] "
		    "[0-2][0-9]:[0-5][0-9]:[0-6][0-9] 2[0-9]{3}\n");
		assert_int_equal(regcomp(&re, pattern, REG_EXTENDED), 0);
		assert_int_equal(regexec(&re, text, 0, NULL, 0), 0);
		regfree(&re);
		(void)snprintf(rest, sizeof(rest),
		    "Return-Path: <%s>\nDelivered-To: bob@x.test\n"
		    "Subject: x\n\nFrom me\n",
		    rows[i].sender);
		assert_string_equal(strchr(text, '\n') + 1, rest);
	}
	assert_null(make("a\nb@x.test", "bob@x.test"));
	assert_string_equal(failure.diag.dsn, "4.3.5");
	assert_null(make("a@x.test", "bob\x7f@x.test"));
	/* The longest addresses have room. */
	{
		char longest[ADDR_MAX + 1];

		memset(longest, 'l', ADDR_MAX);
		longest[ADDR_MAX] = '\0';
		assert_non_null(make(longest, longest));
	}
}

/* queued's line above what a user passes on has no tag; there is no second one. */
static void
tagged(void **state)
{
	static const char content[] = "Delivered-To: bob@x.test\nX: y\n\n";

	(void)state;
	look(content, sizeof(content) - 1);
	(void)strlcpy(to.tag, "list", sizeof(to.tag));
	assert_string_equal(
	    strchr(make("a@x.test", "bob+list@x.test"), '\n') + 1,
	    "Return-Path: <a@x.test>\nDelivered-To: bob@x.test\nX: y\n\n");
	to.tag[0] = '\0';
}

static const struct {
	const char *content;
	bool loops, named; /* Delivered-To is there already */
} loops[] = {
	{ "Subject: x\n\n", false, false },
	{ "", false, false },
	/* What queued puts above a message that it passes on for bob. */
	{ "Delivered-To: bob@x.test\nSubject: x\n\n", false, true },
	{ "Delivered-To: BOB@X.test\nSubject: x\n\n", false, true },
	{ "Delivered-To: carol@x.test\nSubject: x\n\n", false, false },
	/* It has come back. */
	{ "Received: y\nDelivered-To: bob@x.test\n\n", true, false },
	{ "Delivered-To: carol@x.test\nDelivered-To: bob@x.test\n\n", true,
	    false },
	{ "Delivered-To: bob@x.test\nReceived: y\nDelivered-To: bob@x.test\n",
	    true, true },
	{ "Delivered-To: bob@x.test\nDelivered-To: carol@x.test\n\n", false,
	    true },
	/* Not a field any more. */
	{ "Subject: x\n\nDelivered-To: bob@x.test\n", false, false },
	{ "\nDelivered-To: bob@x.test\n", false, false },
};

static void
loop(void **state)
{
	const char *text;
	char wanted[300];

	(void)state;
	for (size_t i = 0; i < COUNT(loops); i++) {
		look(loops[i].content, strlen(loops[i].content));
		assert_int_equal(
		    pipe_letter_loops(&letter, "bob@x.test"), loops[i].loops);
		assert_false(pipe_letter_loops(&letter, "dave@x.test"));
		text = make("a@x.test", "bob@x.test");
		assert_non_null(text);
		(void)snprintf(wanted, sizeof(wanted),
		    "Return-Path: <a@x.test>\n%s%s",
		    loops[i].named ? "" : "Delivered-To: bob@x.test\n",
		    loops[i].content);
		assert_string_equal(strchr(text, '\n') + 1, wanted);
	}
}

/* Nothing that is not what queued has is seen by anybody. */
static void
damaged(void **state)
{
	static char big[600000];

	(void)state;
	memset(big, 'a', sizeof(big));
	for (size_t n = 30; n <= sizeof(big); n += sizeof(big) - 30) {
		look(big, n);
		assert_non_null(make("a@x.test", "bob@x.test"));
		letter.content.crc++;
		message.crc++;
		pipe_letter_look(&letter, &message, letter.content.fd);
		for (int i = 0; i < 2; i++) {
			assert_null(make("a@x.test", "bob@x.test"));
			assert_string_equal(failure.diag.dsn, JOB_DAMAGED);
		}
		assert_false(pipe_letter_loops(&letter, "bob@x.test"));
		message.crc--;
		message.size++;
		pipe_letter_look(&letter, &message, letter.content.fd);
		assert_null(make("a@x.test", "bob@x.test"));
		assert_string_equal(failure.diag.dsn, JOB_DAMAGED);
	}
}

/* Octets become lines, as in mailboxes. */
static void
binary(void **state)
{
	static const char content[] = "MIME-Version: 1.0\r\n"
				      "Content-Type: application/x\r\n"
				      "Content-Transfer-Encoding: binary\r\n"
				      "\r\n"
				      "\0\1\2\r";
	char *text;

	(void)state;
	message.flags = INTAKE_BINARY;
	look(content, sizeof(content) - 1);
	text = make("a@x.test", "bob@x.test");
	message.flags = 0;
	assert_non_null(text);
	assert_null(strchr(text, '\r'));
	assert_non_null(strstr(text, "base64\n"));
	assert_non_null(strstr(text, "\n\nAAECDQ==\n"));
}

/* Larger than what memory is used for. */
static void
large(void **state)
{
	static char big[LETTER_IN_MEMORY + 70000];
	uint64_t size;
	int fd;

	(void)state;
	memset(big, 'b', sizeof(big));
	look(big, sizeof(big));
	failure = (struct failure)FAILURE_NONE;
	(void)strlcpy(to.addr, "bob@x.test", sizeof(to.addr));
	fd = pipe_letter_make(&letter, &message, &to, &size, &failure);
	assert_int_not_equal(fd, -1);
	assert_true(size > sizeof(big));
	assert_int_equal(lseek(fd, 0, SEEK_END), size);
	assert_int_equal(close(fd), 0);
}

static int
setup(void **state)
{
	if (unit_setup(state) == -1)
		return -1;
	unit_file("log", "", 0);
	log_open("t", LOG_TO_FILE, unit_path("log"));
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(head),
		cmocka_unit_test(tagged),
		cmocka_unit_test(loop),
		cmocka_unit_test(damaged),
		cmocka_unit_test(binary),
		cmocka_unit_test(large),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
