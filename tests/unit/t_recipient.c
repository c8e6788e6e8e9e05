/*
 * t_recipient: what becomes of recipients and senders that the administrator
 * has words for, and what EXPN tells of lists.
 *
 * wrap: intake_begin intake_rcpt intake_body intake_write intake_commit
 * wrap: intake_abort intake_ask chan_send chan_recv
 */
#include "tests/unit/smtp_talk.h"

#define R(addr) "RCPT TO:<" addr ">\r\n"
#define DATA "DATA\r\nA: b\r\n.\r\n"
#define NO_USER                                                                \
	"550 5.1.1 There is no such mailbox here; check the spelling of the "  \
	"address\r\n"
#define NO_RELAY                                                               \
	"550 5.7.1 Mail for that domain is not taken here; log in first, or "  \
	"send it through your own provider\r\n"
#define LOOKUP_DOWN                                                            \
	"451 4.3.0 Accounts cannot be looked up now; please try again "        \
	"later\r\n"
#define ASK_DOWN                                                               \
	"451 4.3.0 Who that recipient is cannot be found out now; please try " \
	"again later\r\n"
#define ONLY_REPORTS                                                           \
	"550 5.7.1 That is a return address, and only reports go there, with " \
	"MAIL FROM:<>; write to the sender's own address\r\n"
#define MANY_RCPTS                                                             \
	"452 4.5.3 Enough recipients for one message; send it now, then the "  \
	"same to the rest\r\n"
#define DELIVERED                                                              \
	"554 5.4.6 The message has been delivered there before, as its "       \
	"header says: it goes in a circle\r\n"
#define NO_LIST "550 5.1.1 That is not the name of a list here\r\n"

/* clang-format off */
static const struct {
	const char *profile, *in, *out, *queue;
} rows[] = {
/* domains that are passed on, and that are another one */
{ "mx", HELLO FROM R("x@relay.test") R("rita+t@listed.test") R("ron@listed.test") R("Alice@same.test") R("x@same.test") DATA,
    FROM_OK TO_OK TO_OK NO_USER TO_OK NO_USER GO DONE,
    "from <a@x.test> to <x@relay.test> to <rita+t@listed.test> to <Alice@same.test>\nA: b\ncommit\n" },
/* whoever is not found */
{ "mx", HELLO FROM R("carol@caught-unix.test") R("nobody@caught-unix.test") R("later@caught-unix.test") R("9@caught-unix.test"),
    FROM_OK TO_OK TO_OK LOOKUP_DOWN TO_OK, "" },
{ "mx", HELLO FROM R("carol@closed-unix.test") R("nobody@closed-unix.test") R("9@closed-unix.test"),
    FROM_OK TO_OK "550 5.1.6 All have left\r\n" "550 5.1.6 All have left\r\n", "" },
/* the administrator's own words */
{ "mx", HELLO FROM R("gone@local.test") R("later+x@same.test"),
    FROM_OK "550 5.1.6 She is at another place\r\n" "450 4.2.1 Come again tomorrow\r\n", "" },
{ "local", HELLO FROM R("gone@local.test"), FROM_OK "550 5.1.6 She is at another place\r\n", "" },
/* senders that we rewrote: queued knows */
{ "mx", HELLO "MAIL FROM:<>\r\n" R("SRS0=bad@local.test") R("SRS0=silent@local.test") R("SRS0=good@foreign.test") R("srs1-good@local.test"),
    FROM_OK "550 5.1.1 Not of ours\r\n" ASK_DOWN NO_RELAY TO_OK, "" },
/* only reports go to them, and each to one */
{ "mx", HELLO FROM R("SRS0=good@local.test") R("srs1-bad@local.test"), FROM_OK ONLY_REPORTS ONLY_REPORTS, "" },
{ "mx", HELLO "MAIL FROM:<>\r\n" R("alice@local.test") R("SRS0=good@local.test") R("SRS0=good@local.test") R("bob@local.test") DATA
    "MAIL FROM:<>\r\n" R("srs1-good@local.test"),
    FROM_OK TO_OK TO_OK MANY_RCPTS TO_OK GO DONE FROM_OK TO_OK,
    "from <> to <alice@local.test> to <SRS0=good@local.test> to <bob@local.test>\nA: b\ncommit\n" },
{ "local", HELLO FROM R("SRS0=good@local.test") R("srs1-good@local.test"), FROM_OK TO_OK TO_OK, "" },
/* what they have had is refused, once it is there; our own clients hear of it */
{ "mx", HELLO FROM TO "DATA\r\nDelivered-To: alice@local.test\r\n\r\nDATA\r\n.\r\n" FROM TO DATA,
    FROM_OK TO_OK GO DELIVERED FROM_OK TO_OK GO DONE,
    "from <a@x.test> to <alice@local.test>\nabort\nfrom <a@x.test> to <alice@local.test>\nA: b\ncommit\n" },
{ "mx", HELLO FROM TO R("bob@local.test") "DATA\r\nDelivered-To: alice@local.test\r\n.\r\n",
    FROM_OK TO_OK TO_OK GO DONE,
    "from <a@x.test> to <alice@local.test> to <bob@local.test>\nDelivered-To: alice@local.test\ncommit\n" },
{ "mx", HELLO FROM TO "BDAT 30\r\nDelivered-To: alice@local.testBDAT 0 LAST\r\n",
    FROM_OK TO_OK "250 2.0.0 30 octets taken\r\n" DELIVERED, "from <a@x.test> to <alice@local.test>\nabort\n" },
{ "local", HELLO FROM TO "DATA\r\nDate: x\r\nMessage-ID: y\r\nDelivered-To: alice@local.test\r\n.\r\n", FROM_OK TO_OK GO DONE,
    "from <a@x.test> to <alice@local.test>\nDate: x\nMessage-ID: y\nDelivered-To: alice@local.test\ncommit\n" },
/* full mailboxes: each is asked of by itself, and nothing said is no */
{ "mx", HELLO "MAIL FROM:<a@x.test> SIZE=77\r\n" R("Full+t@same.test") R("busy@local.test") R("silent@local.test") R("alice@local.test") DATA,
    FROM_OK "552 5.2.2 full+t@local.test is full for 77\r\n" "452 4.2.2 Full now\r\n" TO_OK TO_OK GO DONE,
    "from <a@x.test> to <silent@local.test> to <alice@local.test>\nA: b\ncommit\n" },
{ "mx", HELLO FROM R("fullaway@local.test") R("fullboth@local.test") R("odd@local.test"),
    FROM_OK TO_OK "552 5.2.2 fullboth@local.test is full for 0\r\n" LOOKUP_DOWN, "" },
/* addresses that are replaced: no stranger gets further for it */
{ "mx", HELLO "MAIL FROM:<x@host.local.test>\r\n" R("x@typo.test") R("alice@old.test") R("nobody@old.test") R("Old@local.test") R("x@bad.test") DATA,
    FROM_OK NO_RELAY TO_OK NO_USER TO_OK LOOKUP_DOWN GO DONE,
    "from <x@host.local.test> to <alice@local.test> for rfc822;alice@old.test to <new@foreign.test> for rfc822;Old@local.test\nA: b\ncommit\n" },
{ "local", HELLO "MAIL FROM:<X@host.local.test>\r\n" R("x+y@typo.test") "RCPT TO:<z@typo.test> ORCPT=rfc822;q@x\r\n" DATA,
    FROM_OK TO_OK TO_OK GO DONE,
    "from <X@local.test> to <x+y@foreign.test> for rfc822;x+2By@typo.test to <z@foreign.test> for rfc822;q@x\nA: b\ncommit\n" },
{ "local", HELLO "MAIL FROM:<root>\r\n" R("bob") "DATA\r\nDate: x\r\nMessage-ID: y\r\nFrom: root (Cron)\r\nTo: bob, <x@typo.test>\r\n\r\nTo: bob\r\n.\r\n",
    FROM_OK TO_OK GO DONE,
    "from <Root.Of.All@local.test> to <bob@local.test>\n"
    "Date: x\nMessage-ID: y\nFrom: Root.Of.All@local.test (Cron)\nTo: bob@local.test, <x@foreign.test>\n\nTo: bob\ncommit\n" },
/* a stranger's header is not ours */
{ "mx", HELLO FROM TO "DATA\r\nFrom: root@local.test\r\nTo: bob@old.test\r\n.\r\n",
    FROM_OK TO_OK GO DONE,
    "from <a@x.test> to <alice@local.test>\nFrom: root@local.test\nTo: bob@old.test\ncommit\n" },
/* one more who gets it, once, if anybody does */
{ "bcc", HELLO FROM TO DATA, FROM_OK TO_OK GO DONE,
    "from <a@x.test> to <alice@local.test> never <Archive@local.test>\nA: b\ncommit\n" },
{ "bcc", HELLO FROM TO "BDAT 6 LAST\r\nA: b\r\n", FROM_OK TO_OK DONE,
    "from <a@x.test> to <alice@local.test> never <Archive@local.test>\nA: b\ncommit\n" },
{ "bcc", HELLO FROM R("nobody@local.test") "DATA\r\n", FROM_OK NO_USER "503 5.5.1 No recipient yet; say RCPT TO:<address> first\r\n", "" },
{ "bccalice", HELLO FROM R("bob@local.test") R("ALICE@local.test") DATA, FROM_OK TO_OK TO_OK GO DONE,
    "from <a@x.test> to <bob@local.test> to <ALICE@local.test>\nA: b\ncommit\n" },
/* what is no address is not told */
{ "local", HELLO "EXPN mixed\r\nEXPN pipe\r\nEXPN staff\r\nEXPN staff@same.test\r\nEXPN gone\r\nEXPN broken\r\nEXPN x@relay.test\r\nEXPN alice\r\nEXPN x@caught-unix.test\r\n",
    "250-2.1.5 <alice@local.test>\r\n250-2.1.5 <bob@local.test>\r\n250 2.1.5 3 that have no address to tell\r\n"
    "250 2.1.5 1 that has no address to tell\r\n"
    "250-2.1.5 <alice@local.test>\r\n250 2.1.5 <bob@local.test>\r\n"
    "250-2.1.5 <alice@local.test>\r\n250 2.1.5 <bob@local.test>\r\n"
    "550 5.1.6 She is at another place\r\n"
    "550 5.2.4 That list has no members\r\n"
    NO_LIST NO_LIST NO_LIST, "" },
};
/* clang-format on */

static void
dialogues(void **state)
{
	const char *out;

	(void)state;
	reset_daemons();
	for (size_t i = 0; i < COUNT(rows); i++) {
		out = talk(rows[i].profile, rows[i].in, 100000, 100000);
		assert_memory_equal(
		    out, BANNER HI_MX, sizeof(BANNER HI_MX) - 1);
		assert_string_equal(
		    out + sizeof(BANNER HI_MX) - 1, rows[i].out);
		assert_string_equal(queue, rows[i].queue);
	}
}

/* 4.2.2 is a refusal, and is counted and logged as one. */
static void
counted(void **state)
{
	char log[4000];
	ssize_t n;
	int fd;

	(void)state;
	reset_daemons();
	(void)talk("mx", HELLO FROM R("busy@local.test"), 100000, 100000);
	assert_int_equal(session.refused, 1);
	fd = open(unit_path("log"), O_RDONLY);
	n = lseek(fd, -1000, SEEK_END) == -1 ? 0
					     : read(fd, log, sizeof(log) - 1);
	assert_int_equal(close(fd), 0);
	assert_true(n > 0);
	log[n] = '\0';
	assert_non_null(strstr(log, "452 4.2.2 Full now"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dialogues),
		cmocka_unit_test(counted),
	};

	return cmocka_run_group_tests(tests, talk_setup, unit_teardown);
}
