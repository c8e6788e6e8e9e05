/*
 * t_lines: lines at every place of a block, and as many as a lane can hold and
 * more, against counting them one by one.
 */
#include "tests/unit/unit.h"

#include "common/lines.h"

#define SIZE (600 * 16) /* more than twice what a lane can hold */

static uint64_t
count(const char *s, size_t n)
{
	uint64_t lines = 0;

	for (size_t i = 0; i < n; i++)
		lines += s[i] == '\n';
	return lines;
}

/* One LF, or one byte that is none, at any place of any length. */
static void
places(void **state)
{
	char s[70] = { 0 };

	(void)state;
	assert_int_equal(lines_count(s, 0), 0);
	for (size_t n = 1; n < sizeof(s); n++)
		for (size_t at = 0; at < n; at++) {
			memset(s, 'x', sizeof(s));
			s[at] = '\n';
			assert_int_equal(lines_count(s, n), 1);
			assert_int_equal(lines_count(s, at), 0);
			memset(s, '\n', sizeof(s));
			s[at] = '\r';
			assert_int_equal(lines_count(s, n), n - 1);
		}
}

static void
other_bytes(void **state)
{
	char s[256];

	(void)state;
	for (size_t i = 0; i < sizeof(s); i++)
		s[i] = (char)i;
	assert_int_equal(lines_count(s, sizeof(s)), 1);
}

static void
many(void **state)
{
	static char s[SIZE];
	uint32_t seed = 1;

	(void)state;
	memset(s, '\n', sizeof(s));
	for (size_t n = 0; n < SIZE; n += 13)
		assert_int_equal(lines_count(s, n), n);
	for (size_t i = 0; i < SIZE; i++) {
		seed = seed * 1664525 + 1013904223;
		if (seed >> 28 > 3)
			s[i] = 'x';
	}
	for (size_t from = 0; from < 20; from++)
		assert_int_equal(lines_count(s + from, SIZE - from),
		    count(s + from, SIZE - from));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places),
		cmocka_unit_test(other_bytes),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
