/*
 * t_report_text: foreign text in reports: what stays, what becomes harmless,
 * and the forms of addresses.
 */
#include "tests/unit/unit.h"

#include "queue/report_text.h"

static void
is(struct sbuf *b, const char *want)
{
	assert_true(sbuf_ok(b));
	assert_string_equal(sbuf_str(b), want);
	sbuf_free(b);
}

static void
ascii(void **state)
{
	struct sbuf b = SBUF_INIT(100);

	(void)state;
	report_text(&b, "a \t\r\n\x1b\x7f\xc3\xb6~", 100);
	is(&b, "a ???????~");
	report_text(&b, "abcdef", 3);
	is(&b, "abc");
}

static void
utf8(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{ "j\xc3\xb6rg", "j\xc3\xb6rg" },
		{ "\xe2\x82\xac\xf0\x9f\x98\x80",
		    "\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "a\nb\x1b", "a?b?" },
		{ "\xc2\x9b"
		  "1m",
		    "?1m" }, /* CSI in one character */
		{ "\xe2\x80\xae"
		  "gpj",
		    "?gpj" }, /* right to left */
		{ "\xe2\x80\xa8\xef\xbb\xbf",
		    "??" }, /* an end of line; nothing */
		{ "\xff\xfe", "??" },
		{ "\xc0\xaf", "??" }, /* overlong */
		{ "\xe0\x80\xaf", "???" },
		{ "\xed\xa0\x80", "???" },      /* a surrogate */
		{ "\xf4\x90\x80\x80", "????" }, /* over the last */
		{ "a\xc3", "a?" },              /* cut */
		{ "\xe2\x82"
		  "x",
		    "??x" },
	};
	struct sbuf b = SBUF_INIT(100);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		report_utf8(&b, cases[i].in, 100);
		is(&b, cases[i].want);
	}
	/* Never half a character. */
	report_utf8(&b, "ab\xc3\xb6", 3);
	is(&b, "ab");
}

static void
addresses(void **state)
{
	static const struct {
		const char *addr, *seven, *eight, *orcpt;
	} cases[] = {
		{ "bob@x.test", "rfc822; bob@x.test", "rfc822; bob@x.test",
		    "rfc822;bob@x.test" },
		{ "a+b@x", "rfc822; a+b@x", "rfc822; a+b@x", "rfc822;a+2Bb@x" },
		{ "\"a b\"@x", "rfc822; \"a b\"@x", "rfc822; \"a b\"@x",
		    "rfc822;\"a+20b\"@x" },
		{ "j\xc3\xb6rg@x", "utf-8; j\\x{F6}rg@x",
		    "utf-8; j\xc3\xb6rg@x", "utf-8;j\\x{F6}rg@x" },
		{ "\xe2\x82\xac+=\\ \xf0\x9f\x98\x80@x",
		    "utf-8; \\x{20AC}\\x{2B}\\x{3D}\\x{5C}\\x{20}\\x{1F600}@x",
		    "utf-8; \xe2\x82\xac+=\\ \xf0\x9f\x98\x80@x",
		    "utf-8;\\x{20AC}\\x{2B}\\x{3D}\\x{5C}\\x{20}\\x{1F600}@x" },
		{ "\xff\n@x", "utf-8; ??@x", "utf-8; ??@x", "utf-8;??@x" },
	};
	struct sbuf b = SBUF_INIT(600);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		report_address(&b, cases[i].addr, false);
		is(&b, cases[i].seven);
		report_address(&b, cases[i].addr, true);
		is(&b, cases[i].eight);
		report_orcpt(&b, cases[i].addr);
		is(&b, cases[i].orcpt);
	}
}

static void
originals(void **state)
{
	static const struct {
		const char *orcpt, *seven, *eight;
	} cases[] = {
		{ "rfc822;a+2Bb@x", "rfc822; a+b@x", "rfc822; a+b@x" },
		{ "rfc822;a+0D+0A+1B+C3+ZZ", "rfc822; a????+ZZ",
		    "rfc822; a????+ZZ" },
		{ "x400;c=x", "x400; c=x", "x400; c=x" },
		{ "UTF-8;j\\x{F6}rg+2B", "UTF-8; j\\x{F6}rg+2B",
		    "UTF-8; j\xc3\xb6rg+2B" },
		{ "utf-8;j\xc3\xb6rg@x", "utf-8; j\\x{F6}rg@x",
		    "utf-8; j\xc3\xb6rg@x" },
		{ "utf-8;\\x{20AC}\\x{1F600}\\x{2B}",
		    "utf-8; \\x{20AC}\\x{1F600}\\x{2B}",
		    "utf-8; \xe2\x82\xac\xf0\x9f\x98\x80+" },
		/* Not its syntax: as it is; what it stands for: harmless. */
		{ "utf-8;\\x{}\\x{110000}\\x{D800}\\x{F6",
		    "utf-8; \\x{}\\x{110000}\\x{D800}\\x{F6",
		    "utf-8; \\x{}\\x{110000}\\x{D800}\\x{F6" },
		{ "utf-8;a\\x{0A}\\x{1B}\\x{202E}\\x{00}",
		    "utf-8; a\\x{0A}\\x{1B}\\x{202E}\\x{00}",
		    "utf-8; a???\\x{00}" },
	};
	static const char *const none[] = { "", "rfc822", ";x" };
	struct sbuf b = SBUF_INIT(600);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(report_original(&b, cases[i].orcpt, false));
		is(&b, cases[i].seven);
		assert_true(report_original(&b, cases[i].orcpt, true));
		is(&b, cases[i].eight);
	}
	for (size_t i = 0; i < COUNT(none); i++) {
		assert_false(report_original(&b, none[i], true));
		is(&b, "");
	}
}

static void
wrapping(void **state)
{
	static const char words[] =
	    "Once upon a midnight dreary, while I pondered, weak and weary, "
	    "over many a quaint and curious volume";
	struct sbuf b = SBUF_INIT(1000);
	char longest[200];

	(void)state;
	report_wrapped(&b, "    ", words);
	is(&b,
	    "    Once upon a midnight dreary, while I pondered, weak and "
	    "weary, over many\n    a quaint and curious volume\n");
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	report_wrapped(&b, "", longest);
	assert_int_equal(b.len, sizeof(longest));
	sbuf_free(&b);
	report_wrapped(&b, "", "");
	is(&b, "\n");
	report_wrapped(&b, "", "a  b ");
	is(&b, "a  b\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ascii),
		cmocka_unit_test(utf8),
		cmocka_unit_test(addresses),
		cmocka_unit_test(originals),
		cmocka_unit_test(wrapping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
