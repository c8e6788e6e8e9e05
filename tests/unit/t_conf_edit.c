/*
 * t_conf_edit: one line of a text file changes, the others do not.
 *
 * wrap: fsync renameat
 */
#include "tests/unit/unit.h"

#include <errno.h>

#include "queue/conf_edit.h"

static int synced, fail_fsync, renamed_after;

int __real_fsync(int);
int __wrap_fsync(int);
int __real_renameat(int, const char *, int, const char *);
int __wrap_renameat(int, const char *, int, const char *);

int
__wrap_fsync(int fd)
{
	synced++;
	if (fail_fsync == synced) {
		errno = EIO;
		return -1;
	}
	return __real_fsync(fd);
}

int
__wrap_renameat(int a, const char *from, int b, const char *to)
{
	renamed_after = synced;
	return __real_renameat(a, from, b, to);
}

static const char before[] = "# users\n"
			     "alice@example.org\n"
			     "\n"
			     "  Bob@Example.org \t# the second\n"
			     "\"carl\"@example.org x";

static const struct {
	const char *key, *line, *after;
} rows[] = {
	{ "dora@example.org", "dora@example.org",
	    "# users\nalice@example.org\n\n  Bob@Example.org \t# the second\n"
	    "\"carl\"@example.org x\ndora@example.org\n" },
	{ "alice@example.org", NULL,
	    "# users\n\n  Bob@Example.org \t# the second\n"
	    "\"carl\"@example.org x" },
	{ "bob@example.org", "bob@example.org new",
	    "# users\nalice@example.org\n\nbob@example.org new\n"
	    "\"carl\"@example.org x" },
	{ "carl@example.org", NULL,
	    "# users\nalice@example.org\n\n  Bob@Example.org \t# the "
	    "second\n" },
	{ "ali@example.org", NULL, before },
	{ "#", NULL, before + 8 },
};

static void
read_back(const char *name, char *out, size_t size)
{
	int fd = open(unit_path(name), O_RDONLY);
	ssize_t n;

	assert_int_not_equal(fd, -1);
	n = read(fd, out, size - 1);
	assert_true(n >= 0);
	out[n] = '\0';
	(void)close(fd);
}

static void
changes_one_line(void **state)
{
	char text[1000], err[TABLES_ERR];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct conf_edit e = { .dir = unit_dir,
			.name = "users",
			.mode = 0644,
			.key = rows[i].key,
			.line = rows[i].line };

		unit_file("users", before, strlen(before));
		assert_true(conf_edit(&e, err));
		read_back("users", text, sizeof(text));
		assert_string_equal(text, rows[i].after);
	}
}

static const char lists[] = "# forwards\n"
			    "alice@example.org: x@y.example,\n"
			    "\tz@y.example # more\n"
			    "   # a comment\n"
			    "\n"
			    "Bob@example.org:a@b.example\n"
			    "\"c:d\"@example.org : a@b.example\n"
			    " b@b.example\n";

/* clang-format off */
static const struct {
	const char *key, *line, *after;
} list_rows[] = {
	{ "alice@example.org", NULL, "# forwards\n\n"
	    "Bob@example.org:a@b.example\n\"c:d\"@example.org : a@b.example\n b@b.example\n" },
	{ "bob@example.org", "bob@example.org: x", "# forwards\nalice@example.org: x@y.example,\n"
	    "\tz@y.example # more\n   # a comment\n\nbob@example.org: x\n\"c:d\"@example.org : a@b.example\n b@b.example\n" },
	{ "\"c:d\"@example.org", NULL, "# forwards\nalice@example.org: x@y.example,\n"
	    "\tz@y.example # more\n   # a comment\n\nBob@example.org:a@b.example\n" },
};
/* clang-format on */

static void
changes_one_list(void **state)
{
	char text[1000], err[TABLES_ERR];

	(void)state;
	for (size_t i = 0; i < COUNT(list_rows); i++) {
		const struct conf_edit e = { .dir = unit_dir,
			.name = "forwards",
			.mode = 0644,
			.key = list_rows[i].key,
			.line = list_rows[i].line,
			.lists = true };

		unit_file("forwards", lists, strlen(lists));
		assert_true(conf_edit(&e, err));
		read_back("forwards", text, sizeof(text));
		assert_string_equal(text, list_rows[i].after);
	}
}

static void
makes_files_with_their_mode(void **state)
{
	const struct conf_edit e = { .dir = unit_dir,
		.name = "passwords",
		.mode = 0600,
		.key = "a@x",
		.line = "a@x $y$" };
	char text[100], err[TABLES_ERR];
	struct stat st;

	(void)state;
	(void)unlink(unit_path("passwords"));
	assert_true(conf_edit(&e, err));
	read_back("passwords", text, sizeof(text));
	assert_string_equal(text, "a@x $y$\n");
	assert_int_equal(stat(unit_path("passwords"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(chmod(unit_path("passwords"), 0640), 0);
	assert_true(conf_edit(&e, err));
	assert_int_equal(stat(unit_path("passwords"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(access(unit_path("passwords.tmp"), F_OK), -1);
}

static void
syncs_before_and_after_the_rename(void **state)
{
	const struct conf_edit e = { .dir = unit_dir,
		.name = "users",
		.mode = 0644,
		.key = "a@x",
		.line = "a@x" };
	char text[1000], err[TABLES_ERR];

	(void)state;
	unit_file("users", before, strlen(before));
	synced = 0;
	assert_true(conf_edit(&e, err));
	assert_int_equal(synced, 2);
	assert_int_equal(renamed_after, 1);
	unit_file("users", before, strlen(before));
	synced = 0;
	fail_fsync = 1;
	assert_false(conf_edit(&e, err));
	fail_fsync = 0;
	assert_non_null(strstr(err, "/users: cannot be changed: "));
	read_back("users", text, sizeof(text));
	assert_string_equal(text, before);
}

/* What was there first, whatever was edited how often; also nothing. */
static void
puts_back(void **state)
{
	struct conf_before kept = { .n = 0 };
	struct conf_edit e = { .dir = unit_dir,
		.name = "users",
		.before = &kept,
		.mode = 0644,
		.key = "a@x",
		.line = "a@x" };
	char text[1000], err[TABLES_ERR];
	struct stat st;

	(void)state;
	unit_file("users", before, strlen(before));
	assert_int_equal(chmod(unit_path("users"), 0640), 0);
	(void)unlink(unit_path("forwards"));
	assert_true(conf_edit(&e, err));
	e.line = "a@x again";
	assert_true(conf_edit(&e, err));
	e.name = "forwards";
	assert_true(conf_edit(&e, err));
	read_back("forwards", text, sizeof(text));
	assert_string_equal(text, "a@x again\n");
	assert_true(conf_undo(&kept, unit_dir, err));
	assert_int_equal(kept.n, 0);
	read_back("users", text, sizeof(text));
	assert_string_equal(text, before);
	assert_int_equal(stat(unit_path("users"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(access(unit_path("forwards"), F_OK), -1);
}

static void
says_what_stays_changed(void **state)
{
	struct conf_before kept = { .n = 0 };
	const struct conf_edit e = { .dir = unit_dir,
		.name = "users",
		.before = &kept,
		.mode = 0644,
		.key = "a@x",
		.line = "a@x" };
	char text[1000], err[TABLES_ERR];

	(void)state;
	unit_file("users", before, strlen(before));
	assert_true(conf_edit(&e, err));
	synced = 0;
	fail_fsync = 1;
	assert_false(conf_undo(&kept, unit_dir, err));
	fail_fsync = 0;
	assert_non_null(strstr(err, "/users: stays changed, cannot be"));
	/* one that was not changed stays as it is, without a word */
	unit_file("users", before, strlen(before));
	synced = 0;
	fail_fsync = 1;
	assert_false(conf_edit(&e, err));
	assert_true(conf_undo(&kept, unit_dir, err));
	fail_fsync = 0;
	read_back("users", text, sizeof(text));
	assert_string_equal(text, before);
}

static void
follows_no_link(void **state)
{
	const struct conf_edit e = { .dir = unit_dir,
		.name = "link",
		.mode = 0644,
		.key = "a@x",
		.line = "a@x" };
	char err[TABLES_ERR];

	(void)state;
	unit_file("users", before, strlen(before));
	assert_int_equal(symlink("users", unit_path("link")), 0);
	assert_false(conf_edit(&e, err));
}

static void
locks_a_directory(void **state)
{
	int fd = conf_lock(unit_dir);

	(void)state;
	assert_int_not_equal(fd, -1);
	(void)close(fd);
	assert_int_equal(conf_lock(unit_path("missing")), -1);
	assert_int_equal(errno, ENOENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_one_line),
		cmocka_unit_test(changes_one_list),
		cmocka_unit_test(makes_files_with_their_mode),
		cmocka_unit_test(syncs_before_and_after_the_rename),
		cmocka_unit_test(puts_back),
		cmocka_unit_test(says_what_stays_changed),
		cmocka_unit_test(follows_no_link),
		cmocka_unit_test(locks_a_directory),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
