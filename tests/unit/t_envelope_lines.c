/*
 * t_envelope_lines: MAIL and RCPT as they are said to another server.
 */
#include "tests/unit/unit.h"

#include <bsd/string.h>

#include "common/msg_intake.h"
#include "delivery/envelope_lines.h"

#define U_A "\xc3\xa4" /* a with two dots */

static void
mails(void **state)
{
	static const struct {
		uint32_t has, ret;
		const char *sender, *envid, *body;
		bool utf8;
		const char *wanted;
	} rows[] = {
		/* clang-format off */
	{ 0, DSN_RET_FULL, "a@x", "Q", NULL, false, "MAIL FROM:<a@x>\r\n" },
	{ EXT_SIZE, 0, "", "", NULL, false, "MAIL FROM:<> SIZE=77\r\n" },
	{ EXT_DSN, DSN_RET_FULL, "a@x", "Q+2B", "8BITMIME", false,
	    "MAIL FROM:<a@x> BODY=8BITMIME RET=FULL ENVID=Q+2B\r\n" },
	{ EXT_DSN, DSN_RET_HDRS, "a@x", "", NULL, true,
	    "MAIL FROM:<a@x> SMTPUTF8 RET=HDRS\r\n" },
	{ EXT_DSN | EXT_SIZE, 0, "\"a b\"@x", "", NULL, false,
	    "MAIL FROM:<\"a b\"@x> SIZE=77\r\n" },
		/* clang-format on */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct extensions e = { .has = rows[i].has };
		struct mail_form f = { .body = rows[i].body,
			.utf8 = rows[i].utf8 };
		struct msg_job_message m = { .ret = rows[i].ret };
		char out[ENVELOPE_LINE];
		size_t n;

		strlcpy(m.sender, rows[i].sender, sizeof(m.sender));
		strlcpy(m.envid, rows[i].envid, sizeof(m.envid));
		n = envelope_mail(out, &m, &e, &f, 77);
		assert_int_equal(n, strlen(rows[i].wanted));
		assert_memory_equal(out, rows[i].wanted, n);
	}
}

static void
rcpts(void **state)
{
	static const struct {
		uint32_t has, notify;
		const char *addr, *orcpt;
		bool utf8;
		const char *wanted;
	} rows[] = {
		/* clang-format off */
	{ 0, DSN_NEVER, "b@x", "rfc822;o", false, "RCPT TO:<b@x>\r\n" },
	{ EXT_DSN, 0, "b@x", "", false,
	    "RCPT TO:<b@x> ORCPT=rfc822;b@x\r\n" },
	{ EXT_DSN, DSN_NEVER, "b@x", "rfc822;o+2B", false,
	    "RCPT TO:<b@x> NOTIFY=NEVER ORCPT=rfc822;o+2B\r\n" },
	{ EXT_DSN, DSN_SUCCESS | DSN_FAILURE | DSN_DELAY, "b@x", "rfc822;o",
	    false,
	    "RCPT TO:<b@x> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;o\r\n" },
	{ EXT_DSN, DSN_DELAY, "\"a b+=\"@x", "", false,
	    "RCPT TO:<\"a b+=\"@x> NOTIFY=DELAY "
	    "ORCPT=rfc822;\"a+20b+2B+3D\"@x\r\n" },
	{ EXT_DSN, 0, U_A "@x", "", true,
	    "RCPT TO:<" U_A "@x> ORCPT=utf-8;" U_A "@x\r\n" },
	{ EXT_DSN, 0, "b@x", "utf-8;" U_A "\xe2\x82\xac\xf0\x9d\x84\x9e@x",
	    false,
	    "RCPT TO:<b@x> ORCPT=utf-8;\\x{E4}\\x{20AC}\\x{1D11E}@x\r\n" },
	/* Not UTF-8: each byte for itself. */
	{ EXT_DSN, 0, "b@x", "utf-8;\xc3z\x80\xf0\x9d\x84", false,
	    "RCPT TO:<b@x> ORCPT=utf-8;\\x{C3}z\\x{80}\\x{F0}\\x{9D}\\x{84}\r\n" },
		/* clang-format on */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct extensions e = { .has = rows[i].has };
		struct msg_job_rcpt r = { .notify = rows[i].notify };
		char out[ENVELOPE_LINE];
		size_t n;

		strlcpy(r.addr, rows[i].addr, sizeof(r.addr));
		strlcpy(r.orcpt, rows[i].orcpt, sizeof(r.orcpt));
		n = envelope_rcpt(out, &r, &e, rows[i].utf8);
		assert_int_equal(n, strlen(rows[i].wanted));
		assert_memory_equal(out, rows[i].wanted, n);
	}
}

/* The longest of everything, all of it to be written with more bytes. */
static void
room(void **state)
{
	struct extensions e = { .has = EXT_DSN };
	struct msg_job_rcpt r = { .notify =
				      DSN_SUCCESS | DSN_FAILURE | DSN_DELAY };
	char out[ENVELOPE_LINE];
	size_t n;

	(void)state;
	memset(r.addr, '\xff', ADDR_MAX);
	n = envelope_rcpt(out, &r, &e, false);
	assert_memory_equal(out + n - 2, "\r\n", 2);
	memset(r.orcpt, '\xff', ORCPT_MAX);
	n = envelope_rcpt(out, &r, &e, false);
	assert_memory_equal(out + n - 2, "\r\n", 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mails),
		cmocka_unit_test(rcpts),
		cmocka_unit_test(room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
