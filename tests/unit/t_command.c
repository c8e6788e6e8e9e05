/*
 * t_command: limits of lines, errors, junk and recipients; daemons that fail.
 *
 * wrap: intake_begin intake_rcpt intake_body intake_write intake_commit
 * wrap: intake_abort chan_send chan_recv
 */
#include "tests/unit/smtp_talk.h"

/* before, n times a, after. */
static const char *
times(const char *before, const char *a, size_t n, const char *after)
{
	static char s[60000];

	s[0] = '\0';
	strlcat(s, before, sizeof(s));
	for (size_t i = 0; i < n; i++)
		strlcat(s, a, sizeof(s));
	assert_true(strlcat(s, after, sizeof(s)) < sizeof(s));
	return s;
}

static size_t
count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		n++;
	return n;
}

static void
limits(void **state)
{
	const char *out;

	(void)state;
	reset_daemons();
	out = talk("mx", times("", "FOO\r\n", 9, QUIT), 60000, 60000);
	assert_int_equal(count(out, "500 5.5.1"), 5);
	assert_int_equal(count(out, "421 4.7.0"), 1);
	out = talk("mx", times("", "RSET\r\n", 40, QUIT), 60000, 60000);
	assert_int_equal(count(out, "250 2.0.0"), 12);
	assert_int_equal(count(out, "421 4.7.0"), 1);
	/* at the limit QUIT is still heard */
	out = talk("mx", times("", "FOO\r\n", 5, QUIT), 60000, 60000);
	assert_int_equal(count(out, "421"), 0);
	assert_int_equal(count(out, "221"), 1);
}

#define MESSAGE FROM TO "DATA\r\n.\r\n"

/* An accepted message starts both counts anew; a refused one does not. */
static void
mail_forgives(void **state)
{
	const char *four = "FOO\r\nFOO\r\nFOO\r\nFOO\r\n";
	char round[200];
	const char *out;

	(void)state;
	reset_daemons();
	strlcpy(round, four, sizeof(round));
	strlcat(round, MESSAGE, sizeof(round));
	out = talk("mx", times(HELLO, round, 5, QUIT), 60000, 60000);
	assert_int_equal(count(out, "500 5.5.1"), 20);
	assert_int_equal(count(out, DONE), 5);
	assert_int_equal(count(out, BYE), 1);
	commit_fails = "4.3.0";
	out = talk("mx", times(HELLO, round, 5, QUIT), 60000, 60000);
	assert_int_equal(count(out, "500 5.5.1"), 4);
	assert_int_equal(count(out, "421 4.7.0"), 1);
}

/* C25: the 101st of 100 is told to wait, and is no error. */
static void
many_recipients(void **state)
{
	const char *out;

	(void)state;
	reset_daemons();
	out = talk("mx", times(HELLO FROM, TO, 150, "DATA\r\n.\r\n" QUIT),
	    60000, 60000);
	assert_int_equal(count(out, TO_OK), 100);
	assert_int_equal(count(out, "452 4.5.3"), 50);
	assert_int_equal(count(out, DONE), 1);
	assert_int_equal(count(out, BYE), 1);
	assert_int_equal(count(queue, " to <"), 100);
}

/* C04: 512 octets with CRLF are a command, 513 are none, once. */
static void
line_lengths(void **state)
{
	static const struct {
		const char *verb;
		size_t length; /* with CRLF */
		const char *want;
	} lines[] = {
		{ "HELO ", 512, "250 mail" },
		{ "HELO ", 513, "500 5.5.2" },
		{ "HELO ", 4096, "500 5.5.2" },
		{ "EHLO ", 40000, "500 5.5.2" },
		{ "NOOP ", 513, "500 5.5.2" },
		{ "XYZ ", 513, "500 5.5.2" },
	};
	const char *out;

	(void)state;
	reset_daemons();
	for (size_t i = 0; i < COUNT(lines); i++) {
		size_t n = lines[i].length - strlen(lines[i].verb) - 2;

		out = talk("mx", times(lines[i].verb, "A", n, "\r\n" QUIT),
		    60000, 60000);
		assert_non_null(strstr(out, lines[i].want));
		assert_int_equal(
		    count(out, "500 "), lines[i].want[0] == '5' ? 1 : 0);
		assert_non_null(strstr(out, BYE));
	}
}

static void
queue_trouble(void **state)
{
	const char *in = HELLO FROM TO "DATA\r\nMAIL FROM:<b@x.test>\r\n" QUIT;

	(void)state;
	reset_daemons();
	body_fails = "4.3.1";
	assert_string_equal(talk("mx", in, 60000, 60000),
	    BANNER HI_MX FROM_OK TO_OK "452 4.3.1 full\r\n" FROM_OK BYE);
	body_fails = NULL;
	commit_fails = "4.3.0";
	assert_string_equal(
	    talk("mx", HELLO FROM TO "DATA\r\n.\r\n" TO QUIT, 60000, 60000),
	    BANNER HI_MX FROM_OK TO_OK GO "451 4.3.0 no\r\n" MAIL_FIRST BYE);
}

static void
authd_trouble(void **state)
{
	(void)state;
	reset_daemons();
	authd.dead = true;
	assert_string_equal(
	    talk("submission",
		HELLO "AUTH PLAIN\r\nAUTH PLAIN " PLAIN_GOOD "\r\n" HELLO QUIT,
		60000, 60000),
	    BANNER HI_SUB
	    "454 4.7.0 Nobody can log in now; please connect again later\r\n"
	    "454 4.7.0 Nobody can log in now; please connect again "
	    "later\r\n" HI_MX BYE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits),
		cmocka_unit_test(mail_forgives),
		cmocka_unit_test(many_recipients),
		cmocka_unit_test(line_lengths),
		cmocka_unit_test(queue_trouble),
		cmocka_unit_test(authd_trouble),
	};

	return cmocka_run_group_tests(tests, talk_setup, unit_teardown);
}
