/*
 * t_utf8: what is a character and what is not.
 */
#include "common/utf8.h"
#include "tests/unit/unit.h"

/* clang-format off */
static const struct {
	const char	*s;
	size_t		 n;
	uint32_t	 c;
} rows[] = {
	{ "a",			1, 'a' },
	{ "~b",			1, '~' },
	{ "\xc2\xa0",		2, 0xa0 },
	{ "\xdf\xbf",		2, 0x7ff },
	{ "\xe0\xa0\x80",	3, 0x800 },
	{ "\xed\x9f\xbf",	3, 0xd7ff },
	{ "\xee\x80\x80",	3, 0xe000 },
	{ "\xef\xbf\xbd",	3, 0xfffd },
	{ "\xf0\x90\x80\x80",	4, 0x10000 },
	{ "\xf4\x8f\xbf\xbd",	4, 0x10fffd },
	/* controls */
	{ "",			0, 0 },
	{ "\x1f",		0, 0 },
	{ "\x7f",		0, 0 },
	{ "\xc2\x80",		0, 0 },
	{ "\xc2\x9f",		0, 0 },
	{ "\xe2\x80\xa8",	0, 0 },
	{ "\xe2\x80\xa9",	0, 0 },
	/* overlong */
	{ "\xc0\xaf",		0, 0 },
	{ "\xc1\xbf",		0, 0 },
	{ "\xe0\x9f\xbf",	0, 0 },
	{ "\xf0\x8f\xbf\xbf",	0, 0 },
	/* surrogates, noncharacters, too big */
	{ "\xed\xa0\x80",	0, 0 },
	{ "\xed\xbf\xbf",	0, 0 },
	{ "\xef\xb7\x90",	0, 0 },
	{ "\xef\xb7\xaf",	0, 0 },
	{ "\xef\xbf\xbe",	0, 0 },
	{ "\xf0\x9f\xbf\xbf",	0, 0 },
	{ "\xf4\x8f\xbf\xbf",	0, 0 },
	{ "\xf4\x90\x80\x80",	0, 0 },
	{ "\xf5\x80\x80\x80",	0, 0 },
	{ "\xff",		0, 0 },
	/* cut short, or out of place */
	{ "\x80",		0, 0 },
	{ "\xc3",		0, 0 },
	{ "\xc3" "a",		0, 0 },
	{ "\xe0\xa0",		0, 0 },
	{ "\xf0\x90\x80",	0, 0 },
};
/* clang-format on */

static void
characters(void **state)
{
	uint32_t c;
	char *copy;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		copy = strdup(rows[i].s);
		c = 0;
		if (utf8_char(copy, &c) != rows[i].n || c != rows[i].c)
			fail_msg("row %zu", i);
		assert_int_equal(utf8_char(copy, NULL), rows[i].n);
		free(copy);
	}
}

static void
strings(void **state)
{
	(void)state;
	assert_true(utf8_valid(""));
	assert_true(utf8_valid("a\xc3\xa9z"));
	assert_false(utf8_valid("a\xc3"));
	assert_false(utf8_valid("a\n"));
	assert_false(utf8_needed("a~\x7f"));
	assert_true(utf8_needed("a\x80"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(characters),
		cmocka_unit_test(strings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
