/*
 * t_cmd_bdat: messages in chunks, the same however the client's bytes are cut;
 * and whatever a chunk holds, nothing of it is obeyed.
 *
 * wrap: intake_begin intake_rcpt intake_body intake_write intake_commit
 * wrap: intake_abort chan_send chan_recv
 */
#include "tests/unit/smtp_talk.h"

struct row {
	const char *profile, *in, *out, *queue;
};

#define TAKEN(n) "250 2.0.0 " n " octets taken\r\n"
#define RCPT_FIRST "503 5.5.1 No recipient yet; say RCPT TO:<address> first\r\n"
#define CHUNKS                                                                 \
	"503 5.5.1 A message comes in chunks; go on with BDAT, or say RSET "   \
	"to drop it\r\n"
#define NO_SIZE                                                                \
	"501 5.5.4 Say BDAT, how many octets follow, and LAST with the last "  \
	"of them; closing\r\n"
#define BAD_WORD                                                               \
	"501 5.5.4 Only LAST may follow the number of octets; the message is " \
	"dropped\r\n"
#define TOO_BIG                                                                \
	"552 5.3.4 The message is too big: 100000 bytes is the limit; send "   \
	"less, or in parts\r\n"
#define LOOP                                                                   \
	"554 5.4.6 The message has passed 10 or more hosts: it goes in a "     \
	"circle\r\n"
#define BEGUN HELLO FROM TO
#define BEGUN_OK BANNER HI_MX FROM_OK TO_OK
#define OPEN "from <a@x.test> to <alice@local.test>\n"
#define HOPS2 "Received: x\r\nReceived: y\r\n"
#define HOPS10 HOPS2 HOPS2 HOPS2 HOPS2 HOPS2

/* clang-format off */
static const struct row rows[] = {
/* one chunk, many, none of any size */
{ "mx", BEGUN "BDAT 9 LAST\r\nA: b\r\n\r\nxQUIT\r\n",
    BEGUN_OK DONE BYE, OPEN "A: b\n\nx\ncommit\n" },
{ "mx", BEGUN "bdat 4\r\nA: bBDAT\t1 \r\n\rBDAT 2\r\n\n\rBDAT  2 last\r\n\nxQUIT\r\n",
    BEGUN_OK TAKEN("4") TAKEN("1") TAKEN("2") DONE BYE, OPEN "A: b\n\nx\ncommit\n" },
{ "mx", BEGUN "BDAT 0 LAST\r\n" QUIT, BEGUN_OK DONE BYE, OPEN "commit\n" },
{ "mx", BEGUN "BDAT 3\r\nA\r\nBDAT 0\r\nBDAT 00000000000000000000 LAST\r\n" QUIT,
    BEGUN_OK TAKEN("3") TAKEN("0") DONE BYE, OPEN "A\ncommit\n" },
{ "mx", BEGUN "BDAT 3 LAST\r\nA\r\n" FROM TO "BDAT 3 LAST\r\nB\r\n" QUIT,
    BEGUN_OK DONE FROM_OK TO_OK DONE BYE, OPEN "A\ncommit\n" OPEN "B\ncommit\n" },
/* what looks like an end or a command is neither; dots stay (B04, B08) */
{ "mx", BEGUN "BDAT 20\r\n..\r\nA\r\n.\r\nQUIT\r\n..\r\nBDAT 2 LAST\r\n..RSET\r\n" QUIT,
    BEGUN_OK TAKEN("20") DONE OK BYE, OPEN "..\nA\n.\nQUIT\n..\n..\ncommit\n" },
{ "mx", BEGUN "BDAT 1\r\n.BDAT 2\r\n\r\nBDAT 6 LAST\r\n.\r\n..\r" QUIT,
    BEGUN_OK TAKEN("1") TAKEN("2") BARE BYE, OPEN "abort\n" },
/* lone CR and LF (B1), halves of a line end in two chunks are none */
{ "mx", BEGUN "BDAT 4\r\nA\nB\rBDAT 1 LAST\r\n\n" QUIT, BEGUN_OK BARE
    "503 5.5.1 Say MAIL FROM:<address> first\r\n" BYE, OPEN "abort\n" },
{ "mx", BEGUN "BDAT 3\r\nA\r\rBDAT 1 LAST\r\n\n" QUIT, BEGUN_OK BARE MAIL_FIRST BYE,
    OPEN "abort\n" },
{ "local", "EHLO t\nMAIL FROM:<a@x.test>\nRCPT TO:<alice@local.test>\nBDAT 6 LAST\nA\nB\r\rC" "QUIT\n",
    BEGUN_OK DONE BYE, OPEN "A\nB C\ncommit\n" },
/* not the time for it: the chunk is taken and thrown away (B05) */
{ "mx", "BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n" QUIT,
    BANNER "503 5.5.1 Say EHLO and the name of your host first\r\n" OK BYE, "" },
{ "mx", HELLO "BDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\n" FROM "BDAT 6\r\nQUIT\r\n" TO QUIT,
    BANNER HI_MX MAIL_FIRST MAIL_FIRST FROM_OK RCPT_FIRST TO_OK BYE, "" },
{ "mx", HELLO FROM "RCPT TO:<x@local.test>\r\nBDAT 6\r\nQUIT\r\nBDAT 3 LAST\r\nA\r\nRSET\r\n" QUIT,
    BANNER HI_MX FROM_OK
    "550 5.1.1 There is no such mailbox here; check the spelling of the address\r\n"
    RCPT_FIRST RCPT_FIRST OK BYE, "" },
/* within a message: nothing else but what moves no mail, and RSET drops it */
{ "mx", BEGUN "BDAT 3\r\nA\r\nDATA\r\n" FROM TO "NOOP\r\nVRFY x\r\nBDAT 3 LAST\r\nB\r\n" QUIT,
    BEGUN_OK TAKEN("3") CHUNKS CHUNKS CHUNKS OK "252 2.5.0 Not told; send mail to find out\r\n" DONE BYE,
    OPEN "A\nB\ncommit\n" },
{ "mx", BEGUN "BDAT 3\r\nA\r\nRSET\r\nBDAT 3 LAST\r\nB\r\n" FROM TO "DATA\r\nC\r\n.\r\n" QUIT,
    BEGUN_OK TAKEN("3") OK MAIL_FIRST FROM_OK TO_OK GO DONE BYE, OPEN "abort\n" OPEN "C\ncommit\n" },
{ "mx", BEGUN "BDAT 3\r\nA\r\n" HELLO "BDAT 3 LAST\r\nB\r\n" QUIT,
    BEGUN_OK TAKEN("3") HI_MX MAIL_FIRST BYE, OPEN "abort\n" },
{ "mx", BEGUN "BDAT 3\r\nA\r\nSTARTTLS\r\n" QUIT, BEGUN_OK TAKEN("3") CHUNKS BYE, OPEN "abort\n" },
{ "mx", BEGUN "BDAT 3\r\nA\r\n" QUIT, BEGUN_OK TAKEN("3") BYE, OPEN "abort\n" },
{ "mx", BEGUN "BDAT 3\r\nA\r\n", BEGUN_OK TAKEN("3"), OPEN "abort\n" },
/* the client is gone in a chunk (B02) */
{ "mx", BEGUN "BDAT 5\r\nabc", BEGUN_OK, OPEN "abort\n" },
{ "mx", BEGUN "BDAT 5 LAST\r\n", BEGUN_OK, OPEN "abort\n" },
{ "mx", HELLO "BDAT 5 LAST\r\nabcd", BANNER HI_MX, "" },
/* sizes that are none end it all: nobody knows what follows (B01) */
{ "mx", BEGUN "BDAT\r\nNOOP\r\n", BEGUN_OK NO_SIZE, "" },
{ "mx", BEGUN "BDAT LAST\r\nNOOP\r\n", BEGUN_OK NO_SIZE, "" },
{ "mx", BEGUN "BDAT -1\r\nNOOP\r\n", BEGUN_OK NO_SIZE, "" },
{ "mx", BEGUN "BDAT +5\r\nNOOP\r\n", BEGUN_OK NO_SIZE, "" },
{ "mx", BEGUN "BDAT 0x10\r\nNOOP\r\n", BEGUN_OK NO_SIZE, "" },
{ "mx", BEGUN "BDAT 5,\r\nNOOP\r\n", BEGUN_OK NO_SIZE, "" },
{ "mx", BEGUN "BDAT 18446744073709551616\r\nNOOP\r\n", BEGUN_OK NO_SIZE, "" },
{ "mx", BEGUN "BDAT 000000000000000000001\r\nNOOP\r\n", BEGUN_OK NO_SIZE, "" },
{ "mx", "BDAT x\r\nNOOP\r\n", BANNER NO_SIZE, "" },
{ "mx", BEGUN "BDAT 3\r\nA\r\nBDAT x\r\nNOOP\r\n", BEGUN_OK TAKEN("3") NO_SIZE, OPEN "abort\n" },
/* sizes that nobody will send */
{ "mx", BEGUN "BDAT 18446744073709551615\r\nNOOP\r\n", BEGUN_OK TOO_BIG, "" },
{ "mx", BEGUN "BDAT 4294967296 LAST\r\nNOOP\r\n", BEGUN_OK TOO_BIG, "" },
{ "mx", BEGUN "BDAT 3\r\nA\r\nBDAT 200002\r\nNOOP\r\n", BEGUN_OK TAKEN("3") TOO_BIG, OPEN "abort\n" },
/* the size is clear, the rest is not */
{ "mx", BEGUN "BDAT 6 LASTX\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\n" QUIT,
    BEGUN_OK BAD_WORD MAIL_FIRST BYE, "" },
{ "mx", BEGUN "BDAT 3\r\nA\r\nBDAT 6 LAST LAST\r\nQUIT\r\nNOOP\r\n" QUIT,
    BEGUN_OK TAKEN("3") BAD_WORD OK BYE, OPEN "abort\n" },
/* loops are found in chunks, too (H01) */
{ "mx", BEGUN "BDAT 149 LAST\r\n" HOPS10 "Received: z\r\n\r\nA\r\n." QUIT,
    BEGUN_OK LOOP BYE, OPEN "abort\n" },
{ "mx", BEGUN "BDAT 130\r\n" HOPS10 "BDAT 13\r\nReceived: z\r\nBDAT 6 LAST\r\nQUIT\r\n" QUIT,
    BEGUN_OK TAKEN("130") LOOP MAIL_FIRST BYE, OPEN "abort\n" },
/* octets are kept as they are, and come by BDAT only */
{ "mx", HELLO "MAIL FROM:<a@x.test> BODY=BINARYMIME\r\n" TO "DATA\r\nBDAT 15 LAST\r\nA: b\r\n\r\n\n\r.\r\n\xff\r" QUIT,
    BEGUN_OK "503 5.5.1 A message with BODY=BINARYMIME comes by BDAT, not DATA\r\n" DONE BYE,
    OPEN "A: b\r\n\r\n\n\r.\r\n\xff\rcommit\n" },
{ "mx", HELLO "MAIL FROM:<a@x.test> BODY=BINARYMIME\r\n" TO "BDAT 130\r\n" HOPS10 "BDAT 13 LAST\r\nReceived: z\r\n" QUIT,
    BEGUN_OK TAKEN("130") LOOP BYE, OPEN "abort\n" },
/* TLS first: the chunk goes the same way */
{ "demanding", HELLO "BDAT 6 LAST\r\nQUIT\r\n" QUIT,
    BANNER HI_MX "530 5.7.0 This port wants encryption, and there is no certificate for it; the administrator can run: postrider tls make-cert\r\n" BYE, "" },
};
/* clang-format on */

static void
check(const struct row *r, size_t first, size_t step)
{
	const char *out = talk(r->profile, r->in, first, step);

	if (strcmp(out, r->out) != 0 || strcmp(queue, r->queue) != 0)
		fail_msg("%s\n%s\n%s\n%s", r->in, out, r->out, queue);
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

/* queued refuses: each chunk is answered, the octets are gone. */
static void
queue_refuses(void **state)
{
	(void)state;
	reset_daemons();
	body_fails = "4.3.1";
	assert_string_equal(
	    talk("mx", BEGUN "BDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\n" QUIT,
		100000, 100000),
	    BEGUN_OK "452 4.3.1 full\r\n" MAIL_FIRST BYE);
	reset_daemons();
	commit_fails = "4.3.0";
	assert_string_equal(
	    talk("mx", BEGUN "BDAT 3\r\nA\r\nBDAT 0 LAST\r\n" FROM QUIT, 100000,
		100000),
	    BEGUN_OK TAKEN("3") "451 4.3.0 no\r\n" FROM_OK BYE);
}

/* The limit to the octet, and what is beyond it in the same chunk (B07). */
static void
limit(void **state)
{
	static char in[300000], want[2000];
	size_t n;

	(void)state;
	reset_daemons();
	for (size_t over = 0; over < 2; over++) {
		n = (size_t)snprintf(
		    in, sizeof(in), BEGUN "BDAT 60000\r\nA: b\r\n\r\n");
		memset(in + n, 'x', 59992);
		n += 59992;
		n += (size_t)snprintf(
		    in + n, sizeof(in) - n, "BDAT %zu\r\n", 39998 + over);
		memset(in + n, 'y', 39998 + over);
		n += 39998 + over;
		(void)snprintf(
		    in + n, sizeof(in) - n, "BDAT 2 LAST\r\n\r\n" QUIT);
		(void)snprintf(want, sizeof(want),
		    BEGUN_OK TAKEN(
			"60000") "250 2.0.0 %zu octets taken\r\n%s" BYE,
		    39998 + over, over ? TOO_BIG : DONE);
		assert_string_equal(talk("mx", in, 30000, 30000), want);
	}
}

/* A chunk of nothing but too much: refused with it, and the next, too. */
static void
over_in_a_chunk(void **state)
{
	static char in[400000];
	size_t n;

	(void)state;
	reset_daemons();
	n = (size_t)snprintf(in, sizeof(in), BEGUN "BDAT 200000\r\n");
	for (size_t i = 0; i < 200000; i += 8)
		memcpy(in + n + i, "RSET x\r\n", 8);
	n += 200000;
	(void)snprintf(in + n, sizeof(in) - n, "BDAT 3 LAST\r\nA\r\n" QUIT);
	assert_string_equal(
	    talk("mx", in, 30000, 30000), BEGUN_OK TOO_BIG MAIL_FIRST BYE);
}

/* Chunks of next to nothing move no mail (C16). */
static void
small_chunks(void **state)
{
	char in[2000] = BEGUN;
	const char *out;

	(void)state;
	reset_daemons();
	for (int i = 0; i < 30; i++)
		strlcat(in, "BDAT 1\r\nx", sizeof(in));
	out = talk("mx", in, 30000, 30000);
	assert_non_null(strstr(out, "\r\n421 4.7.0 Too many commands that"));
}

/* So long a line may hold any number: nobody knows what follows. */
static void
long_line(void **state)
{
	static char in[20000];
	size_t n;

	(void)state;
	reset_daemons();
	for (size_t len = 512; len < 16000; len += 14000) {
		n = (size_t)snprintf(in, sizeof(in), BEGUN "BDAT 6 LAST");
		memset(in + n, ' ', len);
		(void)snprintf(
		    in + n + len, sizeof(in) - n - len, "\r\nRSET\r\n" QUIT);
		assert_string_equal(talk("mx", in, 30000, 30000),
		    BEGUN_OK
		    "500 5.5.2 Line too long; shorten it and try again\r\n");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pipelined),
		cmocka_unit_test(split_in_two),
		cmocka_unit_test(byte_by_byte),
		cmocka_unit_test(queue_refuses),
		cmocka_unit_test(limit),
		cmocka_unit_test(over_in_a_chunk),
		cmocka_unit_test(small_chunks),
		cmocka_unit_test(long_line),
	};

	return cmocka_run_group_tests(tests, talk_setup, unit_teardown);
}
