/*
 * t_submit_input: streams of all line ends become header and body.
 */
#include "tests/unit/unit.h"

#include <errno.h>

#include "queue/submit_input.h"

#define LIMIT 1000000

struct row {
	const char *name;
	const char *in;
	bool dots;
	const char *header, *body;
};

/* clang-format off */
static const struct row rows[] = {
	{ "LF",		"A: b\nC: d\n\nx\ny\n", true,	"A: b\nC: d\n", "x\ny\n" },
	{ "CRLF",	"A: b\r\nC: d\r\n\r\nx\r\n", true, "A: b\nC: d\n", "x\n" },
	{ "mixed",	"A: b\r\nC: d\n\r\nx\ny\r\n", true, "A: b\nC: d\n", "x\ny\n" },
	{ "CRCRLF",	"A: b\r\r\n\r\r\nx\r\r\n", true, "A: b\n", "x\n" },
	{ "folded",	"A: b\n\tc\n d\n\nx\n", true,	"A: b\n\tc\n d\n", "x\n" },
	{ "no final LF", "A: b\n\nx", true,		"A: b\n", "x\n" },
	{ "header only", "A: b\n", true,		"A: b\n", "" },
	{ "header without LF", "A: b", true,		"A: b\n", "" },
	{ "empty",	"", true,			"", "" },
	{ "empty line",	"\n", true,			"", "" },
	{ "no header",	"hello\nA: b\n", true,		"", "hello\nA: b\n" },
	{ "blank first", " hello\n", true,		"", " hello\n" },
	{ "header runs into body", "A: b\nhello\n\nx\n", true, "A: b\n", "hello\n\nx\n" },
	{ "From line",	"From a Mon Jan  1\nA: b\n\nx\n", true, "A: b\n", "x\n" },
	{ ">From line",	">From a Mon\nFrom b\nA: b\n\nFrom c\n", true, "A: b\n", "From c\n" },
	/* The dot */
	{ "dot",	"A: b\n\nx\n.\ny\n", true,	"A: b\n", "x\n" },
	{ "dot CRLF",	"A: b\r\n\r\nx\r\n.\r\ny\n", true, "A: b\n", "x\n" },
	{ "dot, -i",	"A: b\n\nx\n.\ny\n", false,	"A: b\n", "x\n.\ny\n" },
	{ "dot in header", "A: b\n.\nC: d\n", true,	"A: b\n", "" },
	{ "dot first",	".\nx\n", true,			"", "" },
	{ "dot at end",	"A: b\n\nx\n.", true,		"A: b\n", "x\n" },
	{ "dots",	"A: b\n\n..\n.x\n. \n", true,	"A: b\n", "..\n.x\n. \n" },
	{ "dot first in body", "A: b\n\n.x\n", true,	"A: b\n", ".x\n" },
	{ "dot body, no header", ".x\n.\ny\n", true,	"", ".x\n" },
	/* A CR alone makes no field and no end */
	{ "CR in header", "A: b\rBcc: c\n\nx\n", true,	"A: b Bcc: c\n", "x\n" },
	{ "CR in body",	"A: b\n\nx\ry\n", true,		"A: b\n", "x\ny\n" },
	{ "CR dot CR",	"A: b\n\nx\r.\ry\n", true,	"A: b\n", "x\n.\ny\n" },
	{ "CR dot LF",	"A: b\n\nx\r.\ny\n", true,	"A: b\n", "x\n.\ny\n" },
	{ "LF dot CR x", "A: b\n\n.\rx\n", true,	"A: b\n", ".\nx\n" },
	{ "CR at end",	"A: b\n\nx\r", true,		"A: b\n", "x\n" },
	{ "8 bit",	"A: \xc3\xb6\n\n\xff\xfe\n", true, "A: \xc3\xb6\n", "\xff\xfe\n" },
};
/* clang-format on */

static struct submit_input in;
static struct submit_spool body;

static enum submit_input_result
run(const char *s, size_t n, size_t piece, bool dots)
{
	enum submit_input_result r = INPUT_OK;
	size_t len;

	submit_spool_init(&body, LIMIT);
	submit_input_init(&in, 4096, &body, dots);
	for (size_t at = 0; at < n && r == INPUT_OK; at += len) {
		len = n - at < piece ? n - at : piece;
		r = submit_input_feed(&in, s + at, len);
	}
	if (r == INPUT_OK || r == INPUT_END)
		r = submit_input_finish(&in);
	return r;
}

static void
done(void)
{
	submit_input_free(&in);
	submit_spool_free(&body);
}

static void
check(const struct row *r, size_t piece)
{
	char text[200];
	ssize_t n;

	assert_int_equal(run(r->in, strlen(r->in), piece, r->dots), INPUT_OK);
	n = submit_spool_get(&body, 0, text, sizeof(text) - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	if (strcmp(sbuf_str(&in.header), r->header) != 0 ||
	    strcmp(text, r->body) != 0)
		fail_msg("%s, pieces of %zu: \"%s\" \"%s\"", r->name, piece,
		    sbuf_str(&in.header), text);
	assert_int_equal(body.size, strlen(r->body));
	done();
}

static void
splits_header_and_body(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		check(&rows[i], 1000);
		for (size_t piece = 1; piece < 8; piece++)
			check(&rows[i], piece);
	}
}

static void
keeps_nul_in_bodies_only(void **state)
{
	static const char fine[] = "A: b\n\nx\0y\n", bad[] = "A: b\0c\n\nx\n";
	char text[20];

	(void)state;
	assert_int_equal(run(fine, sizeof(fine) - 1, 100, true), INPUT_OK);
	assert_int_equal(submit_spool_get(&body, 0, text, sizeof(text)), 4);
	assert_memory_equal(text, "x\0y\n", 4);
	done();
	assert_int_equal(run(bad, sizeof(bad) - 1, 100, true), INPUT_NUL);
	done();
}

static void
bounds_the_header(void **state)
{
	static char text[10000];

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "A: ", 3);
	assert_int_equal(run(text, sizeof(text), 1000, true), INPUT_HEADER);
	done();
	for (size_t i = 0; i + 5 <= sizeof(text); i += 5)
		memcpy(text + i, "A: b\n", 5);
	assert_int_equal(run(text, sizeof(text), 1000, true), INPUT_HEADER);
	done();
}

/* A long first line that is no field is body, whatever its length. */
static void
takes_long_lines_as_body(void **state)
{
	static char text[300000];
	char first[1];

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(run(text, sizeof(text), 777, true), INPUT_OK);
	assert_int_equal(in.header.len, 0);
	assert_int_equal(body.size, sizeof(text) + 1);
	assert_int_not_equal(body.fd, -1);
	assert_int_equal(submit_spool_get(&body, sizeof(text), first, 1), 1);
	assert_int_equal(first[0], '\n');
	done();
}

static void
bounds_the_body(void **state)
{
	static char text[LIMIT];

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "A: b\n\n", 6);
	text[sizeof(text) - 1] = '\n';
	assert_int_equal(run(text, sizeof(text), 65536, true), INPUT_OK);
	assert_int_equal(body.size + body.lines, LIMIT - 6 + 1);
	done();
	memset(text + 6, '\n', sizeof(text) - 6);
	errno = 0;
	assert_int_equal(run(text, sizeof(text), 65536, true), INPUT_SPOOL);
	assert_int_equal(errno, EFBIG);
	done();
}

static void
notices_eight_bits(void **state)
{
	(void)state;
	assert_int_equal(run("A: b\n\nx\n", 8, 100, true), INPUT_OK);
	assert_false(body.eight_bit);
	done();
	assert_int_equal(run("A: b\n\n\x80\n", 8, 100, true), INPUT_OK);
	assert_true(body.eight_bit);
	done();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits_header_and_body),
		cmocka_unit_test(keeps_nul_in_bodies_only),
		cmocka_unit_test(bounds_the_header),
		cmocka_unit_test(takes_long_lines_as_body),
		cmocka_unit_test(bounds_the_body),
		cmocka_unit_test(notices_eight_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
