/*
 * t_startup: what a program says that cannot start, and where.
 *
 * wrap: log_open log_error
 */
#include "tests/unit/cdb.h"

#include <stdarg.h>

#include "common/log.h"
#include "common/startup.h"

void __wrap_log_open(const char *, enum log_kind, const char *);
void __wrap_log_error(const char *, const char *, ...);

static int opened; /* a log_kind, or -1 */
static int errors;
static char said[1000];

void
__wrap_log_open(const char *program, enum log_kind kind, const char *path)
{
	(void)path;
	assert_string_equal(program, "t");
	opened = (int)kind;
}

void
__wrap_log_error(const char *id, const char *fmt, ...)
{
	va_list ap;

	assert_string_equal(id, "-");
	assert_int_not_equal(opened, -1); /* or nobody reads it */
	va_start(ap, fmt);
	(void)vsnprintf(said, sizeof(said), fmt, ap);
	va_end(ap);
	errors++;
}

static int
fresh(void **state)
{
	(void)state;
	opened = -1;
	errors = 0;
	said[0] = '\0';
	return 0;
}

/* One line, that names path, wanted and found. */
static void
expect_error(const char *what)
{
	assert_int_equal(errors, 1);
	assert_non_null(strstr(said, what));
	assert_non_null(strstr(said, "wanted="));
	assert_non_null(strstr(said, "found="));
}

static const struct {
	const char *name;
	struct cdb_row row;
	enum startup_log whose;
	int opened;
	const char *what; /* in the error; NULL: none */
} rows[] = {
	{ "gone", { 0 }, STARTUP_LOG_OWN, LOG_TO_SYSLOG, "gone" },
	{ "gone", { 0 }, STARTUP_LOG_INHERITED, LOG_TO_STDERR, "gone" },
	{ "a.cdb", { TABLES_OPTION, "log", "nowhere" }, STARTUP_LOG_OWN,
	    LOG_TO_SYSLOG, "log" },
	{ "a.cdb", { TABLES_OPTION, "log", "file" }, STARTUP_LOG_OWN,
	    LOG_TO_FILE, NULL },
	{ "a.cdb", { TABLES_OPTION, "log", "file" }, STARTUP_LOG_INHERITED,
	    LOG_TO_STDERR, NULL },
};

static void
tables(void **state)
{
	struct tables t;
	bool ok;

	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(fresh(state), 0);
		if (rows[i].row.key != NULL)
			cdb_file(rows[i].name, &rows[i].row, 1);
		ok = startup_tables(
		    &t, "t", unit_path(rows[i].name), false, rows[i].whose);
		assert_int_equal(ok, rows[i].what == NULL);
		assert_int_equal(opened, rows[i].opened);
		if (ok) {
			assert_int_equal(errors, 0);
			tables_close(&t);
		} else
			expect_error(rows[i].what);
	}
}

static void
profiles_and_reopen(void **state)
{
	static const struct cdb_row row = { TABLES_OPTION, "office.profile",
		"mx" };
	struct tables t;

	(void)state;
	cdb_file("b.cdb", &row, 1);
	assert_true(startup_tables(
	    &t, "t", unit_path("b.cdb"), false, STARTUP_LOG_OWN));
	assert_true(startup_profile(&t, "office"));
	assert_true(startup_profile(&t, "pop3"));
	assert_int_equal(errors, 0);
	assert_false(startup_profile(&t, "submision"));
	expect_error("profile=");
	tables_close(&t);
	assert_int_equal(fresh(state), 0);
	opened = LOG_TO_FILE;
	assert_false(startup_reopen(&t, unit_path("gone")));
	expect_error("gone");
	assert_true(startup_reopen(&t, unit_path("b.cdb")));
	tables_close(&t);
	assert_int_equal(errors, 1);
}

/* Nobody of that name: not root, but not the user either. */
static void
nobody_known(void **state)
{
	(void)state;
	opened = LOG_TO_SYSLOG;
	if (getuid() != 0) {
		assert_true(startup_become_anyhow("no-such-user"));
		return;
	}
	assert_false(startup_become_anyhow("no-such-user"));
	expect_error("user=");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables),
		cmocka_unit_test_setup(profiles_and_reopen, fresh),
		cmocka_unit_test_setup(nobody_known, fresh),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
