/*
 * t_extensions: what servers say that they can do, and what they say wrong.
 */
#include "tests/unit/unit.h"

#include "delivery/extensions.h"

static const struct {
	const char *lines[6];
	struct extensions want;
} rows[] = {
	/* clang-format off */
	{ { "mx.example.org PIPELINING" },	{ .has = EXT_EHLO } },
	{ { "mx", "PIPELINING", "size 1000", "8BitMime", "SMTPUTF8", "DSN" },
	    { .has = EXT_EHLO | EXT_PIPELINING | EXT_SIZE | EXT_8BITMIME |
		EXT_SMTPUTF8 | EXT_DSN, .size = 1000 } },
	{ { "mx", "CHUNKING", "BINARYMIME", "STARTTLS",
	    "ENHANCEDSTATUSCODES" },
	    { .has = EXT_EHLO | EXT_CHUNKING | EXT_BINARYMIME | EXT_STARTTLS |
		EXT_ENHANCED } },
	/* not quite */
	{ { "mx", "PIPELININGS", "PIPE", "X-DSN", "", " DSN" },
	    { .has = EXT_EHLO } },
	/* sizes (M08) */
	{ { "mx", "SIZE" },		{ .has = EXT_EHLO | EXT_SIZE } },
	{ { "mx", "SIZE 0" },		{ .has = EXT_EHLO | EXT_SIZE } },
	{ { "mx", "SIZE -1" },		{ .has = EXT_EHLO | EXT_SIZE } },
	{ { "mx", "SIZE 10k" },		{ .has = EXT_EHLO | EXT_SIZE } },
	{ { "mx", "SIZE 18446744073709551615" },
	    { .has = EXT_EHLO | EXT_SIZE, .size = UINT64_MAX } },
	{ { "mx", "SIZE 18446744073709551616" },
	    { .has = EXT_EHLO | EXT_SIZE } },
	{ { "mx", "SIZE 99999999999999999999999999999999999999999999999999" },
	    { .has = EXT_EHLO | EXT_SIZE } },
	/* limits (RFC 9422) */
	{ { "mx", "LIMITS RCPTMAX=20 MAILMAX=5 RCPTDOMAINMAX=1" },
	    { .has = EXT_EHLO, .rcpt_max = 20, .mail_max = 5 } },
	{ { "mx", "LIMITS rcptmax=0 MAILMAX=1000000 X RCPTMAX=" },
	    { .has = EXT_EHLO } },
	{ { "mx", "LIMITS RCPTMAX=999999" },
	    { .has = EXT_EHLO, .rcpt_max = 999999 } },
	/* AUTH, in both spellings, twice, and with what nobody knows */
	{ { "mx", "AUTH PLAIN login" },
	    { .has = EXT_EHLO | EXT_AUTH, .mechs = "PLAIN LOGIN" } },
	{ { "mx", "AUTH=LOGIN PLAIN", "AUTH PLAIN SCRAM-SHA-256 GSSAPI" },
	    { .has = EXT_EHLO | EXT_AUTH,
		.mechs = "LOGIN PLAIN SCRAM-SHA-256" } },
	{ { "mx", "AUTH" },		{ .has = EXT_EHLO | EXT_AUTH } },
	{ { "mx", "AUTH ", "AUTHX PLAIN" },
	    { .has = EXT_EHLO | EXT_AUTH } },
	{ { "mx", "AUTH\tPLAIN  \t LOGIN " },
	    { .has = EXT_EHLO | EXT_AUTH, .mechs = "PLAIN LOGIN" } },
	{ { "mx", "AUTH PLAINPLAINPLAINPLAINPLAINPLAINPLAINPLAINPLAIN X" },
	    { .has = EXT_EHLO | EXT_AUTH } },
	{ { "mx", "AUTH CRAM-MD5 LOGIN PLAIN SCRAM-SHA-1 SCRAM-SHA-1-PLUS "
	    "SCRAM-SHA-256 SCRAM-SHA-256-PLUS EXTERNAL" },
	    { .has = EXT_EHLO | EXT_AUTH, .mechs = "CRAM-MD5 LOGIN PLAIN "
		"SCRAM-SHA-1 SCRAM-SHA-1-PLUS SCRAM-SHA-256 "
		"SCRAM-SHA-256-PLUS EXTERNAL" } },
	/* clang-format on */
};

static void
table(void **state)
{
	struct extensions e;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		memset(&e, 'x', sizeof(e));
		extensions_clear(&e);
		for (size_t k = 0;
		     k < COUNT(rows[i].lines) && rows[i].lines[k] != NULL; k++)
			extensions_line(&e, k, rows[i].lines[k]);
		if (e.has != rows[i].want.has)
			fail_msg("%s: %x", rows[i].lines[1], e.has);
		assert_int_equal(e.size, rows[i].want.size);
		assert_int_equal(e.rcpt_max, rows[i].want.rcpt_max);
		assert_int_equal(e.mail_max, rows[i].want.mail_max);
		assert_string_equal(e.mechs, rows[i].want.mechs);
	}
}

/* A list of a mebibyte is no more than its known words. */
static void
long_list(void **state)
{
	size_t n = 1 << 20;
	char *line = malloc(n + 1);
	struct extensions e;

	(void)state;
	assert_non_null(line);
	for (size_t i = 0; i < n; i++)
		line[i] = "PLAIN X "[i % 8];
	memcpy(line, "AUTH    ", 8);
	line[n] = '\0';
	extensions_clear(&e);
	extensions_line(&e, 1, line);
	assert_string_equal(e.mechs, "PLAIN");
	free(line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(long_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
