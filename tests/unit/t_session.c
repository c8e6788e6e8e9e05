/*
 * t_session: whole dialogues, the same however the client's bytes are cut.
 *
 * wrap: intake_begin intake_rcpt intake_body intake_write intake_commit
 * wrap: intake_abort chan_send chan_recv
 */
#include "tests/unit/smtp_talk.h"

struct row {
	const char *profile, *in, *out, *queue;
};

/* clang-format off */
static const struct row rows[] = {
{ "mx", QUIT, BANNER BYE, "" },
{ "mx", "", BANNER, "" },
{ "mx", "NOOP\r\nNOOP x y\r\nnoop\t\r\nQuit \r\n", BANNER OK OK OK BYE, "" },
{ "mx", "HELO t\r\n" QUIT, BANNER "250 mail.local.test\r\n" BYE, "" },
{ "mx", HELLO FROM TO "DATA\r\nA: b\r\n\r\n..x\r\n.\r\n" QUIT,
    BANNER HI_MX FROM_OK TO_OK GO DONE BYE,
    "from <a@x.test> to <alice@local.test>\nA: b\n\n.x\ncommit\n" },
/* two messages, nothing left of the first in the second */
{ "mx", HELLO FROM TO TO "DATA\r\n.\r\nMAIL FROM:<>\r\n" TO "DATA\r\nx\r\n.\r\n",
    BANNER HI_MX FROM_OK TO_OK TO_OK GO DONE FROM_OK TO_OK GO DONE,
    "from <a@x.test> to <alice@local.test> to <alice@local.test>\ncommit\n"
    "from <> to <alice@local.test>\nx\ncommit\n" },
/* order */
{ "mx", FROM TO "DATA\r\nAUTH PLAIN\r\n" HELLO TO "DATA\r\n",
    BANNER "503 5.5.1 Say EHLO and the name of your host first\r\n"
    "503 5.5.1 Say EHLO and the name of your host first\r\n"
    "503 5.5.1 Say EHLO and the name of your host first\r\n"
    "503 5.5.1 Say EHLO and the name of your host first\r\n" HI_MX MAIL_FIRST
    "421 4.7.0 Too many refused commands; please connect again when they are mended\r\n", "" },
{ "mx", HELLO FROM FROM "DATA\r\n" "RSET\r\n" TO,
    BANNER HI_MX FROM_OK
    "503 5.5.1 A message is begun; go on with RCPT or DATA, or say RSET to drop it\r\n"
    "503 5.5.1 No recipient yet; say RCPT TO:<address> first\r\n" OK MAIL_FIRST, "" },
{ "mx", HELLO FROM TO HELLO TO, BANNER HI_MX FROM_OK TO_OK HI_MX MAIL_FIRST, "" },
/* a refused message leaves nothing behind (C13) */
{ "mx", HELLO FROM TO "DATA\r\nA\nB\r\n.\r\n" TO "DATA\r\n",
    BANNER HI_MX FROM_OK TO_OK GO BARE MAIL_FIRST MAIL_FIRST,
    "from <a@x.test> to <alice@local.test>\nabort\n" },
/* what looks like an end is none (S01, S07), what is one ends (S13) */
{ "mx", HELLO FROM TO "DATA\r\nA\n.\nRSET\r\n.\r\n" QUIT,
    BANNER HI_MX FROM_OK TO_OK GO BARE BYE,
    "from <a@x.test> to <alice@local.test>\nabort\n" },
{ "mx", HELLO FROM TO "DATA\r\nA\r.\r\nRSET\r\n.\r\n" QUIT,
    BANNER HI_MX FROM_OK TO_OK GO BARE BYE,
    "from <a@x.test> to <alice@local.test>\nabort\n" },
{ "mx", HELLO FROM TO "DATA\r\nA\r\r\n.\r\nRSET\r\n" QUIT,
    BANNER HI_MX FROM_OK TO_OK GO BARE OK BYE,
    "from <a@x.test> to <alice@local.test>\nabort\n" },
/* DATA that is refused: what follows are commands */
{ "mx", HELLO FROM "RCPT TO:<x@local.test>\r\nDATA\r\nNOOP\r\n" QUIT,
    BANNER HI_MX FROM_OK
    "550 5.1.1 There is no such mailbox here; check the spelling of the address\r\n"
    "503 5.5.1 No recipient yet; say RCPT TO:<address> first\r\n" OK BYE, "" },
/* an end that never comes */
{ "mx", HELLO FROM TO "DATA\r\nA\r\n", BANNER HI_MX FROM_OK TO_OK GO,
    "from <a@x.test> to <alice@local.test>\nabort\n" },
{ "mx", HELLO FROM TO "DATA\r\nA\r\n.", BANNER HI_MX FROM_OK TO_OK GO,
    "from <a@x.test> to <alice@local.test>\nabort\n" },
/* lines that are none */
{ "mx", "EHLO t\nNOOP\r\n",
    BANNER "500 5.5.2 Lines must end in CRLF and hold no other CR, LF or NUL; closing\r\n", "" },
{ "mx", "NOOP\rNOOP\r\n",
    BANNER "500 5.5.2 Lines must end in CRLF and hold no other CR, LF or NUL; closing\r\n", "" },
{ "local", "NOOP\n" QUIT, BANNER OK BYE, "" },
{ "mx", "GET / HTTP/1.1\r\nHost: x\r\n",
    BANNER "554 5.5.1 This is a mail server and speaks SMTP; closing\r\n", "" },
{ "mx", "\x16\x03\x01NOOP\r\n",
    BANNER "554 5.5.1 This port begins without TLS; there is none here; closing\r\n", "" },
{ "mx", "\r\n \r\nFOO\r\nSEND\r\n",
    BANNER "500 5.5.1 No such command; HELP lists those that there are\r\n"
    "500 5.5.1 No such command; HELP lists those that there are\r\n"
    "500 5.5.1 No such command; HELP lists those that there are\r\n"
    "502 5.5.1 SEND is not offered here; HELP lists the commands that are\r\n", "" },
{ "mx", "EHLO\r\nRSET x\r\nQUIT x\r\nVRFY\r\n",
    BANNER "501 5.5.4 Say EHLO and the name of your host\r\n"
    "501 5.5.4 RSET takes no argument; send the word alone\r\n"
    "501 5.5.4 QUIT takes no argument; send the word alone\r\n"
    "501 5.5.4 Say VRFY and an address\r\n", "" },
{ "mx", "VRFY alice\r\nVRFY nobody\r\nEXPN staff\r\n",
    BANNER "252 2.5.0 Not told; send mail to find out\r\n"
    "252 2.5.0 Not told; send mail to find out\r\n"
    "502 5.5.1 EXPN is not offered here; HELP lists the commands that are\r\n", "" },
{ "local", "EXPN staff\r\nEXPN <staff@local.test>\r\nEXPN alice\r\nEXPN hollow\r\nEXPN @\r\n",
    BANNER "250-2.1.5 <alice@local.test>\r\n250 2.1.5 <bob@local.test>\r\n"
    "250-2.1.5 <alice@local.test>\r\n250 2.1.5 <bob@local.test>\r\n"
    "550 5.1.1 That is not the name of a list here\r\n"
    "550 5.2.4 That list has no members\r\n"
    "501 5.1.3 That recipient is not a mail address; write <user@example.org>\r\n", "" },
{ "mx", "STARTTLS\r\n" HELLO "STARTTLS x\r\nSTARTTLS\r\nNOOP\r\n",
    BANNER "503 5.5.1 Say EHLO and the name of your host first\r\n" HI_MX
    "501 5.5.4 STARTTLS takes no argument; send the word alone\r\n"
    "503 5.5.1 TLS is not offered in this session; go on without it\r\n" OK, "" },
{ "local", "EHLO t\nSTARTTLS\n",
    BANNER HI_MX "502 5.5.1 STARTTLS is not offered here; HELP lists the commands that are\r\n", "" },
/* addresses and parameters */
{ "mx", HELLO "MAIL FROM:a@x.test\r\nMAIL TO:<a@x.test>\r\nMAIL FROM:<a b@x>\r\nMAIL FROM:<root>\r\n",
    BANNER HI_MX
    "501 5.5.4 Say MAIL FROM:<address>, with the brackets; MAIL FROM:<> for none\r\n"
    "501 5.5.4 Say MAIL FROM:<address>, with the brackets; MAIL FROM:<> for none\r\n"
    "501 5.1.7 That sender is not a mail address; write <user@example.org>\r\n"
    "501 5.1.7 That sender has no domain; write <user@example.org>\r\n", "" },
{ "mx", HELLO "MAIL FROM:<a@x.test> X=1\r\nMAIL FROM:<a@x.test> SIZE=x\r\nmail from: <a@x.test> size=100001\r\nMAIL FROM:<\xc3\xa9@x.test>\r\n",
    BANNER HI_MX
    "555 5.5.4 Parameter X is not known here; leave it out\r\n"
    "501 5.5.4 Parameter SIZE is malformed, has a bad value or is given twice\r\n"
    "552 5.3.4 The message is too big: 100000 bytes is the limit; send less, or in parts\r\n"
    "553 5.6.7 That sender is not ASCII; say MAIL with SMTPUTF8, or use another sender address\r\n", "" },
{ "mx", HELLO "MAIL FROM:<a@x.test>x\r\nMAIL FROM:<a@x.test> =1\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<alice@local.test>x\r\nRCPT TO:<alice@local.test>NOTIFY=NEVER\r\n",
    BANNER HI_MX
    "501 5.5.4 Say MAIL FROM:<address>, with the brackets; MAIL FROM:<> for none\r\n"
    "501 5.5.4 Say MAIL FROM:<address>, with the brackets; MAIL FROM:<> for none\r\n"
    FROM_OK
    "501 5.5.4 Say RCPT TO:<address>, with the brackets\r\n"
    "501 5.5.4 Say RCPT TO:<address>, with the brackets\r\n", "" },
{ "mx", HELLO "MAIL FROM:<a@x.test> BODY=8BITMIME SIZE=100000\r\nrcpt to: <postmaster>\r\nRCPT TO:<>\r\nRCPT TO:<x@foreign.test>\r\nRCPT TO:alice@local.test\r\nDATA\r\n.\r\n",
    BANNER HI_MX FROM_OK TO_OK
    "501 5.1.3 <> can receive nothing; write <user@example.org>\r\n"
    "550 5.7.1 Mail for that domain is not taken here; log in first, or send it through your own provider\r\n"
    "501 5.5.4 Say RCPT TO:<address>, with the brackets\r\n" GO DONE,
    "from <a@x.test> to <postmaster@local.test>\ncommit\n" },
/* Unix users are authd's to know */
{ "mx", HELLO FROM "RCPT TO:<carol@unix.test>\r\nRCPT TO:<dave@unix.test>\r\nRCPT TO:<later@unix.test>\r\n",
    BANNER HI_MX FROM_OK TO_OK
    "550 5.1.1 There is no such mailbox here; check the spelling of the address\r\n"
    "451 4.3.0 Accounts cannot be looked up now; please try again later\r\n", "" },
/* logging in */
{ "mx", HELLO "AUTH PLAIN " PLAIN_GOOD "\r\n",
    BANNER HI_MX "502 5.5.1 Nobody logs in here; to send mail of your own use port 465 or 587\r\n", "" },
{ "submission", HELLO FROM "AUTH PLAIN " PLAIN_GOOD "\r\nMAIL FROM:<bob@local.test>\r\nMAIL FROM:<alice@local.test>\r\nAUTH PLAIN\r\nRCPT TO:<x@foreign.test>\r\nDATA\r\nDate: x\r\nMessage-ID: y\r\n.\r\n",
    BANNER HI_SUB "530 5.7.0 Log in before sending mail; say AUTH and one of the mechanisms that EHLO lists\r\n"
    "235 2.7.0 Logged in\r\n"
    "553 5.7.1 You may not send as bob@local.test; use an address of your own\r\n" FROM_OK
    "503 5.5.1 A message is begun; go on with RCPT or DATA, or say RSET to drop it\r\n" TO_OK GO DONE,
    "from <alice@local.test> login alice@local.test to <x@foreign.test>\nDate: x\nMessage-ID: y\ncommit\n" },
{ "submission", "HELO t\r\nAUTH LOGIN\r\n" LOGIN_USER "\r\nc2VjcmV0\r\nAUTH LOGIN\r\nEHLO t\r\n",
    BANNER "250 mail.local.test\r\n334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n235 2.7.0 Logged in\r\n"
    "503 5.5.1 You are logged in; go on with MAIL\r\n" HI_MX, "" },
{ "submission", HELLO "AUTH LOGIN " LOGIN_USER "\r\nc2VjcmV0\r\n",
    BANNER HI_SUB "334 UGFzc3dvcmQ6\r\n235 2.7.0 Logged in\r\n", "" },
{ "submission", HELLO "AUTH PLAIN\r\n" PLAIN_GOOD "\r\n",
    BANNER HI_SUB "334 \r\n235 2.7.0 Logged in\r\n", "" },
{ "submission", HELLO "AUTH LOGIN\r\n" LOGIN_USER "\r\n*\r\nAUTH PLAIN\r\n*\r\nAUTH PLAIN " PLAIN_GOOD "\r\n",
    BANNER HI_SUB "334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n"
    "501 5.7.0 Login cancelled; start again with AUTH\r\n334 \r\n"
    "501 5.7.0 Login cancelled; start again with AUTH\r\n235 2.7.0 Logged in\r\n", "" },
{ "submission", HELLO "AUTH PLAIN AG==X\r\nAUTH LOGIN\r\nno!\r\nAUTH CRAM-MD5\r\nAUTH LOGIN\r\n" LOGIN_USER "\r\nYmFk\r\n",
    BANNER HI_SUB "501 5.5.2 That is not base64; start again with AUTH\r\n"
    "334 VXNlcm5hbWU6\r\n501 5.5.2 That is not base64; start again with AUTH\r\n"
    "504 5.5.4 That way of logging in is not offered; say AUTH and one of: PLAIN LOGIN\r\n"
    "334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n535 5.7.8 Wrong\r\n", "" },
/* a local submitter */
{ "local", "EHLO t\nMAIL FROM:<carol>\nRCPT TO:<alice>\nRCPT TO:<x@foreign.test>\nDATA\nDate: x\nMessage-ID: y\n\n.\n\r\n.\r\n",
    BANNER HI_MX FROM_OK TO_OK TO_OK GO DONE,
    "from <carol@local.test> to <alice@local.test> to <x@foreign.test>\nDate: x\nMessage-ID: y\n\n.\n\ncommit\n" },
};
/* clang-format on */

static void
check(const struct row *r, size_t first, size_t step)
{
	const char *out = talk(r->profile, r->in, first, step);

	assert_string_equal(out, r->out);
	assert_string_equal(queue, r->queue);
}

static void
pipelined(void **state)
{
	(void)state;
	reset_daemons();
	for (size_t i = 0; i < COUNT(rows); i++)
		check(&rows[i], 100000, 100000);
}

static void
split_in_two(void **state)
{
	(void)state;
	reset_daemons();
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t cut = 1; cut < strlen(rows[i].in); cut++)
			check(&rows[i], cut, 100000);
}

static void
byte_by_byte(void **state)
{
	(void)state;
	reset_daemons();
	for (size_t i = 0; i < COUNT(rows); i++)
		check(&rows[i], 1, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pipelined),
		cmocka_unit_test(split_in_two),
		cmocka_unit_test(byte_by_byte),
	};

	return cmocka_run_group_tests(tests, talk_setup, unit_teardown);
}
