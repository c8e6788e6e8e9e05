/*
 * t_rewrite_header: addresses in header fields that are replaced.
 */
#include "tests/unit/cdb.h"

#include <time.h>

#include "common/sbuf.h"
#include "smtpd/rewrite_header.h"

/* clang-format off */
static const struct cdb_row rules[] = {
	{ TABLES_REWRITE, "s@in.test",		"@out.test" },
	{ TABLES_REWRITE, "s.in.test",		"@out.test" },
	{ TABLES_REWRITE, "salice@in.test",	"A.Smith@out.test" },
	{ TABLES_REWRITE, "sroot@here.test",	"chief@out.test" },
	{ TABLES_REWRITE, "sw@in.test",		"\"w w\"@out.test" },
	{ TABLES_REWRITE, "s@xn--bcher-kva.test", "@books.test" },
	{ TABLES_REWRITE, "r@old.test",		"@new.test" },
	{ TABLES_REWRITE, "s@bad.test",		"none" },
	{ TABLES_REWRITE, "s@long.test",	"a-much-longer-name-than-it-was-before@out.test" },
};

#define SAME NULL

/* With a domain for those without one, and without it. */
static const struct {
	const char *in, *complete, *out;
} headers[] = {
	/* only the address changes */
	{ "From: alice@in.test\n",		"From: A.Smith@out.test\n", "From: A.Smith@out.test\n" },
	{ "From:bob@in.test\n",			"From:bob@out.test\n", "From:bob@out.test\n" },
	{ "FROM \t: Bob <bob@In.Test>\n",	"FROM \t: Bob <bob@out.test>\n", "FROM \t: Bob <bob@out.test>\n" },
	{ "From:  Bob  \"B\" B. <bob@in.test> (bob@in.test) \n",
	    "From:  Bob  \"B\" B. <bob@out.test> (bob@in.test) \n", "From:  Bob  \"B\" B. <bob@out.test> (bob@in.test) \n" },
	{ "From: \"bob@in.test\" <bob@in.test>\n", "From: \"bob@in.test\" <bob@out.test>\n", "From: \"bob@in.test\" <bob@out.test>\n" },
	{ "From: =?utf-8?q?B=2Cb_=3Cx=40y=3E?= <bob@in.test>\n", "From: =?utf-8?q?B=2Cb_=3Cx=40y=3E?= <bob@out.test>\n", "From: =?utf-8?q?B=2Cb_=3Cx=40y=3E?= <bob@out.test>\n" },
	{ "From: J\xf6rg \xff <bob@in.test>\n",	"From: J\xf6rg \xff <bob@out.test>\n", "From: J\xf6rg \xff <bob@out.test>\n" },
	{ "From: (a (b) c\\)) bob@in.test\n",	"From: (a (b) c\\)) bob@out.test\n", "From: (a (b) c\\)) bob@out.test\n" },
	{ "From: \"b b\"@in.test\n",		"From: \"b b\"@out.test\n", "From: \"b b\"@out.test\n" },
	{ "From: w@in.test\n",			"From: \"w w\"@out.test\n", "From: \"w w\"@out.test\n" },
	{ "From: <x@a.b.in.test>\n",		"From: <x@out.test>\n", "From: <x@out.test>\n" },
	{ "From: x@b\xc3\xbc" "cher.test\n",	"From: x@books.test\n", "From: x@books.test\n" },
	/* several, in groups, over lines */
	{ "Reply-To: a@in.test,\n\tB <b@in.test>,\n c@else.test\n", "Reply-To: a@out.test,\n\tB <b@out.test>,\n c@else.test\n", "Reply-To: a@out.test,\n\tB <b@out.test>,\n c@else.test\n" },
	{ "To: G: a@old.test, <b@old.test>;, c@else.test\n", "To: G: a@new.test, <b@new.test>;, c@else.test\n", "To: G: a@new.test, <b@new.test>;, c@else.test\n" },
	{ "To:\n a@old.test\n",			"To:\n a@new.test\n", "To:\n a@new.test\n" },
	{ "To: a@old.test,,\n",			"To: a@new.test,,\n", "To: a@new.test,,\n" },
	{ "To: undisclosed-recipients:;\n",	SAME, SAME },
	/* the rules of each field */
	{ "Sender: a@in.test\nResent-From: a@in.test\nResent-Sender: a@in.test\nResent-Reply-To: a@in.test\n",
	    "Sender: a@out.test\nResent-From: a@out.test\nResent-Sender: a@out.test\nResent-Reply-To: a@out.test\n",
	    "Sender: a@out.test\nResent-From: a@out.test\nResent-Sender: a@out.test\nResent-Reply-To: a@out.test\n" },
	{ "Cc: a@old.test\nresent-to: a@old.test\nRESENT-CC: a@old.test\n", "Cc: a@new.test\nresent-to: a@new.test\nRESENT-CC: a@new.test\n", "Cc: a@new.test\nresent-to: a@new.test\nRESENT-CC: a@new.test\n" },
	{ "To: a@in.test\nFrom: a@old.test\n",	SAME, SAME },
	{ "Subject: a@in.test\nX-From: a@in.test\nFrom-X: a@in.test\nFro: a@in.test\nBcc: a@old.test\nReturn-Path: <a@in.test>\n", SAME, SAME },
	/* without a domain */
	{ "From: root (Cron Daemon)\n",		"From: chief@out.test (Cron Daemon)\n", SAME },
	{ "To: root, Bob <bob>\n",		"To: root@here.test, Bob <bob@here.test>\n", SAME },
	/* what cannot be read stays, all of it */
	{ "To: a@old.test, b b\n",		SAME, SAME },
	{ "To: a@old.test, \"open\n",		SAME, SAME },
	{ "From: Bob <a@in.test\n",		SAME, SAME },
	{ "From: <a@in.test> <b@in.test>\n",	SAME, SAME },
	{ "From: a@in.test b\n",		SAME, SAME },
	{ "From: <>\n",				SAME, SAME },
	{ "From: a@in.test\x01\n",		SAME, SAME },
	{ "From:\n",				SAME, SAME },
	{ "From: a@\xff\n",			SAME, SAME },
	{ "From: a@\xe2\x98\x83.test\n",	SAME, SAME },
	/* nor is an address in pieces put together */
	{ "From: a (b) @in.test\n",		SAME, SAME },
	{ "From: <a @ in.test>\n",		SAME, SAME },
	{ "From: <@x,@y:a@in.test>\n",		SAME, SAME },
	{ "From: \"a\n b\"@in.test\n",		SAME, SAME },
	{ "From: a@in .test, b@in.test\n",	"From: a@in .test, b@out.test\n", "From: a@in .test, b@out.test\n" },
	/* the end of the header is the end */
	{ "From: a@in.test\n\nFrom: a@in.test\n", "From: a@out.test\n\nFrom: a@in.test\n", "From: a@out.test\n\nFrom: a@in.test\n" },
	{ "From: a@in.test\nno field\nFrom: a@in.test\n", "From: a@out.test\nno field\nFrom: a@in.test\n", "From: a@out.test\nno field\nFrom: a@in.test\n" },
	{ "From: a@in.test\n \nTo: a@old.test\n", "From: a@out.test\n \nTo: a@new.test\n", "From: a@out.test\n \nTo: a@new.test\n" },
	{ "\nFrom: a@in.test\n",		SAME, SAME },
	{ " x\nFrom: a@in.test\n",		SAME, SAME },
	{ "From a@in.test Sun\nFrom: a@in.test\n", SAME, SAME },
	{ "",					SAME, SAME },
	/* without an end, with other ends */
	{ "From: a@in.test",			"From: a@out.test", "From: a@out.test" },
	{ "From",				SAME, SAME },
	{ "From:",				SAME, SAME },
	{ "From: a@in.test\r\nTo: <a@old.test>\r\n\r\nFrom: a@in.test\r\n", "From: a@out.test\r\nTo: <a@new.test>\r\n\r\nFrom: a@in.test\r\n", "From: a@out.test\r\nTo: <a@new.test>\r\n\r\nFrom: a@in.test\r\n" },
	{ "To: a@old.test,\r\n\tb@old.test\r\n", "To: a@new.test,\r\n\tb@new.test\r\n", "To: a@new.test,\r\n\tb@new.test\r\n" },
};
/* clang-format on */

static struct tables tables;
static struct sbuf out;

static void
put(void *arg, const char *s, size_t n)
{
	sbuf_put(arg, s, n);
}

static enum rewrite_header_result
run(const char *text, size_t n, const char *complete, uint64_t room)
{
	struct rewrite_header h = { &tables, complete, put, &out, room };

	sbuf_clear(&out);
	return rewrite_header(&h, text, n);
}

static void
check(const char *in, const char *want, const char *complete)
{
	char *copy = strdup(in); /* no byte behind it may be read */

	assert_non_null(copy);
	if (run(copy, strlen(copy), complete, 1000) != REWRITE_HEADER_OK)
		fail_msg("%s", in);
	assert_string_equal(sbuf_str(&out), want != SAME ? want : in);
	free(copy);
}

static void
fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(headers); i++) {
		check(headers[i].in, headers[i].complete, "here.test");
		check(headers[i].in, headers[i].out, NULL);
	}
}

static void
nul(void **state)
{
	static const char text[] = "From: a@in.test\0b, b@in.test\n"
				   "Sender: a@in.test\n\0";
	static const char want[] = "From: a@in.test\0b, b@in.test\n"
				   "Sender: a@out.test\n\0";

	(void)state;
	assert_int_equal(
	    run(text, sizeof(text) - 1, NULL, 100), REWRITE_HEADER_OK);
	assert_int_equal(out.len, sizeof(want) - 1);
	assert_memory_equal(sbuf_str(&out), want, sizeof(want) - 1);
}

/* It grows by so much, and not by a byte more. */
static void
bounded(void **state)
{
	static const char text[] =
	    "From: a@in.test, b@in.test\nTo: x@old.test\n";
	static const char longer[] = "From: x@long.test, y@long.test\n";
	/* what the new address has more than "x@long.test" */
	const uint64_t more = 46 - 11;

	(void)state;
	assert_int_equal(
	    run(text, sizeof(text) - 1, NULL, 1), REWRITE_HEADER_BIG);
	assert_int_equal(
	    run(text, sizeof(text) - 1, NULL, 2), REWRITE_HEADER_OK);
	assert_int_equal(
	    run(longer, sizeof(longer) - 1, NULL, 2 * more), REWRITE_HEADER_OK);
	assert_int_equal(run(longer, sizeof(longer) - 1, NULL, 2 * more - 1),
	    REWRITE_HEADER_BIG);
	assert_int_equal(
	    run("To: root\n", 9, "here.test", 9), REWRITE_HEADER_BIG);
}

static void
damaged(void **state)
{
	(void)state;
	assert_int_equal(
	    run("From: x@bad.test\n", 17, NULL, 100), REWRITE_HEADER_BROKEN);
}

/* clang-format off */
static const struct {
	const char *start, *again, *end;
	bool grows;
} shapes[] = {
	{ "From: ",	"(",			"a@in.test\n", false },
	{ "From: ",	"(a)",			"a@in.test\n", true },
	{ "From: ",	"\\",			"\n", false },
	{ "From: \"",	"\\\\",			"\" <a@in.test>\n", true },
	{ "From: \"",	"\\",			"\n", false },
	{ "From: ",	"<",			"\n", false },
	{ "From: ",	"\"",			"\n", false },
	{ "From: ",	"[",			"\n", false },
	{ "From: ",	",",			"a@in.test\n", true },
	{ "From: ",	"G:",			"a@in.test\n", true },
	{ "From: ",	"G: a@in.test;",	"\n", true },
	{ "To: ",	"a@old.test, ",		"a@old.test\n", false },
	{ "To: ",	"a,",			"a\n", true },
	{ "To: ",	"(\n )",		"a@old.test\n", false },
	{ "To: ",	" \n",			" a@old.test\n", false },
	{ "",		"To: a@old.test\n",	"\n", false },
	{ "",		"To: (\n",		"\n", false },
	{ "",		"=?utf-8?q?=2C?=",	"\n", false },
	{ "From: ",	"=?utf-8?q?=2C?= ",	"<a@in.test>\n", true },
	{ "From: ",	"\xff\xfe",		"<a@in.test>\n", true },
	{ "From: ",	"a@",			"\n", false },
	{ "From: <",	"@a,",			":a@in.test>\n", false },
};
/* clang-format on */

static double
seconds(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double
time_of(size_t i, size_t times)
{
	struct sbuf b = SBUF_INIT(1 << 26);
	double start, took;

	sbuf_puts(&b, shapes[i].start);
	for (size_t k = 0; k < times; k++)
		sbuf_puts(&b, shapes[i].again);
	sbuf_puts(&b, shapes[i].end);
	assert_true(sbuf_ok(&b));
	start = seconds();
	assert_int_equal(
	    run(b.s, b.len, "here.test", UINT64_MAX), REWRITE_HEADER_OK);
	took = seconds() - start;
	if (shapes[i].grows)
		assert_true(out.len > b.len);
	sbuf_free(&b);
	return took;
}

/* ATTACKS A07, A10: ten times as much takes about ten times as long. */
static void
linear(void **state)
{
	double small, large;

	(void)state;
	for (size_t i = 0; i < COUNT(shapes); i++) {
		small = time_of(i, 10000);
		large = time_of(i, 100000);
		if (large > 0.1 && large > 40 * small)
			fail_msg("%zu: %f s and %f s", i, small, large);
	}
}

static int
setup(void **state)
{
	char e[TABLES_ERR];

	if (unit_setup(state) == -1)
		return -1;
	cdb_file("tables.cdb", rules, COUNT(rules));
	sbuf_init(&out, 1 << 27);
	return tables_open(&tables, unit_path("tables.cdb"), false, e) ? 0 : -1;
}

static int
teardown(void **state)
{
	tables_close(&tables);
	sbuf_free(&out);
	return unit_teardown(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields),
		cmocka_unit_test(nul),
		cmocka_unit_test(bounded),
		cmocka_unit_test(damaged),
		cmocka_unit_test(linear),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
