/*
 * t_header_make: names, dates and ids for messages that lack them.
 */
#include "tests/unit/unit.h"

#include <time.h>

#include "common/base64.h"
#include "queue/header_make.h"

static struct sbuf made = SBUF_INIT(4096);

static const char *
phrase(const char *name)
{
	sbuf_clear(&made);
	header_put_phrase(&made, name);
	assert_true(sbuf_ok(&made));
	return sbuf_str(&made);
}

static void
phrases(void **state)
{
	static const struct {
		const char *name, *phrase;
	} cases[] = {
		{ "Alice", "Alice" },
		{ "Alice Lee", "Alice Lee" },
		{ "o'neil+x=1", "o'neil+x=1" },
		{ "Alice B. Lee", "\"Alice B. Lee\"" },
		{ "Lee, Alice", "\"Lee, Alice\"" },
		{ "a <b@c>", "\"a <b@c>\"" },
		{ "", "\"\"" },
		{ " Alice", "\" Alice\"" },
		{ "Alice ", "\"Alice \"" },
		{ "A \"B\" \\C", "\"A \\\"B\\\" \\\\C\"" },
		/* Nothing that ends the field, or begins another. */
		{ "a\nBcc: b", "\"a Bcc: b\"" },
		{ "a\tb\r", "\"a b \"" },
		{ "J\xc3\xb6rg", "=?UTF-8?B?SsO2cmc=?=" },
		{ "\xc3\xb6\n", "=?UTF-8?B?w7YK?=" },
		{ "a\x7f", "=?UTF-8?B?YX8=?=" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(phrase(cases[i].name), cases[i].phrase);
}

/* 200 bytes at most. */
static void
cut(void **state)
{
	char name[400];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[200] = '\0';
	assert_string_equal(phrase(name), name);
	name[200] = '.';
	name[399] = '\0';
	assert_int_equal(strlen(phrase(name)), 200); /* seen no more */
	name[200] = 'y';
	assert_int_equal(strlen(phrase(name)), 200);
	assert_null(strchr(sbuf_str(&made), 'y'));
}

/* Each word is short enough and holds whole characters (RFC 2047). */
static void
words(void **state)
{
	char name[300] = "x", back[300] = "";
	unsigned char bytes[80];
	char *word, *p;
	size_t n, used = 0;

	(void)state;
	for (size_t i = 1; i < 280; i += 2)
		memcpy(name + i, "\xc3\xa9", 3);
	(void)phrase(name);
	assert_true(sbuf_ok(&made));
	for (word = made.s; word != NULL; word = p) {
		if ((p = strchr(word, ' ')) != NULL)
			*p++ = '\0';
		n = strlen(word);
		assert_true(n <= 75 && n > 12);
		assert_memory_equal(word, "=?UTF-8?B?", 10);
		assert_string_equal(word + n - 2, "?=");
		word[n - 2] = '\0';
		assert_true(base64_decode(word + 10, bytes, sizeof(bytes), &n));
		assert_int_not_equal(bytes[0] & 0xc0, 0x80);
		memcpy(back + used, bytes, n);
		used += n;
	}
	assert_int_equal(used, 199);
	assert_memory_equal(back, name, used);
}

static void
date(void **state)
{
	static const struct {
		const char *zone, *date;
	} cases[] = {
		{ "UTC0", "Date: Sun, 22 Nov 2026 05:17:57 +0000\n" },
		{ "EST-5:30", "Date: Sun, 22 Nov 2026 10:47:57 +0530\n" },
		{ "WST8", "Date: Sat, 21 Nov 2026 21:17:57 -0800\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(setenv("TZ", cases[i].zone, 1), 0);
		tzset();
		sbuf_clear(&made);
		header_put_date(&made, 1795324677);
		assert_string_equal(sbuf_str(&made), cases[i].date);
	}
}

static void
message_id(void **state)
{
	char first[200];
	size_t n;

	(void)state;
	sbuf_clear(&made);
	header_put_message_id(&made, 1795324677, "mail.example.org");
	n = made.len;
	assert_true(sbuf_ok(&made) && n < sizeof(first));
	memcpy(first, sbuf_str(&made), n + 1);
	assert_memory_equal(first, "Message-ID: <", 13);
	assert_string_equal(strchr(first, '@'), "@mail.example.org>\n");
	assert_int_equal(strcspn(first + 13, " \t<@"),
	    (size_t)(strchr(first, '@') - first) - 13);
	sbuf_clear(&made);
	header_put_message_id(&made, 1795324677, "mail.example.org");
	assert_string_not_equal(sbuf_str(&made), first);
}

static int
teardown(void **state)
{
	(void)state;
	sbuf_free(&made);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(phrases),
		cmocka_unit_test(cut),
		cmocka_unit_test(words),
		cmocka_unit_test(date),
		cmocka_unit_test(message_id),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
