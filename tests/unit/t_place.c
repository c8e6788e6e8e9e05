/*
 * t_place: whether virtual users' Maildirs are still where they were.
 */
#include "tests/unit/cdb.h"

#include "common/log.h"
#include "delivery/place.h"

static struct place place;

static void
publish(const char *root)
{
	const struct cdb_row row = { TABLES_OPTION, "virtual-root", root };

	cdb_file("t.cdb", &row, 1);
}

static bool
init(void)
{
	return place_init(&place, unit_path("t.cdb"));
}

static void
tables_change(void **state)
{
	(void)state;
	publish(unit_path("mail"));
	assert_true(init());
	assert_true(place_current(&place));
	publish(unit_path("mail")); /* other tables, the same root */
	assert_true(place_current(&place));
	/* What cannot be read says nothing. */
	unit_file("t.cdb", "x", 1);
	assert_true(place_current(&place));
	assert_int_equal(unlink(unit_path("t.cdb")), 0);
	assert_true(place_current(&place));
	publish("/elsewhere");
	assert_false(place_current(&place));
}

static void
replaced(void **state)
{
	(void)state;
	publish(unit_path("mail"));
	assert_true(init());
	assert_int_equal(rename(unit_path("mail"), unit_path("away")), 0);
	assert_false(place_current(&place));
	assert_int_equal(mkdir(unit_path("mail"), 0700), 0);
	assert_false(place_current(&place));
	assert_int_equal(rmdir(unit_path("mail")), 0);
	assert_int_equal(rename(unit_path("away"), unit_path("mail")), 0);
	assert_true(place_current(&place));
}

/* Started in one place, and told another. */
static void
elsewhere(void **state)
{
	int fds = unit_open_fds();

	(void)state;
	publish(unit_path("."));
	assert_false(init());
	publish("/elsewhere");
	assert_false(init());
	assert_int_equal(unlink(unit_path("t.cdb")), 0);
	assert_false(init());
	assert_int_equal(unit_open_fds(), fds);
}

static int
setup(void **state)
{
	if (unit_setup(state) == -1)
		return -1;
	log_open("t", LOG_TO_FILE, "/dev/null");
	return mkdir(unit_path("mail"), 0700) == 0 ? chdir(unit_path("mail"))
						   : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_change),
		cmocka_unit_test(replaced),
		cmocka_unit_test(elsewhere),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
