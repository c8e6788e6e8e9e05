/*
 * t_room: the reserve of disk space, and how often the disk is asked.
 * wrap: spool_free_space
 */
#include "tests/unit/unit.h"

#include <errno.h>

#include "queue/room.h"

static uint64_t bytes, files;
static bool answers;
static int asked;

bool __wrap_spool_free_space(struct spool *, uint64_t *, uint64_t *);

bool
__wrap_spool_free_space(struct spool *s, uint64_t *b, uint64_t *f)
{
	(void)s;
	asked++;
	*b = bytes;
	*f = files;
	errno = EIO;
	return answers;
}

static void
arithmetic(void **state)
{
	static const struct {
		uint64_t bytes, files, reserve, size;
		bool want;
	} cases[] = {
		{ 100, 100, 100, 0, true },
		{ 99, 100, 100, 0, false },
		{ 150, 100, 100, 50, true },
		{ 149, 100, 100, 50, false },
		{ UINT64_MAX, 100, 1, UINT64_MAX, false }, /* no wrap */
		{ 100, 15, 0, 0, false },
		{ 100, 16, 0, 0, true },
		{ 0, UINT64_MAX, 0, 0, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(room_enough(cases[i].bytes, cases[i].files,
				     cases[i].reserve, cases[i].size),
		    cases[i].want);
}

static enum outcome
check(struct room *r, int64_t now, const char *dsn)
{
	struct diag d = DIAG_INIT;

	(void)room_check(r, NULL, 0, now, &d);
	assert_string_equal(d.dsn, dsn);
	return d.outcome;
}

static void
looks(void **state)
{
	struct room r = { .reserve = 1000 };

	(void)state;
	bytes = 2000;
	files = 100;
	answers = true;
	assert_int_equal(check(&r, 5, "2.0.0"), OUT_OK);
	bytes = 999;
	assert_int_equal(check(&r, 500, "2.0.0"), OUT_OK); /* remembered */
	assert_int_equal(asked, 1);
	assert_int_equal(check(&r, 1005, "4.3.1"), OUT_TEMP);
	assert_int_equal(asked, 2);
	/* It recovers by itself, and a disk that fails is asked each time. */
	answers = false;
	assert_int_equal(check(&r, 2005, "4.3.0"), OUT_TEMP);
	assert_int_equal(check(&r, 2006, "4.3.0"), OUT_TEMP);
	answers = true;
	bytes = 1000;
	assert_int_equal(check(&r, 2007, "2.0.0"), OUT_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arithmetic),
		cmocka_unit_test(looks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
