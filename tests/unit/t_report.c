/*
 * t_report: the text of a report: what it must hold, and that nothing foreign
 * can end a line, a field or a part.
 */
#include "tests/unit/unit.h"

#include <bsd/string.h>

#include "queue/report.h"

static struct msg_job_message msg;
static struct msg_job_rcpt rcpts[2];
static struct report report;

static int
begin(void **state)
{
	(void)state;
	memset(&msg, 0, sizeof(msg));
	memset(rcpts, 0, sizeof(rcpts));
	msg.nrcpt = 2;
	msg.arrival = 1795326681;
	strlcpy(msg.sender, "alice@example.org", sizeof(msg.sender));
	strlcpy(msg.envid, "QQ+2B314", sizeof(msg.envid));
	strlcpy(rcpts[0].addr, "bob@example.org", sizeof(rcpts[0].addr));
	strlcpy(rcpts[0].orcpt, "rfc822;bob+2Bx@example.org",
	    sizeof(rcpts[0].orcpt));
	strlcpy(rcpts[0].dsn, "5.1.1", sizeof(rcpts[0].dsn));
	strlcpy(rcpts[0].text, "No such mailbox", sizeof(rcpts[0].text));
	strlcpy(rcpts[1].addr, "carol@example.org", sizeof(rcpts[1].addr));
	strlcpy(rcpts[1].dsn, "4.4.7", sizeof(rcpts[1].dsn));
	strlcpy(rcpts[1].text, "Too long", sizeof(rcpts[1].text));
	rcpts[0].report = rcpts[1].report = REPORT_FAILED;
	report = (struct report){ .hostname = "mx.example.org",
		.mail_name = "example.org",
		.now = 1795326700,
		.boundary = "=_b",
		.id = "abc",
		.msg = &msg,
		.rcpts = rcpts,
		.part = REPORT_HEADER };
	return 0;
}

static void
has(const struct sbuf *b, const char *line)
{
	if (strstr(sbuf_str(b), line) == NULL)
		fail_msg("no \"%s\" in:\n%s", line, sbuf_str(b));
}

static void
words(void **state)
{
	/* clang-format off */
	static const char *const lines[] = {
		"Date: Sun, 22 Nov 2026 05:51:40 +0000\n",
		"\nFrom: Mail Delivery System <MAILER-DAEMON@example.org>\n",
		"\nTo: <alice@example.org>\n",
		"\nAuto-Submitted: auto-replied\n",
		"\nMessage-ID: <abc@mx.example.org>\n",
		"\nContent-Type: multipart/report; report-type=delivery-status;\n"
		    "\tboundary=\"=_b\"\n",
		"\n--=_b\nContent-Type: text/plain",
		"\n<bob@example.org>\n    for <bob+x@example.org>\n"
		    "    No such mailbox (5.1.1)\n    Please check the address",
		"\n<carol@example.org>\n    It was tried for too long. "
		    "The last time: Too long (4.4.7)\n",
		"\n--=_b\nContent-Type: message/delivery-status\n",
		"\nReporting-MTA: dns; mx.example.org\n",
		"Original-Envelope-Id: QQ+314\n",
		"Arrival-Date: Sun, 22 Nov 2026 05:51:21 +0000\n\n",
		"Original-Recipient: rfc822; bob+x@example.org\n"
		    "Final-Recipient: rfc822; bob@example.org\n"
		    "Action: failed\nStatus: 5.1.1\n"
		    "Diagnostic-Code: X-Postrider; No such mailbox\n",
		"\n\nFinal-Recipient: rfc822; carol@example.org\n"
		    "Action: failed\nStatus: 4.4.7\n",
		"\n--=_b\nContent-Type: text/rfc822-headers\n",
	};
	/* clang-format on */
	struct sbuf b = SBUF_INIT(REPORT_HEAD_MAX);

	(void)state;
	report_head(&report, &b);
	assert_true(sbuf_ok(&b));
	for (size_t i = 0; i < COUNT(lines); i++)
		has(&b, lines[i]);
	assert_null(strstr(sbuf_str(&b), "8bit"));
	sbuf_clear(&b);
	report_tail(&report, &b);
	assert_string_equal(sbuf_str(&b), "\n--=_b--\n");
	report.part = REPORT_WHOLE;
	report.part_8bit = true;
	sbuf_clear(&b);
	report_head(&report, &b);
	has(&b, "\n--=_b\nContent-Type: message/rfc822\n");
	has(&b, "Content-Transfer-Encoding: 8bit\n\n");
	sbuf_free(&b);
}

/* Lines that are not of the words for people, which are indented. */
static size_t
count_lines(const struct sbuf *b)
{
	size_t n = 0;

	for (const char *p = sbuf_str(b); *p != '\0'; p++) {
		assert_true(
		    *p == '\n' || *p == '\t' || (*p >= ' ' && *p <= '~'));
		n += *p == '\n' && p[1] != ' ';
	}
	return n;
}

/* Hostile text makes no line, compared with a harmless one's. */
static void
hostile(void **state)
{
	static const char evil[] = "x\r\n\r\n--=_b\nBcc: y\x1b[2J\x7f";
	struct sbuf good = SBUF_INIT(REPORT_HEAD_MAX);
	struct sbuf bad = SBUF_INIT(REPORT_HEAD_MAX);

	(void)state;
	report_head(&report, &good);
	strlcpy(msg.sender, evil, sizeof(msg.sender));
	strlcpy(msg.envid, "x+0D+0ABcc: y", sizeof(msg.envid));
	strlcpy(rcpts[0].addr, evil, sizeof(rcpts[0].addr));
	strlcpy(rcpts[0].text, evil, sizeof(rcpts[0].text));
	strlcpy(rcpts[0].orcpt, "rf\nc822;a+0D+0A+00+ZZ+0", ORCPT_MAX);
	report_head(&report, &bad);
	assert_int_equal(count_lines(&bad), count_lines(&good));
	has(&bad, "Original-Recipient: rf?c822; a???+ZZ+0\n");
	sbuf_free(&good);
	sbuf_free(&bad);
}

static void
wrong_status(void **state)
{
	static const char *const dsns[] = { "", "2.0.0", "5.", "9.1.1",
		"5.1.1\n" };
	struct sbuf b = SBUF_INIT(REPORT_HEAD_MAX);

	(void)state;
	for (size_t i = 0; i < COUNT(dsns); i++) {
		strlcpy(rcpts[0].dsn, dsns[i], sizeof(rcpts[0].dsn));
		sbuf_clear(&b);
		report_head(&report, &b);
		has(&b, "Action: failed\nStatus: 5.0.0\n");
	}
	sbuf_free(&b);
}

static void
largest(void **state)
{
	static struct msg_job_rcpt all[JOB_RCPT_MAX];
	struct sbuf b = SBUF_INIT(REPORT_HEAD_MAX);

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		memset(all[i].addr, 'a', ADDR_MAX);
		memset(all[i].orcpt, ';', ORCPT_MAX);
		memset(all[i].text, 't', TEXT_MAX);
	}
	msg.nrcpt = COUNT(all);
	report.rcpts = all;
	report_head(&report, &b);
	assert_true(sbuf_ok(&b));
	sbuf_free(&b);
}

#define T(f) cmocka_unit_test_setup(f, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(words),
		T(hostile),
		T(wrong_status),
		T(largest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
