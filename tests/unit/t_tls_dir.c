/*
 * Unit test of common/tls_dir: which files are certificates, and what is told
 * of the others, once.
 */
#include "tests/unit/unit.h"

#include "common/log.h"
#include "common/tls_dir.h"

static int
setup(void **state)
{
	if (unit_setup(state) == -1)
		return -1;
	unit_file("log", "", 0);
	log_open("t_tls_dir", LOG_TO_FILE, unit_path("log"));
	return 0;
}

/* Whether exactly n lines were logged since the last call, all with this. */
static void
assert_logged(size_t n, const char *what)
{
	static long at;
	char line[2000];
	size_t found = 0;
	FILE *f = fopen(unit_path("log"), "r");

	assert_non_null(f);
	assert_int_equal(fseek(f, at, SEEK_SET), 0);
	for (; fgets(line, sizeof(line), f) != NULL; found++)
		assert_non_null(strstr(line, what));
	at = ftell(f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(found, n);
}

#define LONG "a234567890123456789012345678901234567890123456789012345678"

static const struct {
	const char *file;
	bool is, told;
} files[] = {
	{ "a.pem", true, false },
	{ "mail.example.org_2-ec.pem", true, false },
	{ LONG "9.pem", true, false },
	{ LONG "90.pem", false, true },
	{ ".pem", false, true },
	{ ".hidden.pem", false, true },
	{ "a b.pem", false, true },
	{ "\303\244.pem", false, true },
	{ "a.pem~", false, false },
	{ "a.key", false, false },
	{ "a.ocsp", false, false },
	{ "README", false, false },
	{ "pem", false, false },
};

static void
names(void **state)
{
	struct tls_dir d;
	char name[80], path[100];

	(void)state;
	assert_int_equal(mkdir(unit_path("tls"), 0700), 0);
	for (size_t i = 0; i < COUNT(files); i++) {
		struct tls_dir_state s = { 0, 0 };

		(void)snprintf(path, sizeof(path), "tls/%s", files[i].file);
		unit_file(path, "", 0);
		for (int again = 0; again < 2; again++) {
			assert_true(tls_dir_list(&d, unit_path("tls"), &s));
			assert_int_equal(d.n, files[i].is);
			assert_logged(
			    again == 0 && files[i].told, "passed-by=yes");
		}
		(void)snprintf(name, sizeof(name), "%.*s",
		    (int)strlen(files[i].file) - 4, files[i].file);
		assert_int_equal(tls_dir_has(&d, name), files[i].is);
		assert_int_equal(unlink(unit_path(path)), 0);
		/* and told again when it comes again */
		assert_true(tls_dir_list(&d, unit_path("tls"), &s));
		assert_int_equal(s.passed_by, 0);
	}
}

static void
too_many(void **state)
{
	struct tls_dir_state s = { 0, 0 };
	struct tls_dir d;
	char path[64];

	(void)state;
	for (int i = 0; i < TLS_IDENTITIES + 2; i++) {
		(void)snprintf(path, sizeof(path), "tls/n%d.pem", i);
		unit_file(path, "", 0);
	}
	assert_true(tls_dir_list(&d, unit_path("tls"), &s));
	assert_int_equal(d.n, TLS_IDENTITIES);
	assert_int_equal(s.passed_by, 2);
	assert_logged(1, "at most 256 names");
}

static void
no_directory(void **state)
{
	struct tls_dir_state s = { 0, 0 };
	struct tls_dir d;
	int before = unit_open_fds();

	(void)state;
	for (int again = 0; again < 2; again++) {
		assert_false(tls_dir_list(&d, unit_path("none"), &s));
		assert_int_equal(d.n, 0);
		assert_logged(again == 0, "found=\"No such file");
	}
	assert_false(tls_dir_list(&d, unit_path("log"), &s));
	assert_logged(1, "found=\"Not a directory");
	assert_true(tls_dir_list(&d, unit_path("tls"), &s));
	assert_int_equal(s.error, 0);
	assert_int_equal(unit_open_fds(), before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(too_many),
		cmocka_unit_test(no_directory),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
