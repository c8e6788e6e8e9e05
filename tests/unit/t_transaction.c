/*
 * t_transaction: the commands after login: shapes, numbers, answers, ends.
 * wrap: unlinkat
 */
#include "tests/unit/pop3.h"
#include "tests/unit/talk.h"

#include <errno.h>

#include "pop3d/transaction.h"

static int unlink_errno;

int __real_unlinkat(int, const char *, int);
int __wrap_unlinkat(int, const char *, int);

int
__wrap_unlinkat(int dir, const char *name, int flags)
{
	if (unlink_errno != 0) {
		errno = unlink_errno;
		return -1;
	}
	return __real_unlinkat(dir, name, flags);
}

static struct transaction t;

/* Two messages, all commands at once, then the end of the input. */
static void
session(const char *said)
{
	static struct maildrop md;

	pop3_mail("new/1.a,S=4,W=6", "a\nb\n");
	pop3_mail("cur/2.b:2,S", "h: 1\n\n.x\n");
	pop3_open(&md);
	talk_start(said);
	talk_hang_up();
	t = (struct transaction){
		.client = &client,
		.md = &md,
		.offered = "PLAIN",
		.timeout = 5,
		.junk = 30,
	};
	transaction_run(&t);
	maildrop_close(&md);
}

static void
one_answer(void **state)
{
	/* clang-format off */
	static const struct {
		const char *said, *heard;
	} rows[] = {
		{ "STAT",	"+OK 2 18" },
		{ "stat",	"+OK 2 18" },
		{ "STAT  ",	"+OK 2 18" },
		{ "STAT 1",	"-ERR Use: STAT" },
		{ "LIST 1",	"+OK 1 6" },
		{ "LIST 2",	"+OK 2 12" },
		{ "LIST",
		    "+OK 2 messages (18 octets)\r\n1 6\r\n2 12\r\n." },
		{ "LIST ",
		    "+OK 2 messages (18 octets)\r\n1 6\r\n2 12\r\n." },
		{ "UIDL 1",	"+OK 1 1.a" },
		{ "UIDL",	"+OK Unique-ids follow\r\n1 1.a\r\n2 2.b\r\n." },
		{ "RETR 2",	"+OK 12 octets\r\nh: 1\r\n\r\n..x\r\n." },
		{ "TOP 2 0",	"+OK\r\nh: 1\r\n\r\n." },
		{ "TOP 1 18446744073709551614", "+OK\r\na\r\nb\r\n." },
		{ "TOP 1 18446744073709551615", "-ERR How many lines?" },
		{ "TOP 1 -1",	"-ERR How many lines?" },
		{ "TOP 1 1x",	"-ERR How many lines?" },
		{ "TOP 1",	"-ERR Use: TOP message lines" },
		{ "TOP 1 1 1",	"-ERR Use: TOP message lines" },
		{ "DELE 2",	"+OK Message 2 deleted" },
		{ "NOOP",	"+OK" },
		{ "RSET",	"+OK Nothing is marked as deleted" },
		{ "LAST",	"-ERR LAST is obsolete, use UIDL" },
		{ "USER x",	"-ERR You are logged in already" },
		{ "AUTH PLAIN =", "-ERR You are logged in already" },
		{ "STLS",	"-ERR You are logged in already" },
		{ "",		"-ERR Unknown command" },
		{ " STAT",	"-ERR Unknown command" },
		{ "XTND XMIT",	"-ERR Unknown command" },
		{ "%n%s",	"-ERR Unknown command" },
		{ "STAT\tx",	"-ERR Unknown command" },
		{ "STAT\rx",
		    "-ERR A command is plain text and ends in CRLF" },
		{ "STAT\nSTAT",
		    "-ERR A command is plain text and ends in CRLF\r\n"
		    "+OK 2 18" },
	};
	/* clang-format on */
	char said[200], heard[300];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		(void)snprintf(said, sizeof(said), "%s\r\n", rows[i].said);
		(void)snprintf(heard, sizeof(heard), "%s\r\n", rows[i].heard);
		session(said);
		talk_expect(heard);
		assert_string_equal(t.ended, "closed");
	}
}

/* Strictly a number of a message that is there, in one spelling. */
static void
numbers(void **state)
{
	static const char *const bad[] = { "0", "3", "-1", "+1", "01", "00",
		"1x", "x", "1.0", "0x1", "4294967297", "18446744073709551617",
		"99999999999999999999999999999999999999", "\xb2" };
	static const char *const verbs[] = { "LIST %s", "UIDL %s", "RETR %s",
		"DELE %s", "TOP %s 1" };
	char said[300], verb[200];

	(void)state;
	for (size_t v = 0; v < COUNT(verbs); v++) {
		for (size_t i = 0; i < COUNT(bad); i++) {
			/* The verbs are literals above. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			(void)snprintf(verb, sizeof(verb), verbs[v], bad[i]);
#pragma GCC diagnostic pop
			(void)snprintf(said, sizeof(said), "%s\r\n", verb);
			session(said);
			talk_expect("-ERR No such message\r\n");
		}
	}
	session("RETR  1\r\nRETR\r\nRETR 1 2\r\n");
	talk_expect("-ERR Use: RETR message\r\n-ERR Use: RETR message\r\n"
		    "-ERR Use: RETR message\r\n");
}

/* 5000 bytes are one mistake, not ten. */
static void
too_long(void **state)
{
	static char said[5100];

	(void)state;
	memset(said, 'A', sizeof(said));
	memcpy(said, "LIST ", 5);
	memcpy(said + 5000, "\r\nNOOP\r\n", 9);
	session(said);
	talk_expect("-ERR Line too long\r\n+OK\r\n");
}

static void
marks(void **state)
{
	(void)state;
	session("DELE 1\r\nDELE 1\r\nRETR 1\r\nTOP 1 0\r\nLIST 1\r\nUIDL 1\r\n"
		"STAT\r\nLIST\r\nUIDL\r\nRSET\r\nSTAT\r\n");
	talk_expect("+OK Message 1 deleted\r\n"
		    "-ERR Message 1 is deleted\r\n"
		    "-ERR Message 1 is deleted\r\n"
		    "-ERR Message 1 is deleted\r\n"
		    "-ERR Message 1 is deleted\r\n"
		    "-ERR Message 1 is deleted\r\n"
		    "+OK 1 12\r\n"
		    "+OK 1 messages (12 octets)\r\n2 12\r\n.\r\n"
		    "+OK Unique-ids follow\r\n2 2.b\r\n.\r\n"
		    "+OK Nothing is marked as deleted\r\n"
		    "+OK 2 18\r\n");
}

/* Only QUIT removes. */
static void
only_quit(void **state)
{
	(void)state;
	session("DELE 1\r\nDELE 2\r\n");
	assert_string_equal(t.ended, "closed");
	assert_true(pop3_has("new/1.a,S=4,W=6"));
	assert_true(pop3_has("cur/2.b:2,S"));
	assert_int_equal(t.deleted, 0);
	session("DELE 1\r\nQUIT\r\nDELE 2\r\nQUIT\r\n");
	talk_expect("+OK Message 1 deleted\r\n+OK Bye, 1 deleted\r\n");
	assert_string_equal(t.ended, "quit");
	assert_false(pop3_has("new/1.a,S=4,W=6"));
	assert_true(pop3_has("cur/2.b:2,S"));
	assert_int_equal(t.deleted, 1);
}

static void
update_fails(void **state)
{
	(void)state;
	unlink_errno = EACCES;
	session("DELE 1\r\nDELE 2\r\nQUIT\r\n");
	unlink_errno = 0;
	talk_expect("+OK Message 1 deleted\r\n+OK Message 2 deleted\r\n"
		    "-ERR [SYS/TEMP] 2 of 2 messages were not deleted\r\n");
	assert_int_equal(t.deleted, 0);
}

static void
counters(void **state)
{
	(void)state;
	session("RETR 1\r\nTOP 2 0\r\nRETR 2\r\nRETR 9\r\nQUIT\r\n");
	assert_int_equal(t.retrieved, 2);
	assert_int_equal(t.octets, 6 + 8 + 12);
}

static void
junk(void **state)
{
	static char said[1000];

	(void)state;
	said[0] = '\0';
	for (int i = 0; i < 29; i++)
		memcpy(said + 3 * i, "X\r\n", 4);
	memcpy(said + 3 * 29, "NOOP\r\n", 7);
	for (int i = 0; i < 31; i++)
		memcpy(said + 3 * 29 + 6 + 3 * i, "X\r\n", 4);
	session(said);
	assert_string_equal(t.ended, "errors");
	assert_non_null(strstr(talk_heard(NULL), "-ERR Too many errors, bye"));
}

static void
timeout(void **state)
{
	static struct maildrop md;

	(void)state;
	pop3_mail("new/1.a", "x\n");
	pop3_open(&md);
	talk_start("DELE 1\r\nQUI");
	t = (struct transaction){
		.client = &client,
		.md = &md,
		.offered = "",
		.timeout = 1,
		.junk = 30,
	};
	transaction_run(&t);
	assert_string_equal(t.ended, "timeout");
	assert_true(pop3_has("new/1.a"));
	maildrop_close(&md);
}

/* Mechanisms as before the login; STLS is over. */
static void
capabilities(void **state)
{
	(void)state;
	session("CAPA\r\n");
	assert_non_null(strstr(talk_heard(NULL),
	    "\r\nTOP\r\nUSER\r\nSASL PLAIN\r\nRESP-CODES\r\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(one_answer, pop3_clean),
		cmocka_unit_test_setup(numbers, pop3_clean),
		cmocka_unit_test_setup(too_long, pop3_clean),
		cmocka_unit_test_setup(marks, pop3_clean),
		cmocka_unit_test_setup(only_quit, pop3_clean),
		cmocka_unit_test_setup(update_fails, pop3_clean),
		cmocka_unit_test_setup(counters, pop3_clean),
		cmocka_unit_test_setup(junk, pop3_clean),
		cmocka_unit_test_setup(timeout, pop3_clean),
		cmocka_unit_test_setup(capabilities, pop3_clean),
	};

	return cmocka_run_group_tests(tests, pop3_setup, unit_teardown);
}
