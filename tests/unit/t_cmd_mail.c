/*
 * t_cmd_mail: addresses with other letters than ASCII (RFC 6531), in MAIL,
 * RCPT and EXPN.
 *
 * wrap: intake_begin intake_rcpt intake_body intake_write intake_commit
 * wrap: intake_abort chan_send chan_recv
 */
#include "tests/unit/smtp_talk.h"

#define JOERG "j\xc3\xb6rg"
#define BUECHER                                                                \
	"b\xc3\xbc"                                                            \
	"cher.test"
#define XN "xn--bcher-kva.test"
#define WIDE "MAIL FROM:<a@x.test> SMTPUTF8\r\n"
#define SENDER_WIDE                                                            \
	"553 5.6.7 That sender is not ASCII; say MAIL with SMTPUTF8, or use "  \
	"another sender address\r\n"
#define RCPT_WIDE                                                              \
	"553 5.6.7 That recipient is not ASCII; say MAIL with SMTPUTF8, or "   \
	"use another recipient address\r\n"
#define SENDER_UTF8                                                            \
	"553 5.6.7 That sender is neither ASCII nor UTF-8; write it in "       \
	"UTF-8\r\n"
#define RCPT_UTF8                                                              \
	"553 5.6.7 That recipient is neither ASCII nor UTF-8; write it in "    \
	"UTF-8\r\n"
#define SENDER_IDN                                                             \
	"501 5.1.8 The domain of that sender is no name in DNS, whatever its " \
	"letters are\r\n"
#define RCPT_IDN                                                               \
	"501 5.1.2 The domain of that recipient is no name in DNS, whatever "  \
	"its letters are\r\n"
#define NO_USER                                                                \
	"550 5.1.1 There is no such mailbox here; check the spelling of the "  \
	"address\r\n"
#define NO_RELAY                                                               \
	"550 5.7.1 Mail for that domain is not taken here; log in first, or "  \
	"send it through your own provider\r\n"

/* clang-format off */
static const struct {
	const char *profile, *in, *out, *queue;
} rows[] = {
/* without SMTPUTF8 */
{ "mx", HELLO "MAIL FROM:<" JOERG "@x.test>\r\nMAIL FROM:<a@" BUECHER ">\r\n"
    FROM "RCPT TO:<" JOERG "@" XN ">\r\nRCPT TO:<a@" BUECHER ">\r\n",
    SENDER_WIDE SENDER_WIDE FROM_OK RCPT_WIDE RCPT_WIDE, "" },
/* with it */
{ "mx", HELLO "MAIL FROM:<" JOERG "@" BUECHER "> SMTPUTF8\r\n"
    "RCPT TO:<J" "\xc3\xb6" "RG@B" "\xc3\x9c" "cher.TEST>\r\nDATA\r\nA: b\r\n.\r\n",
    FROM_OK TO_OK GO DONE,
    "from <" JOERG "@" XN "> to <J\xc3\xb6RG@" XN ">\nA: b\ncommit\n" },
{ "mx", HELLO WIDE "RCPT TO:<" JOERG "+tag@" XN "> ORCPT=utf-8;" JOERG "@" BUECHER "\r\nRCPT TO:<\"" JOERG "\"@" BUECHER ">\r\n",
    FROM_OK TO_OK TO_OK, "" },
/* nobody, elsewhere, another spelling of the same letters */
{ "mx", HELLO WIDE "RCPT TO:<j\xc3\xb6@" BUECHER ">\r\nRCPT TO:<a@\xc3\xbc.test>\r\nRCPT TO:<jo\xcc\x88rg@" BUECHER ">\r\n",
    FROM_OK NO_USER NO_RELAY NO_USER, "" },
/* no UTF-8 (A15), no domain */
{ "mx", HELLO "MAIL FROM:<\xc0\xaf@x.test> SMTPUTF8\r\nMAIL FROM:<a@\xed\xa0\x80.test> SMTPUTF8\r\nMAIL FROM:<a@\xe2\x98\x83.test> SMTPUTF8\r\n",
    SENDER_UTF8 SENDER_UTF8 SENDER_IDN, "" },
{ "mx", HELLO WIDE "RCPT TO:<\xc2\x85@x.test>\r\nRCPT TO:<a@x.test\xff>\r\nRCPT TO:<a@xn--\xc3\xbc.test>\r\n",
    FROM_OK RCPT_UTF8 RCPT_UTF8 RCPT_IDN, "" },
/* ORCPT in UTF-8 only where MAIL said so */
{ "mx", HELLO FROM "RCPT TO:<alice@local.test> ORCPT=utf-8;" JOERG "@x\r\nRCPT TO:<alice@local.test> ORCPT=utf-8;j\\x{F6}rg@x\r\n",
    FROM_OK "501 5.5.4 Parameter ORCPT is malformed, has a bad value or is given twice\r\n" TO_OK, "" },
/* a new message has a new MAIL */
{ "mx", HELLO WIDE "RSET\r\n" FROM "RCPT TO:<" JOERG "@" XN ">\r\n",
    FROM_OK OK FROM_OK RCPT_WIDE, "" },
/* replies are ASCII unless EXPN says otherwise */
{ "local", HELLO "EXPN wide\r\nEXPN wide SMTPUTF8\r\nEXPN <wide@local.test>\tsmtputf8\r\nEXPN " JOERG "@" BUECHER " SMTPUTF8\r\nVRFY " JOERG " SMTPUTF8\r\n",
    "550 5.6.7 That list has members whose addresses are not ASCII; say EXPN with SMTPUTF8 behind it\r\n"
    "250 2.1.5 <" JOERG "@" XN ">\r\n250 2.1.5 <" JOERG "@" XN ">\r\n"
    "550 5.1.1 That is not the name of a list here\r\n"
    "252 2.5.0 Not told; send mail to find out\r\n", "" },
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dialogues),
	};

	return cmocka_run_group_tests(tests, talk_setup, unit_teardown);
}
