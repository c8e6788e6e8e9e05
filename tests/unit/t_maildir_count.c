/*
 * t_maildir_count: how much is in a mailbox, by looking.
 */
#include "tests/unit/unit.h"

#include <errno.h>

#include "common/maildir_count.h"

/* clang-format off */
static const struct {
	const char *name;
	bool has;
	uint64_t size;
} names[] = {
	{ "1.M2P3.host,S=12,W=13",	true, 12 },
	{ "1.M2P3.host,W=13,S=12:2,S",	true, 12 },
	{ "1.M2P3.host,S=12:2,",	true, 12 },
	{ "x,S=0",			true, 0 },
	{ "x,S=,S=5",			true, 5 },
	{ "x,S=1a,S=5",			true, 5 },
	{ "x:2,S=12",			false, 0 },
	{ "x,S=-12",			false, 0 },
	{ "x,S=",			false, 0 },
	{ "x,S=12 ",			false, 0 },
	{ "x,S=9223372036854775807",	true, INT64_MAX },
	{ "x,S=9223372036854775808",	false, 0 },
	{ "x,S=99999999999999999999999999", false, 0 },
	{ "S=12",			false, 0 },
};
/* clang-format on */

static void
promises(void **state)
{
	uint64_t size;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		size = 0;
		if (maildir_name_size(names[i].name, &size) != names[i].has ||
		    size != names[i].size)
			fail_msg("name %zu: %ju", i, (uintmax_t)size);
	}
	assert_true(maildir_is_trash(".Trash"));
	assert_true(maildir_is_trash(".Trash.old"));
	assert_false(maildir_is_trash(".Trashes"));
	assert_false(maildir_is_trash("Trash"));
}

static int
open_dir(const char *name)
{
	int fd = open(unit_path(name), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_not_equal(fd, -1);
	return fd;
}

static void
make_dir(const char *name)
{
	assert_int_equal(mkdir(unit_path(name), 0700), 0);
}

/* A Maildir, or a folder, with its three directories. */
static void
make_maildir(const char *name)
{
	static const char *const subs[] = { "", "/tmp", "/new", "/cur" };
	char path[200];

	for (size_t i = 0; i < COUNT(subs); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", name, subs[i]);
		make_dir(path);
	}
}

static void
message(const char *name, size_t n)
{
	char bytes[1000];

	memset(bytes, 'x', sizeof(bytes));
	unit_file(name, bytes, n);
}

static void
counts(void **state)
{
	struct maildir_use use;
	struct timespec t;
	int dir;

	(void)state;
	make_maildir("a");
	make_maildir("a/.Lists");
	make_maildir("a/.Trash");
	make_maildir("a/.Trash.old");
	make_maildir("a/.Trashes");
	make_maildir("a/plain");
	make_dir("a/.empty");
	make_dir("a/new/dir");
	message("a/new/1,S=100", 3); /* the name counts */
	message("a/new/2", 10);      /* or the file */
	message("a/cur/3,W=5:2,S", 20);
	message("a/cur/.hidden", 500);
	message("a/tmp/4", 500);
	message("a/.Lists/new/5,S=7:2,", 1);
	message("a/.Lists/cur/6", 30);
	message("a/.Trash/cur/7", 500);
	message("a/.Trash.old/new/8", 500);
	message("a/.Trashes/new/9,S=1000", 1);
	message("a/plain/new/10", 500);
	message("a/.file", 500);
	assert_int_equal(symlink("2", unit_path("a/new/link")), 0);
	assert_int_equal(symlink("plain", unit_path("a/.link")), 0);
	assert_int_equal(mkfifo(unit_path("a/new/fifo"), 0600), 0);
	dir = open_dir("a");
	assert_true(maildir_count(dir, deadline_in(60), &use, &t));
	assert_int_equal(use.messages, 6);
	assert_int_equal(use.bytes, 100 + 10 + 20 + 7 + 30 + 1000);
	/* what is larger than can be is cut */
	message("a/cur/11,S=9223372036854775807", 1);
	message("a/cur/12,S=9223372036854775807", 1);
	message("a/cur/13,S=9223372036854775807", 1);
	assert_true(maildir_count(dir, deadline_in(60), &use, &t));
	assert_int_equal(use.bytes, INT64_MAX);
	assert_int_equal(use.messages, 9);
	assert_int_equal(close(dir), 0);
}

/* A count that takes too long is none. */
static void
counts_no_longer(void **state)
{
	struct maildir_use use;
	struct timespec t;
	char name[40];
	int dir, before;

	(void)state;
	make_maildir("long");
	for (int i = 0; i < 600; i++) {
		(void)snprintf(name, sizeof(name), "long/new/%d,S=1", i);
		message(name, 1);
	}
	dir = open_dir("long");
	before = unit_open_fds();
	assert_false(maildir_count(dir, deadline_now(), &use, &t));
	assert_int_equal(errno, ETIMEDOUT);
	assert_true(maildir_count(dir, deadline_in(60), &use, &t));
	assert_int_equal(use.messages, 600);
	assert_int_equal(unit_open_fds(), before);
	assert_int_equal(close(dir), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(promises),
		cmocka_unit_test(counts),
		cmocka_unit_test(counts_no_longer),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
