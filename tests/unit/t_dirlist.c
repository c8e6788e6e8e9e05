/*
 * t_dirlist: every entry once, however many reads it takes.
 */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <errno.h>

#include "pop3d/dirlist.h"

#define MANY 4000 /* more than one read gives */

static unsigned char seen[MANY];
static size_t others, stop_at, calls;

static bool
note(void *arg, const struct dirlist_entry *e)
{
	struct stat st;
	long n;

	calls++;
	if (calls == stop_at) {
		errno = EXDEV;
		return false;
	}
	assert_int_equal(e->len, strlen(e->name));
	assert_int_equal(fstatat(*(int *)arg, e->name, &st, 0), 0);
	assert_int_equal(e->ino, st.st_ino);
	if (S_ISDIR(st.st_mode)) {
		assert_true(e->type == DT_DIR || e->type == DT_UNKNOWN);
		others++;
		return true;
	}
	n = strtol(e->name, NULL, 10);
	assert_true(n >= 0 && n < MANY);
	seen[n]++;
	return true;
}

static void
all(void **state)
{
	char name[100];
	int dir = open(unit_path(""), O_RDONLY | O_DIRECTORY);

	(void)state;
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof(name),
		    "%d.a-name-as-long-as-those-of-mail-mostly-are:2,S", i);
		unit_file(name, "", 0);
	}
	unit_file(".hidden", "", 0);
	assert_int_equal(mkdir(unit_path("directory"), 0700), 0);
	for (int round = 0; round < 2; round++) {
		memset(seen, 0, sizeof(seen));
		others = 0;
		assert_true(dirlist_read(dir, note, &dir));
		for (int i = 0; i < MANY; i++)
			assert_int_equal(seen[i], 1);
		assert_int_equal(others, 1);
	}
	close(dir);
}

static void
failures(void **state)
{
	int dir = open(unit_path(""), O_RDONLY | O_DIRECTORY), file;
	int fds = unit_open_fds();

	(void)state;
	calls = 0;
	stop_at = 3;
	assert_false(dirlist_read(dir, note, &dir));
	assert_int_equal(errno, EXDEV);
	assert_int_equal(calls, 3);
	stop_at = 0;
	file = open(unit_path(".hidden"), O_RDONLY);
	assert_false(dirlist_read(file, note, &dir));
	assert_int_equal(errno, ENOTDIR);
	close(file);
	assert_false(dirlist_read(-1, note, &dir));
	assert_int_equal(unit_open_fds(), fds);
	close(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all),
		cmocka_unit_test(failures),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
