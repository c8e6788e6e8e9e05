/*
 * t_copies: how often and how widely a message is made anew.
 */
#include "tests/unit/unit.h"

#include "common/msg_intake.h"
#include "queue/copies.h"

/* Times that one message may be passed on by users who lead to n each. */
static size_t
depth(size_t n, bool by_user)
{
	struct diag d = DIAG_INIT;
	uint32_t flags = INTAKE_8BIT | INTAKE_UTF8;
	size_t times = 0;

	while (copies_count(&flags, by_user, n, &d)) {
		assert_int_equal(flags & 0xffff, INTAKE_8BIT | INTAKE_UTF8);
		times++;
		assert_int_equal(
		    (flags & INTAKE_COPIES) >> INTAKE_COPIES_SHIFT, times);
	}
	assert_string_equal(d.dsn, "5.4.6");
	return times;
}

/* clang-format off */
static const struct {
	size_t n;	/* of each message, that may be made anew */
	bool by_user;
	size_t depth;
} rows[] = {
	{ 0,	false,	20 },
	{ 0,	true,	20 },
	{ 1,	false,	20 },
	{ 1,	true,	20 },
	{ 10,	true,	2 },
	{ 22,	true,	1 },
	{ 30,	true,	1 },
	{ 100,	true,	1 },
	{ 500,	true,	1 },
	{ 501,	true,	0 },
	/* a list of 10000 whose members are users here */
	{ 10000, false,	1 },
	{ 200,	false,	2 },
	{ 50000, false,	1 },
};
/* clang-format on */

static void
depths(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (depth(rows[i].n, rows[i].by_user) != rows[i].depth)
			fail_msg("%zu: %zu", rows[i].n,
			    depth(rows[i].n, rows[i].by_user));
}

/* All that comes of one message, by users of whom each leads to n. */
static size_t
total(uint32_t flags, size_t n)
{
	struct diag d = DIAG_INIT;
	size_t sum = n;

	if (!copies_count(&flags, true, n, &d))
		return 0;
	for (size_t i = 0; i < n; i++)
		sum += total(flags, n);
	return sum;
}

static void
bounded(void **state)
{
	(void)state;
	for (size_t n = 2; n < 600; n++)
		if (total(0, n) > COPIES_USER)
			fail_msg("%zu: %zu", n, total(0, n));
	assert_true(total(0, 2) > 200);
}

/* A list of 10000 users here, each of whom passes mail on in five steps. */
static void
legitimate(void **state)
{
	struct diag d = DIAG_INIT;
	uint32_t flags = 0, list;

	(void)state;
	assert_true(copies_count(&flags, false, 10000, &d));
	for (int i = 0; i < 5; i++)
		assert_true(copies_count(&flags, true, 1, &d));
	/* Lists that include lists, and then a user with a team. */
	list = 0;
	for (int i = 0; i < 3; i++)
		assert_true(copies_count(&list, false, 10, &d));
	assert_true(copies_count(&list, true, 30, &d));
	assert_true(copies_count(&list, true, 0, &d));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(depths),
		cmocka_unit_test(bounded),
		cmocka_unit_test(legitimate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
