/*
 * t_address: envelope addresses, friendly and not.
 */
#include "tests/unit/unit.h"

#include <time.h>

#include "common/address.h"
#include "common/msg.h"

struct row {
	const char *path;
	enum address_result result;
	const char *local, *domain, *rest;
};

#define OK(path, local, domain) { path, ADDRESS_OK, local, domain, "" },
#define REST(path, local, domain, rest)                                        \
	{ path, ADDRESS_OK, local, domain, rest },
#define BAD(path) { path, ADDRESS_SYNTAX, NULL, NULL, NULL },
#define UTF8(path) { path, ADDRESS_UTF8, NULL, NULL, NULL },

/* clang-format off */
static const struct row rows[] = {
	OK("<>",			"",		"")
	OK("<a@x.test>",		"a",		"x.test")
	OK("<A.b@X.Test>",		"A.b",		"x.test")
	OK("<postmaster>",		"postmaster",	"")
	OK("<Postmaster>",		"Postmaster",	"")
	REST("<a@x.test> SIZE=5",	"a", "x.test",	" SIZE=5")
	REST("<>x",			"", "",		"x")
	OK("<a@x>",			"a",		"x")
	OK("<a+tag@x.test>",		"a+tag",	"x.test")
	OK("<!#$%&'*+-/=?^_`{|}~@x.test>", "!#$%&'*+-/=?^_`{|}~", "x.test")
	/* text for a shell is only text */
	OK("<`id`@x>",			"`id`",		"x")
	OK("<a|b@x>",			"a|b",		"x")
	BAD("<$(id)@x>")
	BAD("<;sleep 9;@x.test>")
	BAD("<;sleep${IFS}9;@x.test>")
	OK("<-f@x.test>",		"-f",		"x.test")
	OK("<--help@x.test>",		"--help",	"x.test")
	OK("<-oQ/tmp/x@local.test>",	"-oQ/tmp/x",	"local.test")
	OK("<a/b@x.test>",		"a/b",		"x.test")
	BAD("<../../etc/passwd@x.test>")
	BAD("<.@x.test>")
	BAD("<..@x.test>")
	/* dots */
	BAD("<.a@x.test>")
	BAD("<a.@x.test>")
	BAD("<a..b@x.test>")
	/* quotes */
	OK("<\"a b\"@x.test>",		"a b",		"x.test")
	OK("<\"a\"@x.test>",		"a",		"x.test")
	OK("<\"\\\"\"@x.test>",		"\"",		"x.test")
	OK("<\"\\\\\"@x.test>",		"\\",		"x.test")
	OK("<\"a@b\"@x.test>",		"a@b",		"x.test")
	OK("<\"<>\"@x.test>",		"<>",		"x.test")
	OK("<\"..\"@x.test>",		"..",		"x.test")
	OK("<\"\\a\"@x.test>",		"a",		"x.test")
	BAD("<\"\"@x.test>")
	BAD("<\"a\r\nRCPT TO:<z@z>\"@x>")
	BAD("<\"a\nb\"@x>")
	BAD("<\"a\tb\"@x>")
	BAD("<\"a\\\nb\"@x>")
	BAD("<\"a\x7f\"@x>")
	BAD("<\"a\x1b[2J\"@x>")
	BAD("<\"a")
	BAD("<\"a\"")
	BAD("<\"a\\")
	BAD("<\"a\\\"")
	BAD("<\"a\"b@x>")
	BAD("<a\"b\"@x>")
	BAD("<\"a\".b@x>")
	/* other people's tricks */
	OK("<u%other.test@local.test>",	"u%other.test",	"local.test")
	OK("<other.test!u>",		"other.test!u",	"")
	OK("<other.test!u@local.test>",	"other.test!u",	"local.test")
	BAD("<u@local.test@evil.test>")
	BAD("<u@@local.test>")
	OK("<u@[127.0.0.1]>",		"u",	"[127.0.0.1]")
	OK("<u@[IPv6:::1]>",		"u",	"[ipv6:::1]")
	OK("<u@[IPv6:2001:DB8::1]>",	"u",	"[ipv6:2001:db8::1]")
	BAD("<u@[127.0.0.1>")
	BAD("<u@[127.0.0.256]>")
	BAD("<u@[127.0.0]>")
	BAD("<u@[::1]>")
	BAD("<u@[IPv6:127.0.0.1]>")
	BAD("<u@[IPv6:]>")
	BAD("<u@[]>")
	BAD("<u@[")
	BAD("<u@[127.0.0.1]x>")
	BAD("<u@x[127.0.0.1]>")
	BAD("<u@[127.0.0.1 ]>")
	BAD("<u@[x-tag:foo]>")
	/* source routes are skipped, RFC 5321 appendix F.2 */
	OK("<@a.test:u@x.test>",	"u",		"x.test")
	OK("<@a.test,@b.test:u@x.test>", "u",		"x.test")
	OK("<@[192.0.2.1]:u@x.test>",	"u",		"x.test")
	BAD("<@a.test>")
	BAD("<@a.test:>")
	BAD("<@a.test,:u@x.test>")
	BAD("<@a.test,b.test:u@x.test>")
	BAD("<@a.test@b.test:u@x.test>")
	BAD("<@:u@x.test>")
	BAD("<@>")
	BAD("<@x.test")
	/* domains */
	BAD("<a@>")
	BAD("<a@.x>")
	BAD("<a@x.>")
	BAD("<a@x..y>")
	BAD("<a@-x.test>")
	BAD("<a@x-.test>")
	BAD("<a@x.test->")
	OK("<a@x--y.test>",		"a",		"x--y.test")
	OK("<a@1.2.3.4>",		"a",		"1.2.3.4")
	OK("<a@xn--bcher-kva.example>",	"a",		"xn--bcher-kva.example")
	BAD("<a@x_y.test>")
	BAD("<a@x test>")
	BAD("<a@x\ttest>")
	BAD("<a@x.test\r>")
	BAD("<a@x/y>")
	BAD("<a@(x)>")
	/* brackets */
	BAD("a@x.test")
	BAD("<a@x.test")
	BAD("<a@x.test >")
	BAD("< a@x.test>")
	BAD("<a @x.test>")
	BAD("<<a@x.test>>")
	BAD("<(comment)a@x.test>")
	BAD("<a@x.test,b@x.test>")
	BAD("<a:b@x.test>")
	BAD("")
	BAD("<")
	BAD(">")
	/* over 127: UTF-8 in local parts, strictly */
	OK("<\xc3\xa9@x.test>",		"\xc3\xa9",	"x.test")
	OK("<a.\xe4\xb8\xad@x.test>",	"a.\xe4\xb8\xad",	"x.test")
	OK("<\"\xf0\x9f\x92\xa9 \"@x.test>", "\xf0\x9f\x92\xa9 ", "x.test")
	UTF8("<a\xc0\xaf@x.test>")
	UTF8("<\"\xed\xa0\x80\"@x.test>")
	UTF8("<\xc3@x.test>")
	UTF8("<\xc2\x85@x.test>")
	UTF8("<\xef\xbf\xbf@x.test>")
	UTF8("<\xc3")
	BAD("<\xc3\xa9.@x.test>")
	BAD("<\xc3\xa9 @x.test>")
	BAD("<\"\\\xc3\xa9\"@x.test>")
	UTF8("<a@\xc3\xa9.test>")
	UTF8("<a@x.test\xff>")
};
/* clang-format on */

static void
paths(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		/* Of exactly its size, so that sanitizers see the end. */
		char *copy = strdup(rows[i].path);
		const char *s = copy;
		struct address a;
		enum address_result r = address_parse_path(&s, &a);

		if (r != rows[i].result)
			fail_msg("%s: %d", copy, r);
		if (r == ADDRESS_OK) {
			assert_string_equal(a.local, rows[i].local);
			assert_string_equal(a.domain, rows[i].domain);
			assert_string_equal(s, rows[i].rest);
		}
		free(copy);
	}
}

/* Every beginning of every row: an answer, and no read beyond. */
static void
beginnings(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t n = 0; n < strlen(rows[i].path); n++) {
			char *copy = strndup(rows[i].path, n);
			const char *s = copy;
			struct address a;

			(void)address_parse_path(&s, &a);
			(void)address_parse(copy, &a);
			(void)address_domain_valid(copy);
			(void)address_literal_valid(copy);
			free(copy);
		}
}

struct bare {
	const char *text;
	enum address_result result;
};

/* clang-format off */
static const struct bare bares[] = {
	{ "a@x.test",		ADDRESS_OK },
	{ "a",			ADDRESS_OK },
	{ "\"a b\"",		ADDRESS_OK },
	{ "",			ADDRESS_SYNTAX },
	{ "a@",			ADDRESS_SYNTAX },
	{ "@x",			ADDRESS_SYNTAX },
	{ "a@x ",		ADDRESS_SYNTAX },
	{ "a b",		ADDRESS_SYNTAX },
	{ "a@x>",		ADDRESS_SYNTAX },
	{ "<a@x>",		ADDRESS_SYNTAX },
	{ "@r:a@x",		ADDRESS_SYNTAX },
	{ "a@x\n",		ADDRESS_SYNTAX },
	{ "a@x,b@x",		ADDRESS_SYNTAX },
	{ "\xc3\xa9@x",		ADDRESS_OK },
	{ "a@\xc3\xa9",		ADDRESS_UTF8 },
};
/* clang-format on */

static void
without_brackets(void **state)
{
	struct address a;

	(void)state;
	for (size_t i = 0; i < COUNT(bares); i++)
		if (address_parse(bares[i].text, &a) != bares[i].result)
			fail_msg("%s", bares[i].text);
}

/* clang-format off */
static const struct bare wides[] = {
	{ "a@x",		ADDRESS_OK },
	{ "\xc3\xa9@\xc3\xa9",	ADDRESS_OK },
	{ "a@B\xc3\xbc" "cher.example", ADDRESS_OK },
	{ "a@\xc3",		ADDRESS_UTF8 },
	{ "a@\xc0\xaf",	ADDRESS_UTF8 },
	{ "a@[\xc3\xa9]",	ADDRESS_UTF8 },
	{ "a@\xc3\xa9 b",	ADDRESS_SYNTAX },
	{ "a@x..y",		ADDRESS_SYNTAX },
};
/* clang-format on */

/* U-labels, where the caller asks for them. */
static void
wide(void **state)
{
	struct address a;
	char path[100];
	const char *p;

	(void)state;
	for (size_t i = 0; i < COUNT(wides); i++) {
		if (address_parse_wide(wides[i].text, &a) != wides[i].result)
			fail_msg("%s", wides[i].text);
		if (wides[i].result != ADDRESS_OK)
			continue;
		(void)snprintf(path, sizeof(path), "<%s> X", wides[i].text);
		p = path;
		assert_int_equal(address_parse_path_wide(&p, &a), ADDRESS_OK);
		assert_string_equal(p, " X");
		assert_int_equal(address_is_ascii(&a), i == 0);
	}
	assert_true(address_parse_wide(wides[2].text, &a) == ADDRESS_OK);
	assert_string_equal(a.domain,
	    "b\xc3\xbc"
	    "cher.example");
}

/* Bounds count octets, and no character is cut in two. */
static void
wide_bounds(void **state)
{
	char text[200] = "";
	struct address a;

	(void)state;
	for (size_t i = 0; i < LOCAL_MAX; i += 2)
		memcpy(text + i, "\xc3\xa9", 2);
	memcpy(text + LOCAL_MAX, "@x", 3);
	assert_int_equal(address_parse(text, &a), ADDRESS_OK);
	memcpy(text + LOCAL_MAX - 1, "\xc3\xa9@x", 5);
	text[LOCAL_MAX - 2] = 'a';
	assert_int_equal(address_parse(text, &a), ADDRESS_LONG);
}

/* local part of l bytes, then labels of at most 63 to d bytes. */
static enum address_result
sized(size_t l, size_t d)
{
	char s[1000];
	struct address a;
	size_t n = 0;
	const char *p = s;

	s[n++] = '<';
	for (size_t i = 0; i < l; i++)
		s[n++] = 'a';
	s[n++] = '@';
	for (size_t i = 0; i < d; i++)
		s[n++] = i % 64 == 63 && i + 1 < d ? '.' : 'b';
	s[n++] = '>';
	s[n] = '\0';
	return address_parse_path(&p, &a);
}

static void
edges(void **state)
{
	char s[400];

	(void)state;
	assert_int_equal(sized(64, 100), ADDRESS_OK);
	assert_int_equal(sized(65, 100), ADDRESS_LONG);
	/* The path with its brackets has 256 bytes at most. */
	assert_int_equal(sized(1, 252), ADDRESS_OK);
	assert_int_equal(sized(1, 253), ADDRESS_LONG);
	assert_int_equal(sized(64, 189), ADDRESS_OK);
	assert_int_equal(sized(64, 190), ADDRESS_LONG);
	assert_int_equal(sized(1, 256), ADDRESS_LONG);
	/* Labels and domains. */
	memset(s, 'a', sizeof(s));
	s[63] = '\0';
	assert_true(address_domain_valid(s));
	s[63] = 'a';
	s[64] = '\0';
	assert_false(address_domain_valid(s));
	for (size_t i = 0; i < sizeof(s); i++)
		s[i] = i % 2 ? '.' : 'a';
	s[255] = '\0';
	assert_true(address_domain_valid(s));
	s[255] = '.';
	s[257] = '\0';
	assert_false(address_domain_valid(s));
	assert_false(address_domain_valid(""));
}

/* Quoted: each pair counts as the byte it means. */
static void
quoted_edges(void **state)
{
	char s[400];
	const char *p;
	struct address a;

	(void)state;
	for (size_t n = 64; n <= 65; n++) {
		size_t k = 0;

		s[k++] = '<';
		s[k++] = '"';
		for (size_t i = 0; i < n; i++) {
			s[k++] = '\\';
			s[k++] = '"';
		}
		memcpy(s + k, "\"@x>", 5);
		p = s;
		assert_int_equal(address_parse_path(&p, &a),
		    n == 64 ? ADDRESS_OK : ADDRESS_LONG);
	}
}

struct form {
	const char *path, *format, *key;
};

/* clang-format off */
static const struct form forms[] = {
	{ "<>",			"",			"" },
	{ "<A@X.Test>",		"A@x.test",		"a@x.test" },
	{ "<Postmaster>",	"Postmaster",		"postmaster" },
	{ "<\"A\"@x>",		"A@x",			"a@x" },
	{ "<\"A B\"@x>",	"\"A B\"@x",		"\"a b\"@x" },
	{ "<\"a.b\"@x>",	"a.b@x",		"a.b@x" },
	{ "<\"a..b\"@x>",	"\"a..b\"@x",		"\"a..b\"@x" },
	{ "<\".\"@x>",		"\".\"@x",		"\".\"@x" },
	{ "<\"a.\"@x>",		"\"a.\"@x",		"\"a.\"@x" },
	{ "<\"\\\"\"@x>",	"\"\\\"\"@x",		"\"\\\"\"@x" },
	{ "<\"\\\\\"@x>",	"\"\\\\\"@x",		"\"\\\\\"@x" },
	{ "<\"a@b\"@x>",	"\"a@b\"@x",		"\"a@b\"@x" },
	{ "<a@[IPv6:::1]>",	"a@[ipv6:::1]",		"a@[ipv6:::1]" },
};
/* clang-format on */

static void
formats(void **state)
{
	char out[ADDR_MAX + 1];
	struct address a, again;

	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		const char *s = forms[i].path;

		assert_int_equal(address_parse_path(&s, &a), ADDRESS_OK);
		assert_int_equal(
		    address_is_null(&a), forms[i].format[0] == '\0');
		assert_true(address_format(&a, out, sizeof(out)));
		assert_string_equal(out, forms[i].format);
		if (out[0] != '\0') {
			assert_int_equal(
			    address_parse(out, &again), ADDRESS_OK);
			assert_string_equal(again.local, a.local);
			assert_string_equal(again.domain, a.domain);
		}
		assert_true(address_format(&a, out, strlen(out) + 1));
		if (out[0] != '\0')
			assert_false(address_format(&a, out, strlen(out)));
		assert_true(address_key(&a, out, sizeof(out)));
		assert_string_equal(out, forms[i].key);
	}
}

/* The worst local part and the longest domain do not fit, and say so. */
static void
no_fit(void **state)
{
	char out[ADDR_MAX + 1];
	struct address a;

	(void)state;
	memset(&a, 0, sizeof(a));
	memset(a.local, '"', LOCAL_MAX);
	memset(a.domain, 'a', DOMAIN_MAX);
	assert_false(address_format(&a, out, sizeof(out)));
	assert_false(address_key(&a, out, sizeof(out)));
	memset(a.local, 'a', LOCAL_MAX);
	assert_true(address_format(&a, out, sizeof(out)));
	assert_int_equal(strlen(out), ADDR_MAX);
}

/* 65 536 bytes of anything: linear, without recursion. */
static void
hostile(void **state)
{
	static const char *const patterns[] = { "(", "<", "\"", "\\", "\"\\",
		"@a,", "@a:", "a.", "\"a\".", "[", "a@", ",", ":" };
	static char s[65536];
	clock_t begin = clock();
	struct address a;

	(void)state;
	for (size_t i = 0; i < COUNT(patterns); i++) {
		size_t n = strlen(patterns[i]);
		const char *p = s;

		for (size_t k = 0; k < sizeof(s) - 1; k++)
			s[k] = patterns[i][k % n];
		assert_int_not_equal(address_parse(s, &a), ADDRESS_OK);
		s[0] = '<';
		assert_int_not_equal(address_parse_path(&p, &a), ADDRESS_OK);
		assert_false(address_domain_valid(s));
		assert_false(address_literal_valid(s));
	}
	assert_true(clock() - begin < CLOCKS_PER_SEC / 2);
}

/* The shortest of them, and none of a literal. */
static void
parents(void **state)
{
	const char *p[ADDRESS_PARENTS];

	(void)state;
	assert_int_equal(address_parents("org", p), 0);
	assert_int_equal(address_parents("[192.0.2.1]", p), 0);
	assert_int_equal(address_parents("mx.example.org", p), 2);
	assert_string_equal(p[0], ".example.org");
	assert_string_equal(p[1], ".org");
	assert_int_equal(address_parents("b.a.9.8.7.6.5.4.3.2.1", p), 8);
	assert_string_equal(p[0], ".8.7.6.5.4.3.2.1");
	assert_string_equal(p[7], ".1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parents),
		cmocka_unit_test(paths),
		cmocka_unit_test(beginnings),
		cmocka_unit_test(without_brackets),
		cmocka_unit_test(wide),
		cmocka_unit_test(wide_bounds),
		cmocka_unit_test(edges),
		cmocka_unit_test(quoted_edges),
		cmocka_unit_test(formats),
		cmocka_unit_test(no_fit),
		cmocka_unit_test(hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
