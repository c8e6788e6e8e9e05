/*
 * t_link: connections to servers that are good, odd and hostile, up to EHLO
 *
 * wrap: targets_find dial tls_client_open tls_client_now relay_auth log_event
 * wrap: deadline_in
 */
#include "tests/unit/link.h"

static const struct row rows[] = {
	/* clang-format off */
	/* the greeting and EHLO */
	OPEN("plain", NONE, 0, EXT_EHLO | EXT_DSN,
	    "C\n" EHLO "> 250-mx|250 DSN\n"),
	OPEN("greeting of lines", NONE, 0, EXT_EHLO,
	    "C\n> 220-mx|220-no spam|220 hi\n< EHLO us.example\n> 250 mx\n"),
	OPEN("no ESMTP", MAY, 0, 0, "C\n" EHLO "> 502 what?\n"
	    "< HELO us.example\n> 250 mx\n"),
	OPEN("no ESMTP, 500", NONE, 0, 0, "C\n" EHLO "> 500-what|500 DSN\n"
	    "< HELO us.example\n> 250 mx\n"),
	SAYS("no HELO either", 0, 501, "5.0.0", 0, "nor that (in reply to HELO)", "C\n" EHLO
	    "> 502 what?\n< HELO us.example\n> 501 nor that\n"),
	SAYS("EHLO refused", 0, 550, "5.7.1", 0, "go away (in reply to EHLO)", "C\n" EHLO
	    "> 550 5.7.1 go away\n"),
	SAYS("EHLO later", 0, 450, "4.0.0", DOWN, "later", "C\n" EHLO
	    "> 450 later\n"),
	FAILS("EHLO answered by 354", MAY, 0, "4.5.0", DOWN, "354", "C\n" EHLO
	    "> 354 what?\n"),
	{ .name = "no HELO with encrypt", .tls = HOP_TLS_ENCRYPT, .code = 502,
	    .dsn = "5.0.0", .text = "what",
	    .parts = { "C\n" EHLO "> 502 what?\n" } },
	SAYS("no HELO with credentials", LOGIN, 502, "5.0.0", 0, "what",
	    "C\n" EHLO "> 502 what?\n"),
	OPEN("LMTP", NONE, LMTP, EXT_EHLO | EXT_PIPELINING,
	    "C\n> 220 x\n< LHLO us.example\n> 250-x|250 PIPELINING\n"),
	SAYS("LMTP without LHLO", LMTP, 502, "5.0.0", 0, "(in reply to LHLO)",
	    "C\n> 220 x\n< LHLO us.example\n> 502 what?\n"),
	/* greetings that are none */
	SAYS("busy", 0, 421, "4.3.2", DOWN | BUSY, "too many",
	    "C\n> 421 4.3.2 too many\n"),
	SAYS("greylisted host", 0, 450, "4.0.0", DOWN, "hm",
	    "C\n> 450 hm\n"),
	SAYS("no mail here", 0, 554, "5.3.2", 0, "no (as its greeting)",
	    "C\n> 554 5.3.2 no\n"),
	SAYS("no mail here, RFC 7504", 0, 521, "5.0.0", 0, "no mail",
	    "C\n> 521 no mail\n"),
	FAILS("another 2xx", MAY, 0, "4.5.0", DOWN, "250 hi",
	    "C\n> 250 hi\n"),
	FAILS("not SMTP", MAY, 0, "4.5.0", DOWN, "+OK", "C\n> +OK POP3\n"),
	FAILS("closed", MAY, 0, "4.4.2", DOWN, "lost", "C\n!"),
	FAILS("closed after the greeting", MAY, 0, "4.4.2", DOWN, "lost",
	    "C\n" EHLO "!"),
	FAILS("silence", MAY, HURRY, "4.4.2", DOWN,
	    "mx.example[192.0.2.1]: waiting for its greeting: no reply in time",
	    "C\n"),
	FAILS("silence where TLS is wanted", MAY, HURRY | PORT_465, "4.4.2",
	    DOWN, "no reply in time (on port 465 TLS begins at once: write "
	    "smtps:)", "C\n"),
	FAILS("silence after the greeting", MAY, HURRY | PORT_465, "4.4.2",
	    DOWN, "waiting for an answer to EHLO: no reply in time",
	    "C\n" EHLO),
	/* what it calls itself, if that is a name, and this is a mail server */
	SAYS("a code for a name", BY_IP, 554, "5.7.1", 0, "Your IP is bad",
	    "C\n> 554 5.7.1 Your IP is bad\n"),
	SAYS("a name that serves nobody", BY_IP, 554, "5.0.0", 0, "no",
	    "C\n> 554 mx.other.example no\n"),
	FAILS("one label", MAY, BY_IP, "4.4.2", DOWN,
	    "[192.0.2.1]: waiting for an answer to EHLO: the connection was "
	    "lost", "C\n> 220 mx hi\n< EHLO us.example\n!"),
	FAILS("an address", MAY, BY_IP, "4.4.2", DOWN, "[192.0.2.1]: ",
	    "C\n> 220 10.0.0.1 hi\n< EHLO us.example\n!"),
	/* a path is all that there is to tell */
	FAILS("a socket", MAY, LOCAL | LMTP, "4.4.1", DOWN,
	    "/run/lmtp: nobody", "x"),
	FAILS("answers at once", MAY, 0, "4.5.0", DOWN, "was not asked",
	    "C\n> 220 hi|250 mx|250 sender ok|250 rcpt ok|354 go|250 sent\n"),
	FAILS("answers EHLO twice", ENCRYPT, 0, "4.5.0", DOWN, "was not asked",
	    "C\n" EHLO "> 250-mx|250 STARTTLS|220 go\n"),
	/* addresses */
	FAILS("nobody", MAY, 0, "4.4.1", DOWN, "nobody", "x"),
	FAILS("our fault", MAY, 0, "4.3.0", OUTCOME_OURS, "trouble", "?"),
	OPEN("the second", MAY, TWO, EXT_EHLO, "x", "C\n" EHLO "> 250 mx\n"),
	OPEN("the second, refused", MAY, TWO, EXT_EHLO, "C\n> 554 no\n",
	    "C\n" EHLO "> 250 mx\n"),
	SAYS("both refuse", TWO, 554, "5.0.0", 0, "first", "C\n> 554 first\n",
	    "C\n> 550 second\n"),
	SAYS("one refuses, one is away", TWO, 554, "5.0.0", 0, "first", "x",
	    "C\n> 554 first\n"),
	SAYS("one refuses, one waits", TWO, 451, "4.0.0", DOWN, "second",
	    "C\n> 554 first\n", "C\n> 451 second\n"),
	SAYS("one waits, one refuses", TWO, 451, "4.0.0", DOWN, "first",
	    "C\n> 451 first\n", "C\n> 554 second\n"),
	SAYS("refused by a route's host", ROUTED, 554, "4.3.2", DOWN, "no",
	    "C\n> 554 5.3.2 no\n"),
	SAYS("its EHLO", ROUTED | TWO, 550, "4.0.0", DOWN, "no", "C\n" EHLO
	    "> 550 no\n", "x"),
	FAILS("one refuses, one is lost", MAY, TWO, "4.4.2", DOWN, "lost",
	    "C\n> 554 first\n", "C\n!"),
	FAILS("none is there", MAY, TWO, "4.4.1", DOWN, "192.0.2.1", "x", "x"),
	/* clang-format on */
};

static void
connections(void **state)
{
	(void)state;
	table(rows, COUNT(rows));
}

/* A hop that the administrator named loses no mail to what DNS says. */
static void
by_dns(void **state)
{
	struct link_wish w = {
		.config = &config, .hop = &hop, .hop_text = "x"
	};
	struct verdict v;

	(void)state;
	row = NULL;
	assert_int_equal(link_open(&l, &w, &v), OUT_PERM);
	assert_string_equal(v.diag.dsn, "5.1.2");
	w.routed = true;
	assert_int_equal(link_open(&l, &w, &v), OUT_TEMP);
	assert_string_equal(v.diag.dsn, "4.1.2");
	assert_int_equal(v.flags, OUTCOME_DOWN);
	assert_int_equal(l.fd, -1);
	link_close(&l, true); /* nothing */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connections),
		cmocka_unit_test(by_dns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
