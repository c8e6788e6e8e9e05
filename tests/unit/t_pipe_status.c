/*
 * t_pipe_status: the table of exit codes, and what is told of the output.
 */
#include "tests/unit/unit.h"

#include <sys/wait.h>

#include <signal.h>

#include "delivery/pipe_status.h"

static const struct {
	int code;
	const char *dsn;
} rows[] = {
	{ 0, "2.0.0" },
	{ 99, "2.0.0" },
	{ 64, "4.3.5" },
	{ 65, "5.6.0" },
	{ 66, "4.3.5" },
	{ 67, "5.1.1" },
	{ 68, "5.1.2" },
	{ 69, "5.3.0" },
	{ 70, "4.3.0" },
	{ 71, "4.3.0" },
	{ 72, "4.3.5" },
	{ 73, "4.3.0" },
	{ 74, "4.3.0" },
	{ 75, "4.3.0" },
	{ 76, "5.5.0" },
	{ 77, "5.7.1" },
	{ 78, "4.3.5" },
	{ 100, "5.0.0" },
	{ 111, "4.3.0" },
	{ 126, "4.3.5" },
	{ 127, "4.3.5" },
};

static const char *
wanted(int code)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].code == code)
			return rows[i].dsn;
	return "4.3.0"; /* nobody loses mail for a status that says nothing */
}

static void
codes(void **state)
{
	(void)state;
	for (int code = 0; code < 256; code++) {
		struct diag d = DIAG_INIT, e = DIAG_INIT;

		(void)pipe_status(W_EXITCODE(code, 0), "", &d);
		assert_string_equal(d.dsn, wanted(code));
		(void)pipe_status(W_EXITCODE(code, 0), "said so", &e);
		assert_string_equal(e.dsn, d.dsn);
		if (d.outcome == OUT_OK) {
			assert_string_equal(e.text, "");
			continue;
		}
		assert_int_equal(
		    d.outcome, d.dsn[0] == '5' ? OUT_PERM : OUT_TEMP);
		assert_non_null(strstr(d.text, "the command ended with"));
		assert_string_equal(e.text, "said so");
	}
}

static void
signals(void **state)
{
	static const int all[] = { SIGKILL, SIGTERM, SIGSEGV, SIGXCPU, 64 };

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		struct diag d = DIAG_INIT;

		assert_int_equal(
		    pipe_status(W_EXITCODE(0, all[i]), "", &d), OUT_TEMP);
		assert_string_equal(d.dsn, "4.3.0");
		assert_non_null(strstr(d.text, "signal "));
	}
}

static const struct {
	const char *text, *line;
} texts[] = {
	{ "", "" },
	{ "\n\n", "" },
	{ "one\n", "one" },
	{ "  one\n\n two\t three  \r\n", "one two three" },
	{ "a\033[2Jb\x7f", "a?[2Jb?" },
	{ "caf\xc3\xa9", "caf??" },
	{ "550 5.1.1 <x>: no\n", "550 5.1.1 <x>: no" },
};

static void
lines(void **state)
{
	char *line = malloc(8); /* so that ASan looks */
	char out[100];

	(void)state;
	assert_non_null(line);
	for (size_t i = 0; i < COUNT(texts); i++) {
		pipe_status_line(
		    texts[i].text, strlen(texts[i].text), out, sizeof(out));
		assert_string_equal(out, texts[i].line);
	}
	pipe_status_line("a\0b", 3, out, sizeof(out));
	assert_string_equal(out, "a?b");
	pipe_status_line("abcdefghijk", 11, line, 8);
	assert_string_equal(line, "abcdefg");
	pipe_status_line("abcdef ghijk", 12, line, 8);
	assert_true(strlen(line) < 8);
	pipe_status_line("a b c d e f g", 13, line, 8);
	assert_string_equal(line, "a b c d");
	free(line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes),
		cmocka_unit_test(signals),
		cmocka_unit_test(lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
