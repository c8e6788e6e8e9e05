/*
 * t_utc: dates, compared with gmtime(3).
 */
#include "tests/unit/unit.h"

#include <time.h>

#include "common/utc.h"

static void
compare(int64_t t)
{
	time_t tt = t;
	struct tm tm;
	struct utc u;

	assert_non_null(gmtime_r(&tt, &tm));
	utc_of(t, &u);
	assert_int_equal(u.year, tm.tm_year + 1900);
	assert_int_equal(u.month, tm.tm_mon + 1);
	assert_int_equal(u.day, tm.tm_mday);
	assert_int_equal(u.weekday, tm.tm_wday);
	assert_int_equal(u.hour, tm.tm_hour);
	assert_int_equal(u.minute, tm.tm_min);
	assert_int_equal(u.second, tm.tm_sec);
}

/* clang-format off */
static const int64_t times[] = {
	0, -1, 1, 86399, 86400, -86400, -86401,
	951782399, 951782400, 951868800,	/* around 29 February 2000 */
	1709164799, 1709164800, 1709251200,	/* the same of 2024 */
	1735689599, 1735689600,			/* new year */
	2147483647, 2147483648, 4294967296,	/* where narrow counters end */
	-2147483648, -62135596800, 253402300799, /* years 1 and 9999 */
};
/* clang-format on */

static void
edges(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(times); i++)
		compare(times[i]);
}

static void
every_day_of_four_centuries(void **state)
{
	(void)state;
	for (int64_t day = -10; day < 146097; day++)
		compare(day * 86400 + 3661);
}

static void
dates(void **state)
{
	static const struct {
		int64_t t;
		int minutes;
		const char *text;
	} cases[] = {
		{ 0, 0, "Thu, 1 Jan 1970 00:00:00 +0000" },
		{ 1795324677, 0, "Sun, 22 Nov 2026 05:17:57 +0000" },
		{ 1795324677, 60, "Sun, 22 Nov 2026 06:17:57 +0100" },
		{ 1795324677, -330, "Sat, 21 Nov 2026 23:47:57 -0530" },
		{ -62135596800, 0, "Mon, 1 Jan 0001 00:00:00 +0000" },
	};
	char out[UTC_DATE];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		utc_date(cases[i].t, cases[i].minutes, out);
		assert_string_equal(out, cases[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates),
		cmocka_unit_test(edges),
		cmocka_unit_test(every_day_of_four_centuries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
