/*
 * t_reply: the table of replies keeps its own rules, and nothing foreign can
 * end a reply's line.
 */
#include "tests/unit/unit.h"

#include "smtpd/reply.h"

static void
rows_are_whole(void **state)
{
	char out[REPLY_MAX + 1];

	(void)state;
	for (unsigned int i = 0; i < REPLY_COUNT; i++) {
		const struct reply_row *r = &replies[i];
		size_t n = reply_format((enum reply)i, "x", out);

		assert_true(r->code >= 200 && r->code <= 559);
		assert_int_equal(n, strlen(out));
		assert_true(n <= REPLY_MAX);
		assert_string_equal(out + n - 2, "\r\n");
		assert_null(strchr(out, '$'));
		/* RFC 2034: all but 3xx have an enhanced code of their class */
		if (r->code / 100 == 3) {
			assert_string_equal(r->dsn, "");
			continue;
		}
		assert_true(dsn_valid(r->dsn));
		assert_int_equal(r->dsn[0] - '0', r->code / 100);
	}
}

struct arg_row {
	enum reply reply;
	const char *arg, *want;
};

/* clang-format off */
static const struct arg_row args[] = {
	{ REPLY_OK, NULL, "250 2.0.0 Ok\r\n" },
	{ REPLY_OK, "ignored", "250 2.0.0 Ok\r\n" },
	{ REPLY_ACCEPTED, "2ab", "250 2.0.0 Accepted, id 2ab\r\n" },
	{ REPLY_ACCEPTED, NULL, "250 2.0.0 Accepted, id \r\n" },
	{ REPLY_ACCEPTED, "a\r\n250 b", "250 2.0.0 Accepted, id a??250 b\r\n" },
	{ REPLY_ACCEPTED, "\x1b[2J\xc3\xa9$%s", "250 2.0.0 Accepted, id ?[2J??$%s\r\n" },
	{ REPLY_GO_AHEAD, NULL, "354 Send the message, then a line with one dot\r\n" },
};
/* clang-format on */

static void
arguments(void **state)
{
	char out[REPLY_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(args); i++) {
		assert_int_equal(reply_format(args[i].reply, args[i].arg, out),
		    strlen(args[i].want));
		assert_string_equal(out, args[i].want);
	}
}

static void
long_argument_is_cut(void **state)
{
	char arg[2000], out[REPLY_MAX + 1];
	size_t n;

	(void)state;
	memset(arg, 'a', sizeof(arg) - 1);
	arg[sizeof(arg) - 1] = '\0';
	n = reply_format(REPLY_NOT_OWNER, arg, out);
	assert_true(n <= REPLY_MAX);
	assert_string_equal(out + n - 2, "\r\n");
}

struct code_row {
	const char *dsn, *want;
};

/* clang-format off */
static const struct code_row codes[] = {
	{ "4.3.0",  "451 4.3.0 why\r\n" },
	{ "4.2.2",  "452 4.2.2 why\r\n" },
	{ "4.2.1",  "451 4.2.1 why\r\n" },
	{ "4.3.1",  "452 4.3.1 why\r\n" },
	{ "4.3.10", "451 4.3.10 why\r\n" },
	{ "4.7.0",  "454 4.7.0 why\r\n" },
	{ "5.2.2",  "552 5.2.2 why\r\n" },
	{ "5.3.4",  "552 5.3.4 why\r\n" },
	{ "5.1.1",  "550 5.1.1 why\r\n" },
	{ "5.6.11", "550 5.6.11 why\r\n" },
	{ "5.7.8",  "535 5.7.8 why\r\n" },
	{ "5.7.9",  "534 5.7.9 why\r\n" },
	{ "5.7.11", "538 5.7.11 why\r\n" },
	{ "5.7.1",  "554 5.7.1 why\r\n" },
	{ "5.5.2",  "501 5.5.2 why\r\n" },
	{ "5.5.4",  "504 5.5.4 why\r\n" },
	{ "5.5.6",  "500 5.5.6 why\r\n" },
};
/* clang-format on */

/* The administrator's words, whatever is in them. */
static void
refusals(void **state)
{
	char out[REPLY_MAX + 1], text[2 * REPLY_MAX];

	(void)state;
	assert_int_equal(reply_refusal("5.1.6 Gone", out), 16);
	assert_string_equal(out, "550 5.1.6 Gone\r\n");
	(void)reply_refusal("5.2.2 Full", out);
	assert_string_equal(out, "550 5.2.2 Full\r\n");
	(void)reply_refusal("4.2.1 Come\tagain\xc3\xa9\r\n250 Ok", out);
	assert_string_equal(out, "450 4.2.1 Come?again????250 Ok\r\n");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memcpy(text, "5.1.1 ", 6);
	assert_true(reply_refusal(text, out) <= REPLY_MAX);
	assert_string_equal(out + strlen(out) - 3, "x\r\n");
}

static void
codes_of_diags(void **state)
{
	char out[REPLY_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(codes); i++) {
		struct diag d = DIAG_INIT;

		(void)diag_set(&d, codes[i].dsn, "why");
		assert_int_equal(reply_diag(&d, out), strlen(codes[i].want));
		assert_string_equal(out, codes[i].want);
	}
}

static void
into_a_diag(void **state)
{
	struct diag d = DIAG_INIT;

	(void)state;
	reply_to_diag(REPLY_TOO_BIG, "100", &d);
	assert_int_equal(d.outcome, OUT_PERM);
	assert_string_equal(d.dsn, "5.3.4");
	assert_non_null(strstr(d.text, " 100 bytes"));
	reply_to_diag(REPLY_LOOP, "1", &d);
	assert_string_equal(d.dsn, "5.3.4");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_whole),
		cmocka_unit_test(arguments),
		cmocka_unit_test(long_argument_is_cut),
		cmocka_unit_test(refusals),
		cmocka_unit_test(codes_of_diags),
		cmocka_unit_test(into_a_diag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
