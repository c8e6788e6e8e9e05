/*
 * t_text: strings that become part of a line.
 */
#include "tests/unit/unit.h"

#include "common/text.h"

/* clang-format off */
static const struct {
	const char *s;
	bool any, but_tab;
} rows[] = {
	{ "",			false,	false },
	{ " a~",		false,	false },
	{ "caf\xc3\xa9\xff\x80",	false,	false },
	{ "a\tb",		true,	false },
	{ "\t",			true,	false },
	{ "a\nb",		true,	true },
	{ "a\r",		true,	true },
	{ "\x01",		true,	true },
	{ "\x1f",		true,	true },
	{ "a\x7f",		true,	true },
	{ "a\tb\n",		true,	true },
};
/* clang-format on */

static void
table(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (text_has_control(rows[i].s) != rows[i].any ||
		    text_has_control_but_tab(rows[i].s) != rows[i].but_tab)
			fail_msg("row %zu", i);
}

static void
each_byte(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++)
		assert_int_equal(text_is_control((char)c), c < 32 || c == 127);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(each_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
