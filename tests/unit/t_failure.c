/*
 * t_failure: codes and texts of what goes wrong with a mailbox.
 */
#include "tests/unit/unit.h"

#include <errno.h>

#include "delivery/failure.h"

struct row {
	int error;
	const char *dsn, *text;
};

/* clang-format off */
static const struct row rows[] = {
	{ EDQUOT, "4.2.2", "path=a/M wanted=file found=mailbox full: quota exceeded" },
	{ ENOSPC, "4.3.1", "path=a/M wanted=file found=disk full" },
	{ EFBIG,  "4.3.1", "path=a/M wanted=file found=limit on file size" },
	{ EROFS,  "4.2.1", "path=a/M wanted=file found=Read-only file system" },
	{ EACCES, "4.2.1", "path=a/M wanted=file found=Permission denied" },
	{ EPERM,  "4.2.1", "path=a/M wanted=file found=Operation not permitted" },
	{ ELOOP,  "4.3.5", "path=a/M wanted=file found=symbolic link" },
	{ ENOTDIR, "4.3.5", "path=a/M wanted=file found=something else" },
	{ EXDEV,  "4.3.5", "path=a/M wanted=file found=a path that leads outside" },
	{ EIO,	  "4.3.0", "path=a/M wanted=file found=Input/output error" },
	{ EMFILE, "4.3.0", "path=a/M wanted=file found=Too many open files" },
	{ ENOMEM, "4.3.0", "path=a/M wanted=file found=Cannot allocate memory" },
	{ 0,	  "4.3.0", "path=a/M wanted=file found=Success" },
};
/* clang-format on */

static void
by_errno(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct diag d = DIAG_INIT;

		assert_int_equal(
		    failure_errno(&d, "a/M", "file", rows[i].error), OUT_TEMP);
		assert_string_equal(d.dsn, rows[i].dsn);
		assert_string_equal(d.text, rows[i].text);
		/* The first failure is the one that is told. */
		assert_int_equal(failure_errno(&d, "b", "c", EIO), OUT_TEMP);
		assert_string_equal(d.text, rows[i].text);
	}
}

static void
by_look(void **state)
{
	struct diag d = DIAG_INIT;
	char path[500];

	(void)state;
	assert_int_equal(
	    failure_found(&d, "a\n", "own directory", "owner 7"), OUT_TEMP);
	assert_string_equal(d.dsn, "4.3.5");
	assert_string_equal(
	    d.text, "path=a? wanted=own directory found=owner 7");

	/* A long path does not push the rest out of the text. */
	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	d = (struct diag)DIAG_INIT;
	(void)failure_found(&d, path, "own directory", "owner 7");
	assert_non_null(strstr(d.text, "found=owner 7"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_errno),
		cmocka_unit_test(by_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
