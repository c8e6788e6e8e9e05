/*
 * t_maildrop_index: whatever lies in the place of the index, the messages of
 * a mailbox are the same as without it.
 * wrap: clock_gettime fstat renameat pread __pread_chk
 */
#include "tests/unit/pop3.h"

#include <dirent.h>
#include <errno.h>
#include <time.h>

#include "common/crc32c.h"
#include "pop3d/maildrop_index.h"
#include "pop3d/mailfile.h"
#include "pop3d/update.h"

#define INDEX BOX "/" MAILDROP_INDEX
#define MANY 80 /* small messages that are worth an index */

static int64_t ahead; /* seconds that the clock is set forward */
static int rename_errno;
static time_t tick;   /* when not 0, the time of every directory */
static size_t preads; /* of messages */

int __real_clock_gettime(clockid_t, struct timespec *);
int __wrap_clock_gettime(clockid_t, struct timespec *);
int __real_fstat(int, struct stat *);
int __wrap_fstat(int, struct stat *);
int __wrap_renameat(int, const char *, int, const char *);
int __real_renameat(int, const char *, int, const char *);
ssize_t __real_pread(int, void *, size_t, off_t);
ssize_t __wrap_pread(int, void *, size_t, off_t);
ssize_t __wrap___pread_chk(int, void *, size_t, off_t, size_t);

int
__wrap_clock_gettime(clockid_t id, struct timespec *t)
{
	int r = __real_clock_gettime(id, t);

	if (id == CLOCK_REALTIME)
		t->tv_sec += ahead;
	return r;
}

/* A clock that stands still, as a coarse one does between two ticks. */
int
__wrap_fstat(int fd, struct stat *st)
{
	int r = __real_fstat(fd, st);

	if (r == 0 && tick != 0 && S_ISDIR(st->st_mode))
		st->st_mtim = st->st_ctim = (struct timespec){ .tv_sec = tick };
	return r;
}

int
__wrap_renameat(int a, const char *from, int b, const char *to)
{
	if (rename_errno != 0) {
		errno = rename_errno;
		return -1;
	}
	return __real_renameat(a, from, b, to);
}

ssize_t
__wrap_pread(int fd, void *buf, size_t n, off_t at)
{
	preads++;
	return __real_pread(fd, buf, n, at);
}

ssize_t
__wrap___pread_chk(int fd, void *buf, size_t n, off_t at, size_t room)
{
	assert_true(n <= room);
	return __wrap_pread(fd, buf, n, at);
}

/* Every size known; how many messages had to be read for that. */
static size_t
ask_sizes(struct maildrop *md)
{
	preads = 0;
	for (size_t i = 0; i < md->count; i++)
		(void)mailfile_size(md, &md->messages[i]);
	return preads;
}

/* A whole session; how many messages had to be read. */
static size_t
session(void)
{
	struct maildrop md;
	size_t n;

	pop3_open(&md);
	n = ask_sizes(&md);
	maildrop_unlock(&md);
	maildrop_close(&md);
	return n;
}

static off_t
index_size(void)
{
	struct stat st;

	if (lstat(INDEX, &st) == -1) {
		assert_int_equal(errno, ENOENT);
		return -1;
	}
	return st.st_size;
}

/* MANY messages of 1, 2, ... lines; every fourth in cur/. */
static void
fill_box(void)
{
	char name[100], text[MANY * 2 + 1];

	for (int i = 0; i < MANY; i++) {
		for (int k = 0; k <= i; k++)
			memcpy(text + 2 * k, "x\n", 3);
		(void)snprintf(name, sizeof(name),
		    i % 4 == 0 ? "cur/%d.M%d.h:2,S" : "new/%d.M%d.h", i / 3, i);
		pop3_mail(name, text);
	}
}

/* The messages of fill_box(), in order, with their sizes. */
static void
expect_box(struct maildrop *md)
{
	char base[100];

	assert_int_equal(md->count, MANY);
	(void)ask_sizes(md);
	for (size_t i = 0; i < MANY; i++) {
		const struct message *m = &md->messages[i];

		(void)snprintf(base, sizeof(base), "%zu.M%zu.h", i / 3, i);
		assert_string_equal(m->base, base);
		assert_string_equal(m->info, i % 4 == 0 ? ":2,S" : "");
		assert_int_equal(m->sub, i % 4 == 0 ? SUB_CUR : SUB_NEW);
		assert_int_equal(m->size, 3 * (i + 1));
	}
}

static int
setup(void **state)
{
	ahead = 10;
	rename_errno = 0;
	tick = 0;
	(void)pop3_clean(state);
	fill_box();
	return 0;
}

static void
used(void **state)
{
	struct maildrop md;

	(void)state;
	pop3_open(&md);
	assert_false(md.index.exists);
	expect_box(&md);
	assert_int_equal(preads, MANY);
	assert_int_equal(index_size(), -1);
	maildrop_unlock(&md);
	assert_true(index_size() > 0);
	assert_false(pop3_has(MAILDROP_INDEX_NEW));
	maildrop_close(&md);
	for (int i = 0; i < 2; i++) {
		pop3_open(&md);
		assert_true(md.index.fresh);
		expect_box(&md);
		/* Two of them are the index's own. */
		assert_int_equal(preads, 0);
		maildrop_unlock(&md);
		maildrop_close(&md);
	}
	assert_int_equal(unlink(INDEX), 0);
	assert_int_equal(session(), MANY);
	assert_string_equal(pop3_log(), "");
}

/* Directories that have just been changed prove nothing, but sizes last. */
static void
racy(void **state)
{
	struct maildrop md;

	(void)state;
	ahead = 0;
	tick = time(NULL);
	assert_int_equal(session(), MANY);
	/* In the same moment, as far as the clock tells. */
	pop3_mail("new/99.late", "y\n");
	for (int i = 0; i < 3; i++) {
		pop3_open(&md);
		assert_false(md.index.fresh);
		assert_int_equal(md.count, MANY + 1);
		assert_int_equal(ask_sizes(&md), 1);
		maildrop_unlock(&md);
		maildrop_close(&md);
	}
	assert_int_equal(unlink(BOX "/new/99.late"), 0);
	/* Believed as soon as it can be. */
	ahead = 10;
	pop3_open(&md);
	assert_false(md.index.fresh);
	expect_box(&md);
	assert_int_equal(preads, 0);
	maildrop_unlock(&md);
	maildrop_close(&md);
	pop3_open(&md);
	assert_true(md.index.fresh);
	expect_box(&md);
	maildrop_close(&md);
}

static void
add_one(void)
{
	pop3_mail("new/99.late", "y\n");
}

static void
remove_one(void)
{
	assert_int_equal(unlink(BOX "/new/0.M1.h"), 0);
}

static void
flag_one(void)
{
	pop3_rename("cur/0.M0.h:2,S", "cur/0.M0.h:2,FS");
}

static void
move_one(void)
{
	pop3_rename("new/0.M1.h", "cur/0.M1.h:2,");
}

/* Another file under the old name; its size must be counted. */
static void
replace_one(void)
{
	assert_int_equal(unlink(BOX "/new/0.M1.h"), 0);
	pop3_mail("tmp/x", "1\n2\n3\n4\n5\n");
	pop3_mail("tmp/y", "1\n2\n3\n4\n5\n");
	pop3_rename("tmp/y", "new/0.M1.h");
}

/* The same names in other directories. */
static void
replace_dir(void)
{
	assert_int_equal(rename(BOX "/new", BOX "/old"), 0);
	assert_int_equal(mkdir(BOX "/new", 0700), 0);
	pop3_mail("new/0.M1.h", "z\n");
}

/* What other programs do between two sessions, and how many were read then. */
static void
changed(void **state)
{
	/* clang-format off */
	static const struct {
		void (*change)(void);
		size_t count, reads;
	} rows[] = {
		{ add_one,	MANY + 1,	1 },
		{ remove_one,	MANY - 1,	0 },
		{ flag_one,	MANY,		0 },
		{ move_one,	MANY,		0 },
		{ replace_one,	MANY,		1 },
		{ replace_dir,	MANY / 4 + 1,	1 },
	};
	/* clang-format on */
	struct maildrop md, plain;

	for (size_t i = 0; i < COUNT(rows); i++) {
		(void)setup(state);
		assert_int_equal(session(), MANY);
		rows[i].change();
		pop3_open(&md);
		assert_int_equal(md.count, rows[i].count);
		assert_int_equal(ask_sizes(&md), rows[i].reads);
		/* Without an index it is the same. */
		assert_int_equal(unlink(INDEX), 0);
		maildrop_unlock(&md);
		pop3_open(&plain);
		(void)ask_sizes(&plain);
		assert_int_equal(plain.count, md.count);
		for (size_t k = 0; k < md.count; k++) {
			const struct message *a = &md.messages[k];
			const struct message *b = &plain.messages[k];

			assert_string_equal(a->base, b->base);
			assert_string_equal(a->info, b->info);
			assert_int_equal(a->sub, b->sub);
			assert_int_equal(a->size, b->size);
		}
		maildrop_close(&plain);
		maildrop_close(&md);
	}
}

/* Three messages, one of them large, so that the index is short. */
static size_t
small_index(char *bytes, size_t size)
{
	static char large[1200000];
	ssize_t n;
	int fd;

	(void)pop3_clean(NULL);
	memset(large, 'x', sizeof(large) - 1);
	pop3_mail("new/1.a", "1\n");
	pop3_mail("new/2.b", large);
	pop3_mail("cur/3.c:2,S", "1\n2\n3\n");
	assert_true(session() > 0);
	fd = open(INDEX, O_RDONLY);
	n = read(fd, bytes, size);
	close(fd);
	assert_true(n > INDEX_HEAD && n < (ssize_t)size);
	return (size_t)n;
}

/* Not believed, and the mailbox as it is. */
static void
expect_rejected(void)
{
	static const struct {
		const char *base, *info;
	} names[] = { { "1.a", "" }, { "2.b", "" }, { "3.c", ":2,S" } };
	struct maildrop md;

	pop3_open(&md);
	assert_true(md.index.exists);
	assert_false(md.index.read);
	assert_int_equal(md.count, 3);
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_string_equal(md.messages[i].base, names[i].base);
		assert_string_equal(md.messages[i].info, names[i].info);
		assert_true(md.messages[i].size == SIZE_UNKNOWN);
	}
	maildrop_close(&md);
}

static void
every_truncation(void **state)
{
	char bytes[1000];
	size_t n = small_index(bytes, sizeof(bytes));

	(void)state;
	for (size_t cut = 0; cut < n; cut++) {
		unit_file(INDEX, bytes, cut);
		expect_rejected();
	}
	bytes[n] = '\0';
	unit_file(INDEX, bytes, n + 1);
	expect_rejected();
	assert_non_null(strstr(pop3_log(), MAILDROP_INDEX));
}

static void
every_bit(void **state)
{
	char bytes[1000];
	size_t n = small_index(bytes, sizeof(bytes));

	(void)state;
	for (size_t bit = 0; bit < 8 * n; bit++) {
		bytes[bit / 8] ^= (char)(1 << bit % 8);
		unit_file(INDEX, bytes, n);
		expect_rejected();
		bytes[bit / 8] ^= (char)(1 << bit % 8);
		if (bit % 512 == 0)
			pop3_forget_log();
	}
	unit_file(INDEX, bytes, n);
	assert_int_equal(session(), 0);
}

static void
make_link(void)
{
	assert_int_equal(rename(INDEX, BOX "/elsewhere"), 0);
	assert_int_equal(symlink("elsewhere", INDEX), 0);
}

static void
make_hard_link(void)
{
	assert_int_equal(link(INDEX, BOX "/elsewhere"), 0);
}

static void
make_writable(void)
{
	assert_int_equal(chmod(INDEX, 0620), 0);
}

static void
make_foreign(void)
{
	assert_int_equal(chown(INDEX, 65534, 65534), 0);
}

static void
make_fifo(void)
{
	assert_int_equal(unlink(INDEX), 0);
	assert_int_equal(mkfifo(INDEX, 0600), 0);
}

static void
make_dir(void)
{
	assert_int_equal(unlink(INDEX), 0);
	assert_int_equal(mkdir(INDEX, 0700), 0);
}

static void
make_newer(void)
{
	int fd = open(INDEX, O_WRONLY);

	assert_int_equal(pwrite(fd, "2", 1, 21), 1);
	close(fd);
}

/* Not read in any of these forms; replaced by the session that noticed. */
static void
wrong_kind(void **state)
{
	void (*const ways[])(void) = { make_link, make_hard_link, make_writable,
		make_fifo, make_newer, make_dir, make_foreign };
	char bytes[1000];

	(void)state;
	for (size_t i = 0; i < COUNT(ways); i++) {
		if (ways[i] == make_foreign && geteuid() != 0)
			continue;
		(void)small_index(bytes, sizeof(bytes));
		ways[i]();
		expect_rejected();
		assert_true(session() > 0);
		if (ways[i] == make_dir) {
			assert_int_equal(rmdir(INDEX), 0);
			continue;
		}
		assert_int_equal(session(), 0);
	}
}

/* What is left of a killed session is in nobody's way. */
static void
left_over(void **state)
{
	(void)state;
	assert_int_equal(symlink("/etc/passwd", BOX "/" MAILDROP_INDEX_NEW), 0);
	assert_int_equal(session(), MANY);
	assert_false(pop3_has(MAILDROP_INDEX_NEW));
	assert_int_equal(session(), 0);
}

/* It cannot be written: logged, but for a full disk, and nothing is left. */
static void
write_fails(void **state)
{
	static const int errors[] = { EIO, ENOSPC, EDQUOT };

	(void)state;
	for (size_t i = 0; i < COUNT(errors); i++) {
		pop3_forget_log();
		rename_errno = errors[i];
		assert_int_equal(session(), MANY);
		assert_int_equal(index_size(), -1);
		assert_false(pop3_has(MAILDROP_INDEX_NEW));
		assert_int_equal(
		    strstr(pop3_log(), MAILDROP_INDEX) != NULL, i == 0);
	}
}

/* Removed messages are not in it; an empty mailbox has none. */
static void
after_quit(void **state)
{
	struct maildrop md;
	struct update u;

	(void)state;
	assert_int_equal(session(), MANY);
	for (size_t keep = 2; keep-- > 0;) {
		pop3_open(&md);
		assert_true(md.index.read);
		for (size_t i = keep; i < md.count; i++)
			md.messages[i].deleted = true;
		update_run(&md, &u);
		assert_int_equal(u.failed, 0);
		maildrop_unlock(&md);
		maildrop_close(&md);
		assert_int_equal(index_size() == -1, keep == 0);
	}
}

/* Marks alone remove nothing, from the index neither. */
static void
only_marked(void **state)
{
	struct maildrop md;

	(void)state;
	pop3_open(&md);
	(void)ask_sizes(&md);
	for (size_t i = 0; i < md.count; i++)
		md.messages[i].deleted = true;
	maildrop_unlock(&md);
	maildrop_close(&md);
	pop3_open(&md);
	assert_true(md.index.fresh);
	expect_box(&md);
	maildrop_close(&md);
}

/* Two files of one base keep sizes of their own. */
static void
twins(void **state)
{
	struct maildrop md;

	(void)state;
	pop3_mail("cur/0.M1.h:2,", "1\n2\n3\n4\n");
	for (int i = 0; i < 3; i++) {
		pop3_open(&md);
		assert_false(md.index.fresh);
		assert_int_equal(md.count, MANY + 1);
		(void)ask_sizes(&md);
		assert_int_equal(md.messages[1].size, 6);
		assert_int_equal(md.messages[2].size, 12);
		maildrop_unlock(&md);
		maildrop_close(&md);
	}
}

/* What is no message is found, and logged, each time. */
static void
strangers(void **state)
{
	struct maildrop md;

	(void)state;
	assert_int_equal(mkfifo(BOX "/new/5.fifo", 0600), 0);
	for (int i = 0; i < 3; i++) {
		pop3_forget_log();
		pop3_open(&md);
		assert_false(md.index.fresh);
		expect_box(&md);
		assert_non_null(strstr(pop3_log(), "5.fifo"));
		maildrop_unlock(&md);
		maildrop_close(&md);
	}
}

/* An untrue size lasts until the message is read, and no longer. */
static void
untrue_size(void **state)
{
	struct message lie = { .base = "1.a", .info = "", .size = 99 };
	char bytes[INDEX_HEAD + INDEX_ENTRY_MAX];
	struct maildrop md;
	struct stat st;
	struct index_head h = { .count = 1 };

	(void)state;
	(void)pop3_clean(NULL);
	pop3_mail("new/1.a", "1\n");
	assert_int_equal(lstat(BOX "/new/1.a", &st), 0);
	lie.ino = st.st_ino;
	h.bytes = index_put_entry(&lie, bytes + INDEX_HEAD);
	h.crc = crc32c(0, bytes + INDEX_HEAD, h.bytes);
	index_put_head(&h, bytes);
	unit_file(INDEX, bytes, INDEX_HEAD + h.bytes);
	pop3_open(&md);
	assert_true(md.index.read);
	assert_int_equal(md.messages[0].size, 99);
	assert_false(md.messages[0].counted);
	maildrop_close(&md);
}

/* Few small messages are read faster than an index is written. */
static void
not_worth_it(void **state)
{
	(void)state;
	(void)pop3_clean(NULL);
	pop3_mail("new/1.a", "1\n");
	assert_int_equal(session(), 1);
	assert_int_equal(index_size(), -1);
	/* Names that tell their sizes need none, however many. */
	for (int i = 0; i < 3 * MANY; i++) {
		char name[100];

		(void)snprintf(name, sizeof(name), "new/%d.h,S=2,W=3", i);
		pop3_mail(name, "1\n");
	}
	assert_int_equal(session(), 1);
	assert_int_equal(index_size(), -1);
}

/* Whoever could not open the mailbox touches nothing. */
static void
refused(void **state)
{
	struct maildrop md;

	(void)state;
	assert_int_equal(session(), MANY);
	assert_int_equal(chmod(BOX "/new", 0720), 0);
	assert_int_equal(maildrop_open(&md, "a", BOX), MAILDROP_PERM);
	maildrop_unlock(&md);
	maildrop_close(&md);
	assert_int_equal(chmod(BOX "/new", 0700), 0);
	assert_true(index_size() > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(used, setup),
		cmocka_unit_test_setup(racy, setup),
		cmocka_unit_test_setup(changed, setup),
		cmocka_unit_test_setup(every_truncation, setup),
		cmocka_unit_test_setup(every_bit, setup),
		cmocka_unit_test_setup(wrong_kind, setup),
		cmocka_unit_test_setup(left_over, setup),
		cmocka_unit_test_setup(write_fails, setup),
		cmocka_unit_test_setup(after_quit, setup),
		cmocka_unit_test_setup(only_marked, setup),
		cmocka_unit_test_setup(twins, setup),
		cmocka_unit_test_setup(strangers, setup),
		cmocka_unit_test_setup(untrue_size, setup),
		cmocka_unit_test_setup(not_worth_it, setup),
		cmocka_unit_test_setup(refused, setup),
	};

	return cmocka_run_group_tests(tests, pop3_setup, unit_teardown);
}
