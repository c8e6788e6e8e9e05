/*
 * t_maildirsize_share: how full a mailbox is, and a count that may take no time.
 */
#include "tests/unit/unit.h"

#include <errno.h>

#include "common/maildirsize.h"

#define SIZE "m/maildirsize"

static void
message(int i)
{
	char name[40];

	(void)snprintf(name, sizeof(name), "m/new/%d,S=1", i);
	unit_file(name, "x", 1);
}

/* A few files are counted at once, and what the file says needs no time. */
static void
in_no_time(void **state)
{
	static const char *const dirs[] = { "m", "m/tmp", "m/new", "m/cur" };
	const struct maildir_wish wish = { { 1000, 0 }, { 1, 1 } };
	struct maildir_use use;
	bool written;
	int dir;

	(void)state;
	for (size_t i = 0; i < COUNT(dirs); i++)
		assert_int_equal(mkdir(unit_path(dirs[i]), 0700), 0);
	dir = open(unit_path("m"), O_PATH | O_DIRECTORY);
	assert_int_not_equal(dir, -1);
	message(0);
	assert_true(
	    maildirsize_use(dir, &wish, deadline_now(), &use, &written));
	assert_int_equal(use.messages, 1);
	for (int i = 1; i < 100; i++)
		message(i);
	assert_true(
	    maildirsize_use(dir, &wish, deadline_now(), &use, &written));
	assert_int_equal(use.messages, 1);
	assert_int_equal(unlink(unit_path(SIZE)), 0);
	assert_false(
	    maildirsize_use(dir, &wish, deadline_now(), &use, &written));
	assert_int_equal(errno, ETIMEDOUT);
	assert_int_equal(access(unit_path(SIZE), F_OK), -1);
	assert_true(
	    maildirsize_use(dir, &wish, deadline_in(60), &use, &written));
	assert_int_equal(use.messages, 100);
	assert_int_equal(close(dir), 0);
}

/* clang-format off */
static const struct {
	struct maildir_use quota, use;
	int64_t percent;
} shares[] = {
	{ { 1000, 0 },	{ 899, 1 },	89 },
	{ { 1000, 0 },	{ 900, 1 },	90 },
	{ { 1001, 0 },	{ 900, 1 },	89 },
	{ { 1001, 0 },	{ 901, 1 },	90 },
	{ { 1000, 0 },	{ 5000, 1 },	500 },
	{ { 0, 3 },	{ 5000, 2 },	66 },
	{ { 10000, 3 },	{ 1, 3 },	100 },
	{ { 10000, 3 },	{ 9999, 0 },	99 },
	{ { 0, 0 },	{ 1, 3 },	-1 },
	{ { 1, 0 },	{ 0, 0 },	0 },
	{ { INT64_MAX, 0 }, { INT64_MAX / 100 * 99, 0 }, 98 },
	{ { INT64_MAX, 0 }, { INT64_MAX, 0 }, 100 },
	{ { 1, 0 },	{ INT64_MAX, 0 }, INT64_MAX },
	{ { 100, 0 },	{ INT64_MAX, 0 }, INT64_MAX },
};
/* clang-format on */

static void
percents(void **state)
{
	int64_t p;

	(void)state;
	for (size_t i = 0; i < COUNT(shares); i++) {
		p = maildirsize_percent(&shares[i].quota, &shares[i].use);
		if (p != shares[i].percent ||
		    maildirsize_limited(&shares[i].quota) != (p >= 0))
			fail_msg("row %zu: %jd", i, (intmax_t)p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_no_time),
		cmocka_unit_test(percents),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
