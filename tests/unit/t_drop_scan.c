/*
 * t_drop_scan: which files of drop/ are next, when there are many.
 */
#include "tests/unit/unit.h"

#include "common/drop_scan.h"

static struct drop_scan scan;

static void
add(unsigned int n, uid_t uid)
{
	const struct stat st = { .st_uid = uid };
	char name[DROP_NAME + 1];

	(void)snprintf(name, sizeof(name), "%020u.msg", n);
	drop_scan_add(&scan, name, &st);
}

static bool
any(uid_t uid, void *arg)
{
	(void)uid;
	(void)arg;
	return true;
}

static bool
but(uid_t uid, void *arg)
{
	return uid != *(uid_t *)arg;
}

static size_t
count_of(uid_t uid)
{
	size_t n = 0;

	for (size_t i = 0; i < scan.count; i++)
		n += scan.found[i].uid == uid;
	return n;
}

static void
the_first_is_next(void **state)
{
	struct drop_found f;
	uid_t one = 1;

	(void)state;
	drop_scan_clear(&scan);
	add(7, 1);
	add(3, 1);
	add(5, 2);
	assert_true(drop_scan_has(&scan, "00000000000000000005.msg"));
	assert_true(drop_scan_take(&scan, but, &one, &f));
	assert_string_equal(f.name, "00000000000000000005.msg");
	assert_int_equal(f.uid, 2);
	assert_false(drop_scan_has(&scan, f.name));
	assert_false(drop_scan_take(&scan, but, &one, &f));
	assert_true(drop_scan_take(&scan, any, NULL, &f));
	assert_string_equal(f.name, "00000000000000000003.msg");
	assert_true(drop_scan_take(&scan, any, NULL, &f));
	assert_string_equal(f.name, "00000000000000000007.msg");
	assert_false(drop_scan_take(&scan, any, NULL, &f));
	assert_false(scan.more);
}

static void
nobody_is_crowded_out(void **state)
{
	(void)state;
	drop_scan_clear(&scan);
	for (unsigned int i = 0; i < 50000; i++)
		add(i, 1);
	assert_int_equal(scan.count, DROP_SCAN_MOST);
	assert_true(scan.more);
	for (unsigned int i = 0; i < 20; i++)
		add(60000 + i, 2 + i % 2);
	for (unsigned int i = 0; i < 50000; i++)
		add(100000 + i, 1);
	assert_int_equal(scan.count, DROP_SCAN_MOST);
	assert_int_equal(count_of(2), 10);
	assert_int_equal(count_of(3), 10);
}

/* Those at the end of a directory are reached before those in front are gone. */
static void
a_choice_of_ones_own(void **state)
{
	size_t late = 0;

	(void)state;
	drop_scan_clear(&scan);
	for (unsigned int i = 0; i < 2 * DROP_SCAN_MOST; i++)
		add(i, 1);
	for (size_t i = 0; i < scan.count; i++)
		late +=
		    strcmp(scan.found[i].name, "00000000000000001000.msg") >= 0;
	assert_true(late > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_is_next),
		cmocka_unit_test(nobody_is_crowded_out),
		cmocka_unit_test(a_choice_of_ones_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
