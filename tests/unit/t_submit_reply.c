/*
 * t_submit_reply: SMTP replies and the exit statuses they become.
 */
#include "tests/unit/unit.h"

#include <sysexits.h>

#include "queue/submit_reply.h"

/* clang-format off */
static const struct {
	const char *line;
	enum reply_line kind;
	unsigned int code;
	const char *dsn, *text;
} lines[] = {
	{ "250 2.1.0 fine",	REPLY_LAST,	250,	"2.1.0",	"fine" },
	{ "250-2.1.0 more",	REPLY_MORE,	250,	"2.1.0",	"more" },
	{ "250",		REPLY_LAST,	250,	"",		"" },
	{ "250 ",		REPLY_LAST,	250,	"",		"" },
	{ "250-",		REPLY_MORE,	250,	"",		"" },
	{ "354 go on",		REPLY_LAST,	354,	"",		"go on" },
	{ "550 5.1.1",		REPLY_LAST,	550,	"5.1.1",	"" },
	{ "550 4.1.1 other class", REPLY_LAST,	550,	"",		"4.1.1 other class" },
	{ "550 5.1 short",	REPLY_LAST,	550,	"",		"5.1 short" },
	{ "550 5.1.1.1 long",	REPLY_LAST,	550,	"",		"5.1.1.1 long" },
	{ "550 5.1.1x odd",	REPLY_LAST,	550,	"",		"5.1.1x odd" },
	{ "220 5 mail servers",	REPLY_LAST,	220,	"",		"5 mail servers" },
	{ "421 4.3.0 later",	REPLY_LAST,	421,	"4.3.0",	"later" },
	{ "",			REPLY_BAD,	0,	"",		"" },
	{ "25",			REPLY_BAD,	0,	"",		"" },
	{ "2500 x",		REPLY_BAD,	0,	"",		"" },
	{ "199 x",		REPLY_BAD,	0,	"",		"" },
	{ "600 x",		REPLY_BAD,	0,	"",		"" },
	{ "-50 x",		REPLY_BAD,	0,	"",		"" },
	{ "25x x",		REPLY_BAD,	0,	"",		"" },
	{ "+OK",		REPLY_BAD,	0,	"",		"" },
	{ "250_x",		REPLY_BAD,	0,	"",		"" },
};

static const struct {
	const char *line;
	int status;
} exits[] = {
	{ "421 4.3.0 x",	EX_TEMPFAIL },
	{ "451 x",		EX_TEMPFAIL },
	{ "452 4.5.3 x",	EX_TEMPFAIL },
	{ "550 5.1.1 x",	EX_NOUSER },
	{ "550 5.1.2 x",	EX_NOHOST },
	{ "556 5.1.10 x",	EX_NOHOST },
	{ "550 5.2.1 x",	EX_NOUSER },
	{ "552 5.2.2 x",	EX_UNAVAILABLE },
	{ "552 5.3.4 x",	EX_DATAERR },
	{ "554 5.4.6 x",	EX_NOHOST },
	{ "501 5.5.4 x",	EX_PROTOCOL },
	{ "554 5.6.0 x",	EX_DATAERR },
	{ "550 5.7.1 x",	EX_NOPERM },
	{ "550 x",		EX_NOUSER },
	{ "552 x",		EX_DATAERR },
	{ "554 x",		EX_UNAVAILABLE },
	{ "502 x",		EX_PROTOCOL },
	{ "535 x",		EX_NOPERM },
	{ "599 5.0.0 x",	EX_UNAVAILABLE },
};
/* clang-format on */

static void
parses_lines(void **state)
{
	struct reply r;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		assert_int_equal(
		    reply_parse_line(lines[i].line, &r), lines[i].kind);
		if (lines[i].kind == REPLY_BAD)
			continue;
		assert_int_equal(r.code, lines[i].code);
		assert_string_equal(r.dsn, lines[i].dsn);
		assert_string_equal(r.text, lines[i].text);
	}
}

static void
maps_to_exit_statuses(void **state)
{
	struct reply r;

	(void)state;
	for (size_t i = 0; i < COUNT(exits); i++) {
		assert_int_equal(
		    reply_parse_line(exits[i].line, &r), REPLY_LAST);
		assert_int_equal(reply_exit(&r), exits[i].status);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_lines),
		cmocka_unit_test(maps_to_exit_statuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
