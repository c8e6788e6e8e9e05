/*
 * Unit test of common/tables_fresh.
 */
#include "tests/unit/cdb.h"

#include "common/log.h"
#include "common/tables_fresh.h"

static size_t
log_lines(void)
{
	char line[2000];
	size_t n = 0;
	FILE *f = fopen(unit_path("log"), "r");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		n++;
	assert_int_equal(fclose(f), 0);
	return n;
}

static void
publish(const char *value)
{
	const struct cdb_row row = { TABLES_OPTION, "hostname", value };

	cdb_file("t.cdb", &row, 1);
}

static void
expect(struct tables_fresh *f, const char *want)
{
	struct tables *t = tables_fresh_get(f);
	const char *v;

	assert_non_null(t);
	assert_int_equal(
	    tables_get(t, TABLES_OPTION, "hostname", &v), TABLES_FOUND);
	assert_string_equal(v, want);
}

static void
life(void **state)
{
	struct tables_fresh f;

	(void)state;
	assert_true(tables_fresh_init(&f, unit_path("t.cdb")));
	/* Missing: told once. */
	assert_null(tables_fresh_get(&f));
	assert_null(tables_fresh_get(&f));
	assert_int_equal(log_lines(), 1);
	publish("one.example");
	expect(&f, "one.example");
	expect(&f, "one.example");
	publish("two.example");
	expect(&f, "two.example");
	assert_int_equal(log_lines(), 1);
	/* Damaged, then removed: the old state stays. */
	unit_file("t.cdb", "junk", 4);
	expect(&f, "two.example");
	expect(&f, "two.example");
	assert_int_equal(log_lines(), 2);
	assert_int_equal(unlink(unit_path("t.cdb")), 0);
	expect(&f, "two.example");
	assert_int_equal(log_lines(), 3);
	publish("three.example");
	expect(&f, "three.example");
	assert_int_equal(log_lines(), 3);
	tables_fresh_close(&f);
}

static void
long_path(void **state)
{
	char path[FRESH_PATH + 2];
	struct tables_fresh f;

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_false(tables_fresh_init(&f, path));
	path[FRESH_PATH] = '\0';
	assert_true(tables_fresh_init(&f, path));
}

static int
setup(void **state)
{
	if (unit_setup(state) == -1)
		return -1;
	unit_file("log", "", 0);
	log_open("t", LOG_TO_FILE, unit_path("log"));
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(life),
		cmocka_unit_test(long_path),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
