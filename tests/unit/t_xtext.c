/*
 * t_xtext: decoding, and everything that must not be decoded.
 */
#include "tests/unit/unit.h"

#include "smtpd/xtext.h"

struct row {
	const char *in, *out; /* NULL: refused */
};

static const struct row rows[] = {
	{ "abc", "abc" },
	{ "a+2Bb", "a+b" },
	{ "a+3Db", "a=b" },
	{ "+41+42", "AB" },
	{ "a+20b", "a b" },
	{ "~!", "~!" },
	{ "", NULL },
	{ "a=b", NULL },
	{ "a b", NULL },
	{ "+", NULL },
	{ "+4", NULL },
	{ "a+4", NULL },
	{ "+4g", NULL },
	{ "+2b", NULL },
	{ "+b2", NULL },
	{ "+00", NULL },
	{ "+0A", NULL },
	{ "+0D", NULL },
	{ "+1B", NULL },
	{ "+7F", NULL },
	{ "+80", NULL },
	{ "a\x80", NULL },
	{ "a\tb", NULL },
};

static void
table(void **state)
{
	char out[64];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = strlen(rows[i].in);

		assert_int_equal(
		    xtext_decode(rows[i].in, n, out), rows[i].out != NULL);
		if (rows[i].out != NULL)
			assert_string_equal(out, rows[i].out);
	}
}

/* Never reads behind n, where more digits lie. */
static void
stops_at_n(void **state)
{
	char out[8];

	(void)state;
	assert_true(xtext_decode("ab+41", 2, out));
	assert_string_equal(out, "ab");
	assert_false(xtext_decode("ab+41", 3, out));
	assert_false(xtext_decode("ab+41", 4, out));
	assert_true(xtext_decode("ab+41", 5, out));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(stops_at_n),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
