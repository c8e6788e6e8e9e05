/*
 * t_link_tls: TLS of connections: by policy, by what is offered, and failing
 *
 * wrap: targets_find dial tls_client_open tls_client_now relay_auth log_event
 * wrap: deadline_in
 */
#include "tests/unit/link.h"

static const struct row rows[] = {
	/* clang-format off */
	/* STARTTLS */
	OPEN("none, though offered", NONE, 0,
	    EXT_EHLO | EXT_STARTTLS | EXT_PIPELINING, "C\n" OFFER),
	TLS("may", MAY, 0, false, "C\n" OFFER "< STARTTLS\n> 220 go\n",
	    "t\n< EHLO us.example\n> 250-mx|250 DSN\n"),
	TLS("encrypt", ENCRYPT, 0, false, "C\n" OFFER "< STARTTLS\n> 220 go\n",
	    "t\n< EHLO us.example\n> 250-mx|250 DSN\n"),
	TLS("verify", VERIFY, 0, true, "C\n" OFFER "< STARTTLS\n> 220 go\n",
	    "T\n< EHLO us.example\n> 250-mx|250 DSN\n"),
	TLS("verify an address", VERIFY, BY_IP, true,
	    "C\n" OFFER "< STARTTLS\n> 220 go\n",
	    "T\n< EHLO us.example\n> 250-mx|250 DSN\n"),
	TLS("still offered inside", ENCRYPT, 0, false,
	    "C\n> 220 x\n< EHLO us.example\n> 250-mx|250 STARTTLS\n"
	    "< STARTTLS\n> 220 go\n",
	    "t\n< EHLO us.example\n> 250-mx|250 DSN\n"),
	FAILS("not good", VERIFY, 0, "4.7.5", DOWN,
	    "(tls-policy verify): the certificate is not good",
	    "C\n" OFFER "< STARTTLS\n> 220 go\n", "t\n"),
	OPEN("not offered, may", MAY, 0, EXT_EHLO, "C\n" EHLO "> 250 mx\n"),
	FAILS("not offered, encrypt", ENCRYPT, 0, "4.7.4", DOWN,
	    "TLS is not offered (tls-policy encrypt)",
	    "C\n" EHLO "> 250 mx\n"),
	FAILS("not offered, login", VERIFY, LOGIN, "4.7.4", DOWN, "TLS is not "
	    "offered (tls-policy verify, which relay-passwords implies)",
	    "C\n" EHLO "> 250 mx\n"),
	FAILS("not offered, verify", VERIFY, TWO, "4.7.4", DOWN, "192.0.2.1",
	    "C\n" EHLO "> 250 mx\n", "C\n" EHLO "> 250 mx\n"),
	OPEN("offered by HELO only", MAY, 0, 0, "C\n" EHLO
	    "> 502-STARTTLS|502-STARTTLS|502 no\n< HELO us.example\n"
	    "> 250-mx|250 STARTTLS\n"),
	/* with may, a new connection without it */
	OPEN("refused, may", MAY, LOST, EXT_EHLO, "C\n" OFFER
	    "< STARTTLS\n> 454 not now\n", "C\n" EHLO "> 250 mx\n"),
	OPEN("garbage, may", MAY, LOST, EXT_EHLO | EXT_STARTTLS | EXT_PIPELINING,
	    "C\n" OFFER "< STARTTLS\n> \x15\x03\x01 garbage\n", "C\n" OFFER),
	OPEN("broken, may", MAY, LOST, EXT_EHLO, "C\n" OFFER
	    "< STARTTLS\n> 220 go\n", "F", "C\n" EHLO "> 250 mx\n"),
	OPEN("lost, may", MAY, LOST, EXT_EHLO, "C\n" OFFER "< STARTTLS\n!",
	    "C\n" EHLO "> 250 mx\n"),
	OPEN("lost within, may", MAY, LOST, EXT_EHLO, "C\n" OFFER
	    "< STARTTLS\n> 220 go\n", "t\n!", "C\n" EHLO "> 250 mx\n"),
	SAYS("refused within, may", 0, 550, "5.0.0", 0, "go away", "C\n" OFFER
	    "< STARTTLS\n> 220 go\n", "t\n< EHLO us.example\n> 550 go away\n"),
	SAYS("not even without", 0, 554, "5.0.0", 0, "no", "C\n" OFFER
	    "< STARTTLS\n> 454 not now\n", "C\n> 554 no\n"),
	OPEN("text behind the 220, may", MAY, LOST, EXT_EHLO, "C\n" OFFER
	    "< STARTTLS\n> 220 go|250-mx|250 AUTH PLAIN\n",
	    "C\n" EHLO "> 250 mx\n"),
	/* and never else */
	FAILS("refused, encrypt", ENCRYPT, 0, "4.7.4", DOWN, "not now", "C\n"
	    OFFER "< STARTTLS\n> 454 not now\n"),
	FAILS("refused for ever, encrypt", ENCRYPT, 0, "4.7.4", DOWN, "never",
	    "C\n" OFFER "< STARTTLS\n> 554 5.7.0 never\n"),
	FAILS("broken, verify", VERIFY, 0, "4.7.5", DOWN, "a bad certificate",
	    "C\n" OFFER "< STARTTLS\n> 220 go\n", "F"),
	FAILS("text behind the 220, encrypt", ENCRYPT, 0, "4.7.5", DOWN,
	    "behind the 220", "C\n" OFFER
	    "< STARTTLS\n> 220 go|250-mx|250 AUTH PLAIN\n"),
	FAILS("garbage, encrypt", ENCRYPT, 0, "4.5.0", DOWN, "garbage", "C\n"
	    OFFER "< STARTTLS\n> \x15\x03\x01 garbage\n"),
	TLS("the second can", ENCRYPT, TWO, false, "C\n" EHLO "> 250 mx\n",
	    "C\n" OFFER "< STARTTLS\n> 220 go\n",
	    "t\n< EHLO us.example\n> 250-mx|250 DSN\n"),
	/* without tlsd */
	OPEN("no tlsd, may", MAY, NO_TLSD | LOST,
	    EXT_EHLO | EXT_STARTTLS | EXT_PIPELINING, "C\n" OFFER),
	FAILS("no tlsd, encrypt", ENCRYPT, NO_TLSD, "4.3.0", OUTCOME_OURS, "tlsd",
	    "C\n" OFFER),
	FAILS("no tlsd, smtps", MAY, NO_TLSD | SMTPS, "4.3.0", OUTCOME_OURS, "tlsd",
	    "C\n"),
	/* from the first byte */
	TLS("smtps", VERIFY, SMTPS, true, "C\n",
	    "T\n" EHLO "> 250-mx|250 DSN\n"),
	TLS("smtps, may", MAY, SMTPS, false, "C\n",
	    "t\n" EHLO "> 250-mx|250 DSN\n"),
	TLS("smtps, none", NONE, SMTPS, false, "C\n",
	    "t\n" EHLO "> 250-mx|250 DSN\n"),
	FAILS("smtps, broken", MAY, SMTPS, "4.7.5", DOWN,
	    "TLS failed (smtps:): a bad certificate",
	    "C\n", "F"),
	/* nobody reads a Unix socket on its way */
	OPEN("local", VERIFY, LOCAL | LMTP, EXT_EHLO | EXT_STARTTLS,
	    "C\n> 220 x.example\n< LHLO us.example\n"
	    "> 250-x|250 STARTTLS\n"),
	/* clang-format on */
};

static void
connections(void **state)
{
	(void)state;
	table(rows, COUNT(rows));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
