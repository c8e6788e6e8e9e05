/*
 * t_num: text into numbers.
 */
#include "tests/unit/unit.h"

#include "common/num.h"

struct row {
	const char *text;
	uint64_t max;
	bool good;
	uint64_t value;
};

/* clang-format off */
static const struct row rows[] = {
	{ "0",		9,		true,	0 },
	{ "007",	9,		true,	7 },
	{ "9",		9,		true,	9 },
	{ "10",		9,		false,	0 },
	{ "4294967296",	UINT32_MAX,	false,	0 },
	{ "4294967295",	UINT32_MAX,	true,	4294967295 },
	{ "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
	{ "18446744073709551616", UINT64_MAX, false, 0 },
	{ "18446744073709551617", UINT64_MAX, false, 0 },	/* not 1 */
	{ "184467440737095516150", UINT64_MAX, false, 0 },
	{ "99999999999999999999999999999999999999", UINT64_MAX, false, 0 },
	{ "",		9,		false,	0 },
	{ "-1",		9,		false,	0 },
	{ "+1",		9,		false,	0 },
	{ " 1",		9,		false,	0 },
	{ "1 ",		9,		false,	0 },
	{ "1x",		9,		false,	0 },
	{ "0x1",	9,		false,	0 },
	{ "1.0",	9,		false,	0 },
	{ "1e1",	99,		false,	0 },
	{ "\xd9\xa1",	9,		false,	0 },	/* a digit elsewhere */
};

static const struct {
	const char *text;
	size_t n;
	bool good;
	uint64_t value;
} hexes[] = {
	{ "0",		1,	true,	0 },
	{ "fF",		2,	true,	255 },
	{ "ff",		1,	true,	15 },
	{ "0123456789abcdef", 16, true, 0x0123456789abcdef },
	{ "ffffffffffffffff", 16, true, UINT64_MAX },
	{ "00000000000000000", 17, false, 0 },
	{ "",		0,	false,	0 },
	{ "f",		2,	false,	0 },	/* ends before */
	{ "fg",		2,	false,	0 },
	{ " f",		2,	false,	0 },
	{ "-f",		2,	false,	0 },
	{ "0x",		2,	false,	0 },
};
/* clang-format on */

static void
decimal(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t v = 12345;

		if (num_parse(rows[i].text, rows[i].max, &v) != rows[i].good)
			fail_msg("\"%s\"", rows[i].text);
		assert_true(v == (rows[i].good ? rows[i].value : 12345));
	}
}

static void
hexadecimal(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(hexes); i++) {
		uint64_t v = 12345;

		if (num_parse_hex(hexes[i].text, hexes[i].n, &v) !=
		    hexes[i].good)
			fail_msg("\"%s\"", hexes[i].text);
		assert_true(v == (hexes[i].good ? hexes[i].value : 12345));
	}
}

/* As many digits as are asked for, and nothing else is touched. */
static void
back(void **state)
{
	static const struct {
		size_t n;
		uint64_t value;
		const char *decimal, *hex;
	} cases[] = {
		{ 0, 7, "", "" },
		{ 1, 7, "7", "7" },
		{ 5, 0, "00000", "00000" },
		{ 5, 90210, "90210", "16062" },
		{ 3, 90210, "210", "062" },
		{ 20, UINT64_MAX, "18446744073709551615",
		    "0000ffffffffffffffff" },
	};
	char out[24];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		memset(out, 0, sizeof(out));
		num_put(out, cases[i].n, cases[i].value);
		assert_string_equal(out, cases[i].decimal);
		memset(out, 0, sizeof(out));
		num_put_hex(out, cases[i].n, cases[i].value);
		assert_string_equal(out, cases[i].hex);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(back),
		cmocka_unit_test(decimal),
		cmocka_unit_test(hexadecimal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
