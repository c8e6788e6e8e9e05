/*
 * t_maildirsize: what a mailbox holds, as Maildir++ keeps it.
 */
#include "tests/unit/unit.h"

#include <sys/wait.h>

#include <errno.h>
#include <time.h>

#include "common/maildirsize.h"

struct row {
	const char *text;
	bool good;
	uint64_t quota_bytes, quota_messages, bytes, messages;
	size_t lines;
};

#define BAD false, 0, 0, 0, 0, 0

/* clang-format off */
static const struct row rows[] = {
	{ "1000S,20C\n350 2\n",		true, 1000, 20, 350, 2, 1 },
	{ "20C,1000S\n350 2\n",		true, 1000, 20, 350, 2, 1 },
	{ "1000S\n350 2\n",		true, 1000, 0, 350, 2, 1 },
	{ "20C\n350 2\n",		true, 0, 20, 350, 2, 1 },
	{ "0S,0C\n0 0\n",		true, 0, 0, 0, 0, 1 },
	{ "\n7 1\n",			true, 0, 0, 7, 1, 1 },
	{ "1000S,20C,5X\n350 2\n",	true, 1000, 20, 350, 2, 1 },
	{ "1000S\n350 2\n10 1\n-300 -1\n", true, 1000, 0, 60, 2, 3 },
	/* Courier pads lines; others write tabs */
	{ "1000S      \n 350      2   \n\t7\t1\n", true, 1000, 0, 357, 3, 2 },
	/* below nothing in between only */
	{ "9S\n-5 -1\n5 1\n",		true, 9, 0, 0, 0, 2 },
	{ "9S\n-5 -1\n",		BAD },
	{ "9S\n5 -1\n",			BAD },
	{ "9S\n9223372036854775807 1\n", true, 9, 0, INT64_MAX, 1, 1 },
	{ "9S\n9223372036854775808 1\n", BAD },
	{ "9S\n9223372036854775807 1\n1 1\n", BAD },
	{ "9S\n99999999999999999999999999999999999999 1\n", BAD },
	{ "9223372036854775808S\n5 1\n", BAD },
	{ "",				BAD },
	{ "9S",				BAD },
	{ "9S\n",			BAD },
	{ "9S\n5 1",			BAD },	/* torn */
	{ "9S\n5 1\n5",			BAD },
	{ "9S\n5\n",			BAD },
	{ "9S\n5 \n",			BAD },
	{ "9S\n\n5 1\n",		BAD },
	{ "9S\n5 1 1\n",		BAD },
	{ "9S\n5,1\n",			BAD },
	{ "9S\n+5 1\n",			BAD },
	{ "9S\n--5 1\n",		BAD },
	{ "9S\n- 1\n",			BAD },
	{ "9S\n0x5 1\n",		BAD },
	{ "9S\n5.5 1\n",		BAD },
	{ "9S\r\n5 1\r\n",		BAD },
	{ "9\n5 1\n",			BAD },
	{ "S\n5 1\n",			BAD },
	{ "9S,\n5 1\n",			BAD },
	{ "9S 20C\n5 1\n",		BAD },
	{ "-9S\n5 1\n",			BAD },
	{ "9s\n5 1\n",			BAD },
	{ "NOQUOTA\n5 1\n",		BAD },
};
/* clang-format on */

static void
parses(void **state)
{
	struct maildirsize m;
	char nul[] = "9S\n5 1\n5 1\n";

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];
		bool good = maildirsize_parse(r->text, strlen(r->text), &m);

		if (good != r->good)
			fail_msg("row %zu: good=%d", i, good);
		if (!good)
			continue;
		assert_int_equal(m.quota.bytes, r->quota_bytes);
		assert_int_equal(m.quota.messages, r->quota_messages);
		assert_int_equal(m.use.bytes, r->bytes);
		assert_int_equal(m.use.messages, r->messages);
		assert_int_equal(m.lines, r->lines);
	}
	nul[5] = '\0';
	assert_false(maildirsize_parse(nul, sizeof(nul) - 1, &m));
}

/* clang-format off */
static const struct {
	struct maildir_use quota, use, more;
	bool fits;
} fits[] = {
	{ { 100, 0 }, { 90, 5 }, { 10, 1 }, true },
	{ { 100, 0 }, { 90, 5 }, { 11, 1 }, false },
	{ { 0, 0 }, { INT64_MAX, 5 }, { UINT64_MAX, 1 }, true },
	{ { 0, 6 }, { 90, 5 }, { 11, 1 }, true },
	{ { 0, 5 }, { 90, 5 }, { 11, 1 }, false },
	{ { 100, 5 }, { 90, 5 }, { 1, 1 }, false },
	{ { INT64_MAX, 0 }, { INT64_MAX, 5 }, { 0, 1 }, true },
	{ { INT64_MAX, 0 }, { 5, 5 }, { UINT64_MAX, 1 }, false },
};

/* clang-format on */

static void
fits_into(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(fits); i++)
		if (maildirsize_fits(&fits[i].quota, &fits[i].use,
			&fits[i].more) != fits[i].fits)
			fail_msg("fits %zu", i);
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
set_text(const char *name, const char *text)
{
	unit_file(name, text, strlen(text));
}

static void
check_text(const char *name, const char *wanted)
{
	char text[6000];
	int fd = open(unit_path(name), O_RDONLY | O_CLOEXEC);
	ssize_t n;

	assert_int_not_equal(fd, -1);
	n = read(fd, text, sizeof(text) - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	assert_int_equal(close(fd), 0);
	assert_string_equal(text, wanted);
}

static void
make_old(const char *name, time_t ago)
{
	const struct timespec t[2] = { { .tv_sec = time(NULL) - ago },
		{ .tv_sec = time(NULL) - ago } };

	assert_int_equal(utimensat(AT_FDCWD, unit_path(name), t, 0), 0);
}

#define FRESH 0
#define SIZE "m/maildirsize"

/* What is in the file, and how it is; what is in the mailbox is 300 2. */
struct use_row {
	const char *text; /* NULL: no file */
	time_t ago;
	struct maildir_use quota, more;
	uint64_t bytes;   /* the answer */
	const char *then; /* the file; NULL: as before */
};

#define COUNTED 300, "1000S,10C\n300 2\n"

/* clang-format off */
static const struct use_row uses[] = {
	{ NULL, FRESH,			{ 1000, 10 }, { 1, 1 }, COUNTED },
	{ NULL, FRESH,			{ 1000, 0 }, { 1, 1 }, 300, "1000S\n300 2\n" },
	{ NULL, FRESH,			{ 0, 10 }, { 1, 1 }, 300, "10C\n300 2\n" },
	/* it is believed, whatever its age */
	{ "1000S,10C\n500 5\n", FRESH,	{ 1000, 10 }, { 1, 1 }, 500, NULL },
	{ "1000S,10C\n500 5\n", 99999,	{ 1000, 10 }, { 1, 1 }, 500, NULL },
	{ "10C,1000S\n400 4\n100 1\n", FRESH, { 1000, 10 }, { 500, 5 }, 500, NULL },
	/* another quota */
	{ "1001S,10C\n500 5\n", FRESH,	{ 1000, 10 }, { 1, 1 }, COUNTED },
	{ "1000S\n500 5\n", FRESH,	{ 1000, 10 }, { 1, 1 }, COUNTED },
	/* full, one line: believed for a quarter of an hour */
	{ "1000S,10C\n1000 5\n", FRESH,	{ 1000, 10 }, { 1, 1 }, 1000, NULL },
	{ "1000S,10C\n1000 5\n", 800,	{ 1000, 10 }, { 1, 1 }, 1000, NULL },
	{ "1000S,10C\n1000 5\n", 1000,	{ 1000, 10 }, { 1, 1 }, COUNTED },
	{ "1000S,10C\n1000 5\n", -1000,	{ 1000, 10 }, { 1, 1 }, COUNTED },
	{ "1000S,10C\n5 10\n", 1000,	{ 1000, 10 }, { 1, 1 }, COUNTED },
	{ "1000S,10C\n5 9\n", 1000,	{ 1000, 10 }, { 1, 1 }, 5, NULL },
	/* damage */
	{ "", FRESH,			{ 1000, 10 }, { 1, 1 }, COUNTED },
	{ "1000S,10C\n500 5\nx\n", FRESH, { 1000, 10 }, { 1, 1 }, COUNTED },
	{ "1000S,10C\n500 5\n-501 -5\n", FRESH, { 1000, 10 }, { 1, 1 }, COUNTED },
};
/* clang-format on */

static void
make_m(void)
{
	make_maildir("m");
	message("m/new/1,S=100", 1);
	message("m/cur/2,S=200:2,S", 1);
}

static void
uses_file(void **state)
{
	struct maildir_use use;
	bool written;
	int dir;

	(void)state;
	make_m();
	dir = open_dir("m");
	for (size_t i = 0; i < COUNT(uses); i++) {
		const struct use_row *r = &uses[i];

		(void)unlink(unit_path(SIZE));
		if (r->text != NULL) {
			set_text(SIZE, r->text);
			make_old(SIZE, r->ago);
		}
		assert_true(maildirsize_use(dir,
		    &(struct maildir_wish){ r->quota, r->more },
		    deadline_in(30), &use, &written));
		assert_true(written);
		if (use.bytes != r->bytes)
			fail_msg("row %zu: %ju", i, (uintmax_t)use.bytes);
		check_text(SIZE, r->then != NULL ? r->then : r->text);
		assert_int_equal(
		    access(unit_path("m/tmp/maildirsize.postrider"), F_OK), -1);
	}
	assert_int_equal(close(dir), 0);
}

static const struct maildir_wish wish = { { 1000, 10 }, { 1, 1 } };

static bool
use_it(int dir, struct maildir_use *use, bool *written)
{
	return maildirsize_use(dir, &wish, deadline_in(30), use, written);
}

/* As many bytes as there may be are too many, and nothing else is read. */
static void
long_file(void **state)
{
	static char text[3 * MAILDIRSIZE_MOST];
	struct maildirsize_before before;
	struct maildir_use use;
	struct maildirsize m;
	bool written;
	int dir = open_dir("m");

	(void)state;
	(void)snprintf(text, sizeof(text), "1000S,10C\n1 1\n");
	while (strlen(text) < MAILDIRSIZE_MOST - 5)
		(void)snprintf(text + strlen(text), 5, "0 0\n");
	set_text(SIZE, text);
	assert_true(maildirsize_read(dir, &m));
	assert_int_equal(m.use.bytes, 1);
	assert_true(maildirsize_add(dir, NULL, 10, 1, &before));
	assert_true(before.known);
	assert_int_equal(before.use.bytes, 1);
	/* it is long now: nothing is added, and it is counted */
	assert_true(maildirsize_add(dir, NULL, 10, 1, &before));
	assert_false(before.known);
	assert_false(maildirsize_read(dir, &m));
	assert_int_equal(errno, EBADMSG);
	assert_true(use_it(dir, &use, &written));
	check_text(SIZE, "1000S,10C\n300 2\n");
	memset(text, '\0', sizeof(text));
	unit_file(SIZE, text, sizeof(text));
	assert_true(use_it(dir, &use, &written));
	check_text(SIZE, "1000S,10C\n300 2\n");
	unit_file(SIZE, text, 100);
	assert_true(use_it(dir, &use, &written));
	check_text(SIZE, "1000S,10C\n300 2\n");
	assert_int_equal(close(dir), 0);
}

static void
adds(void **state)
{
	struct maildirsize_before before;
	int base = open_dir("."), dir = open_dir("m");

	(void)state;
	set_text(SIZE, "1000S,10C\n300 2\n");
	assert_true(maildirsize_add(base, "m", 50, 1, &before));
	assert_true(before.known);
	assert_int_equal(before.use.bytes, 300);
	assert_int_equal(before.use.messages, 2);
	assert_true(maildirsize_add(dir, NULL, -100, -1, &before));
	assert_true(before.known);
	assert_int_equal(before.use.bytes, 350);
	assert_int_equal(before.use.messages, 3);
	check_text(SIZE, "1000S,10C\n300 2\n50 1\n-100 -1\n");
	/* garbage stays garbage, and is counted by whoever has to know */
	set_text(SIZE, "x");
	assert_true(maildirsize_add(dir, NULL, 1, 1, &before));
	assert_false(before.known);
	/* no file: none is made */
	assert_int_equal(unlink(unit_path(SIZE)), 0);
	assert_true(maildirsize_add(dir, NULL, 1, 1, &before));
	assert_false(before.known);
	assert_int_equal(access(unit_path(SIZE), F_OK), -1);
	assert_true(maildirsize_add(base, "nowhere", 1, 1, &before));
	assert_int_equal(close(dir), 0);
	assert_int_equal(close(base), 0);
}

/* Whatever the owner puts in its place: no other file is read or changed. */
static void
other_things(void **state)
{
	struct maildirsize_before before;
	struct maildir_use use;
	struct maildirsize m;
	bool written;
	int dir = open_dir("m");

	(void)state;
	set_text("victim", "1000S,10C\n1 1\n");
	assert_int_equal(symlink("../victim", unit_path(SIZE)), 0);
	assert_false(maildirsize_read(dir, &m));
	assert_int_equal(errno, EBADMSG);
	assert_false(maildirsize_add(dir, NULL, 1, 1, &before));
	check_text("victim", "1000S,10C\n1 1\n");
	assert_true(use_it(dir, &use, &written));
	assert_true(written);
	check_text("victim", "1000S,10C\n1 1\n");
	check_text(SIZE, "1000S,10C\n300 2\n");

	assert_int_equal(unlink(unit_path(SIZE)), 0);
	assert_int_equal(mkfifo(unit_path(SIZE), 0600), 0);
	assert_false(maildirsize_read(dir, &m));
	assert_false(maildirsize_add(dir, NULL, 1, 1, &before));
	assert_true(use_it(dir, &use, &written));
	check_text(SIZE, "1000S,10C\n300 2\n");

	assert_int_equal(unlink(unit_path(SIZE)), 0);
	make_dir(SIZE);
	assert_false(maildirsize_read(dir, &m));
	assert_false(maildirsize_add(dir, NULL, 1, 1, &before));
	assert_true(use_it(dir, &use, &written));
	assert_int_equal(use.bytes, 300);
	assert_false(written);
	assert_int_equal(rmdir(unit_path(SIZE)), 0);
	assert_int_equal(close(dir), 0);
}

/* A link in place of tmp/, or of the file there, leads nowhere. */
static void
other_tmp(void **state)
{
	struct maildir_use use;
	bool written;
	int dir = open_dir("m");

	(void)state;
	set_text("victim", "as it was");
	assert_int_equal(
	    symlink("../../victim", unit_path("m/tmp/maildirsize.postrider")),
	    0);
	assert_true(use_it(dir, &use, &written));
	assert_false(written);
	check_text("victim", "as it was");
	assert_int_equal(unlink(unit_path("m/tmp/maildirsize.postrider")), 0);
	/* what somebody died over goes when it is old */
	set_text("m/tmp/maildirsize.postrider", "9S\n");
	assert_true(use_it(dir, &use, &written));
	assert_false(written);
	make_old("m/tmp/maildirsize.postrider", 100);
	assert_true(use_it(dir, &use, &written));
	assert_true(written);
	check_text(SIZE, "1000S,10C\n300 2\n");
	assert_int_equal(unlink(unit_path(SIZE)), 0);
	assert_int_equal(rename(unit_path("m/tmp"), unit_path("m/t")), 0);
	assert_int_equal(symlink("t", unit_path("m/tmp")), 0);
	assert_true(use_it(dir, &use, &written));
	assert_int_equal(use.messages, 2);
	assert_false(written);
	assert_int_equal(unlink(unit_path("m/tmp")), 0);
	assert_int_equal(rename(unit_path("m/t"), unit_path("m/tmp")), 0);
	assert_int_equal(close(dir), 0);
}

#define WRITERS 4
#define EACH 20

/* Each line is whole, and what was before it was said to one of them only. */
static void
many_writers(void **state)
{
	struct maildirsize_before before;
	bool seen[WRITERS * EACH] = { false };
	uint64_t said;
	struct maildirsize m;
	int dir = open_dir("m"), pipes[2];

	(void)state;
	set_text(SIZE, "1000S,10C\n0 0\n");
	assert_int_equal(pipe(pipes), 0);
	for (int i = 0; i < WRITERS; i++) {
		pid_t pid = fork();

		assert_int_not_equal(pid, -1);
		if (pid > 0)
			continue;
		for (int k = 0; k < EACH; k++)
			if (!maildirsize_add(dir, NULL, 3, 1, &before) ||
			    !before.known ||
			    write(pipes[1], &before.use.messages,
				sizeof(before.use.messages)) !=
				sizeof(before.use.messages))
				_exit(1);
		_exit(0);
	}
	assert_int_equal(close(pipes[1]), 0);
	for (int i = 0; i < WRITERS; i++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	while (read(pipes[0], &said, sizeof(said)) == sizeof(said)) {
		assert_true(said < COUNT(seen));
		assert_false(seen[said]);
		seen[said] = true;
	}
	for (size_t i = 0; i < COUNT(seen); i++)
		assert_true(seen[i]);
	assert_true(maildirsize_read(dir, &m));
	assert_int_equal(m.use.messages, WRITERS * EACH);
	assert_int_equal(m.use.bytes, 3 * WRITERS * EACH);
	assert_int_equal(close(pipes[0]), 0);
	assert_int_equal(close(dir), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses),
		cmocka_unit_test(fits_into),
		cmocka_unit_test(uses_file),
		cmocka_unit_test(long_file),
		cmocka_unit_test(adds),
		cmocka_unit_test(other_things),
		cmocka_unit_test(other_tmp),
		cmocka_unit_test(many_writers),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
