/*
 * t_failure: codes and texts of what goes wrong with a mailbox.
 */
#include "tests/unit/unit.h"

#include <errno.h>

#include "delivery/failure.h"

struct row {
	int error;
	const char *dsn, *text, *found;
};

/* clang-format off */
static const struct row rows[] = {
	{ EDQUOT, "4.2.2", "mailbox is full: quota exceeded", "Disk quota exceeded" },
	{ ENOSPC, "4.3.1", "mailbox disk is full", "No space left on device" },
	{ EFBIG,  "4.3.1", "mailbox files are limited in size", "File too large" },
	{ EROFS,  "4.2.1", "mailbox disk is read-only", "Read-only file system" },
	{ EACCES, "4.2.1", "mailbox directory is not accessible (see the log)", "Permission denied" },
	{ EPERM,  "4.2.1", "mailbox directory is not accessible (see the log)", "Operation not permitted" },
	{ ELOOP,  "4.3.5", "mailbox path has a symbolic link (see the log)", "symbolic link" },
	{ ENOTDIR, "4.3.5", "mailbox directory is something else (see the log)", "something else" },
	{ EXDEV,  "4.3.5", "mailbox path leads outside (see the log)", "a path that leads outside" },
	{ EIO,	  "4.3.0", "message cannot be stored now (see the log)", "Input/output error" },
	{ EMFILE, "4.3.0", "message cannot be stored now (see the log)", "Too many open files" },
	{ ENOMEM, "4.3.0", "message cannot be stored now (see the log)", "Cannot allocate memory" },
	{ 0,	  "4.3.0", "message cannot be stored now (see the log)", "Success" },
};
/* clang-format on */

static void
by_errno(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct failure f = FAILURE_NONE;

		assert_int_equal(
		    failure_errno(&f, "a/M", "file", rows[i].error), OUT_TEMP);
		assert_string_equal(f.diag.dsn, rows[i].dsn);
		assert_string_equal(f.diag.text, rows[i].text);
		/* The first failure is the one that is told. */
		assert_int_equal(failure_errno(&f, "b", "c", EIO), OUT_TEMP);
		assert_int_equal(
		    failure_found(&f, "other", "b", "c", "d"), OUT_TEMP);
		assert_string_equal(f.diag.text, rows[i].text);
		assert_string_equal(f.path, "a/M");
		assert_string_equal(f.wanted, "file");
		assert_string_equal(f.found, rows[i].found);
	}
}

static void
by_look(void **state)
{
	struct failure f = FAILURE_NONE;
	char path[MBOX_MAX + 1];

	(void)state;
	assert_string_equal(f.wanted, "");
	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(failure_found(&f, "not its owner's", path,
			     "own directory", "owner 7"),
	    OUT_TEMP);
	assert_string_equal(f.diag.dsn, "4.3.5");
	assert_string_equal(f.diag.text, "not its owner's");
	assert_string_equal(f.path, path);
	assert_string_equal(f.wanted, "own directory");
	assert_string_equal(f.found, "owner 7");
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
