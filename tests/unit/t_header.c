/*
 * t_header: fields of a header, and fields that are made.
 */
#include "tests/unit/unit.h"

#include <time.h>

#include <bsd/string.h>

#include "common/base64.h"
#include "common/header.h"
#include "queue/header_make.h"

/* clang-format off */
static const struct {
	const char *line;
	bool is_field;
} lines[] = {
	{ "Subject: x",		true },
	{ "X:",			true },
	{ "X-a_b.c!: y",	true },
	{ "Subject : x",	true },
	{ "Subject\t: x",	true },
	{ "",			false },
	{ ":",			false },
	{ ": x",		false },
	{ "hello",		false },
	{ "hello world: x",	false },
	{ " folded: x",		false },
	{ "J\xc3\xb6rg: x",	false },
	{ "a\x01: x",		false },
	{ "http://x",		true },
};
/* clang-format on */

static void
knows_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++)
		assert_int_equal(
		    header_is_field(lines[i].line, strlen(lines[i].line)),
		    lines[i].is_field);
}

static void
walks_fields(void **state)
{
	static const char header[] = "From: a@x\n"
				     "To: b@y,\n\tc@z\n  , d@w\n"
				     "Empty:\n"
				     "Subject : last";
	static const struct {
		const char *name, *value;
	} fields[] = {
		{ "from", " a@x" },
		{ "TO", " b@y,\n\tc@z\n  , d@w" },
		{ "Empty", "" },
		{ "Subject", " last" },
	};
	const char *p = header, *end = header + strlen(header);
	struct header_field f;
	size_t n = 0, bytes = 0;

	(void)state;
	for (; header_next(&p, end, &f); n++) {
		assert_true(n < COUNT(fields));
		assert_true(header_named(&f, fields[n].name));
		assert_false(header_named(&f, "Fro"));
		assert_int_equal(f.value_len, strlen(fields[n].value));
		assert_memory_equal(f.value, fields[n].value, f.value_len);
		assert_ptr_equal(f.start, header + bytes);
		bytes += f.len;
	}
	assert_int_equal(n, COUNT(fields));
	assert_int_equal(bytes, strlen(header));
}

/* clang-format off */
static const struct {
	const char *name, *phrase;
} phrases[] = {
	{ "Alice",		"Alice" },
	{ "Alice Example",	"Alice Example" },
	{ "Cron Daemon",	"Cron Daemon" },
	{ "Alice B. Example",	"\"Alice B. Example\"" },
	{ "Example, Alice",	"\"Example, Alice\"" },
	{ "a\"b\\c",		"\"a\\\"b\\\\c\"" },
	{ "x <y@z>",		"\"x <y@z>\"" },
	{ " lead",		"\" lead\"" },
	{ "tab\there",		"\"tab here\"" },
	{ "J\xc3\xb6rg",	"=?UTF-8?B?SsO2cmc=?=" },
};
/* clang-format on */

static void
makes_phrases(void **state)
{
	struct sbuf b = SBUF_INIT(2000);

	(void)state;
	for (size_t i = 0; i < COUNT(phrases); i++) {
		sbuf_clear(&b);
		header_put_phrase(&b, phrases[i].name);
		assert_string_equal(sbuf_str(&b), phrases[i].phrase);
	}
	sbuf_free(&b);
}

/* RFC 2047 section 2: 75 characters; section 5: whole characters only. */
static void
cuts_words_between_characters(void **state)
{
	struct sbuf b = SBUF_INIT(4000);
	const char *word, *end;
	unsigned char text[100];
	char name[400] = "", code[200];
	size_t n, total = 0;

	(void)state;
	for (int i = 0; i < 60; i++)
		(void)strlcat(
		    name, i % 7 == 0 ? "x" : "\xe2\x82\xac", sizeof(name));
	header_put_phrase(&b, name);
	for (word = sbuf_str(&b); (word = strstr(word, "=?UTF-8?B?")) != NULL;
	     word = end + 2) {
		end = strstr(word + 10, "?=");
		assert_non_null(end);
		assert_true(end + 2 - word <= 75);
		(void)snprintf(code, sizeof(code), "%.*s",
		    (int)(end - word - 10), word + 10);
		assert_true(base64_decode(code, text, sizeof(text), &n));
		assert_true((text[0] & 0xc0) != 0x80);
		total += n;
	}
	assert_true(total > 150 && total <= strlen(name));
	sbuf_free(&b);
}

static void
makes_dates(void **state)
{
	static const struct {
		time_t when;
		const char *zone, *date;
	} cases[] = {
		{ 0, "UTC0", "Date: Thu, 1 Jan 1970 00:00:00 +0000\n" },
		{ 1078009445, "CET-1",
		    "Date: Sun, 29 Feb 2004 00:04:05 +0100\n" },
		{ 2147483648, "XXX3:30",
		    "Date: Mon, 18 Jan 2038 23:44:08 -0330\n" },
	};
	struct sbuf b = SBUF_INIT(200);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(setenv("TZ", cases[i].zone, 1), 0);
		tzset();
		sbuf_clear(&b);
		header_put_date(&b, cases[i].when);
		assert_string_equal(sbuf_str(&b), cases[i].date);
	}
	sbuf_free(&b);
}

static void
makes_message_ids(void **state)
{
	struct sbuf a = SBUF_INIT(200), b = SBUF_INIT(200);

	(void)state;
	header_put_message_id(&a, 0x1234, "mx.example.org");
	header_put_message_id(&b, 0x1234, "mx.example.org");
	assert_string_not_equal(sbuf_str(&a), sbuf_str(&b));
	assert_memory_equal(sbuf_str(&a), "Message-ID: <1234.", 18);
	assert_string_equal(strchr(sbuf_str(&a), '@'), "@mx.example.org>\n");
	sbuf_free(&a);
	sbuf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_fields),
		cmocka_unit_test(walks_fields),
		cmocka_unit_test(makes_phrases),
		cmocka_unit_test(cuts_words_between_characters),
		cmocka_unit_test(makes_dates),
		cmocka_unit_test(makes_message_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
