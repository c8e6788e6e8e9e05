/*
 * t_index_untrusted: whatever lies in the place of the index, the messages of
 * a mailbox are the same as without it.
 * wrap: clock_gettime fstat renameat pread __pread_chk
 */
#include "tests/unit/pop3_index.h"
#include "tests/unit/talk.h"

#include "common/crc32c.h"
#include "pop3d/crlf.h"

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

static void
make_short(void)
{
	assert_int_equal(truncate(INDEX, INDEX_HEAD), 0);
}

static void
make_longer(void)
{
	int fd = open(INDEX, O_WRONLY | O_APPEND);

	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
}

/* Of the first message's name. */
static void
make_false(void)
{
	int fd = open(INDEX, O_WRONLY);

	assert_int_equal(pwrite(fd, "9", 1, INDEX_HEAD + 19), 1);
	close(fd);
}

static void
make_noise(void)
{
	static char noise[INDEX_HEAD + 1];

	unit_file(INDEX, noise, sizeof(noise));
}

static size_t
lines(const char *text)
{
	size_t n = 0;

	while ((text = strchr(text, '\n')) != NULL) {
		n++;
		text++;
	}
	return n;
}

/*
 * Not read in any of these forms: one line tells which, and the session that
 * noticed replaces it, unless it is a directory.
 */
static void
wrong_kind(void **state)
{
	/* clang-format off */
	static const struct {
		void (*make)(void);
		const char *found;
	} rows[] = {
		{ make_link,		"\"a link\"" },
		{ make_hard_link,	"\"2 names\"" },
		{ make_writable,	"\"mode 0620\"" },
		{ make_fifo,		"\"no regular file\"" },
		{ make_newer,		"\"another version\"" },
		{ make_dir,		"\"a directory\"" },
		{ make_foreign,		"\"owner uid 65534\"" },
		{ make_short,		"\"length 120\"" },
		{ make_longer,		"\"length 197 instead of 196\"" },
		{ make_false,		"\"a wrong checksum\"" },
		{ make_noise,		"\"something else\"" },
	};
	/* clang-format on */
	char bytes[1000], line[300];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (rows[i].make == make_foreign && geteuid() != 0)
			continue;
		(void)small_index(bytes, sizeof(bytes));
		rows[i].make();
		expect_rejected();
		pop3_forget_log();
		(void)snprintf(line, sizeof(line),
		    "event=error account=alice path=" INDEX
		    " wanted=\"an index of this mailbox\" found=%s\n",
		    rows[i].found);
		assert_true(session() > 0);
		assert_non_null(strstr(pop3_log(), line));
		assert_int_equal(lines(pop3_log()), 1);
		assert_false(pop3_has(MAILDROP_INDEX_NEW));
		pop3_forget_log();
		if (rows[i].make == make_dir) {
			assert_true(session() > 0);
			assert_int_equal(lines(pop3_log()), 1);
			assert_int_equal(rmdir(INDEX), 0);
			continue;
		}
		assert_int_equal(session(), 0);
		assert_string_equal(pop3_log(), "");
	}
}

/* A name that is in the way of writing one is the name that is logged. */
static void
in_the_way(void **state)
{
	(void)state;
	assert_int_equal(mkdir(BOX "/" MAILDROP_INDEX_NEW, 0700), 0);
	assert_int_equal(session(), MANY);
	assert_int_equal(lines(pop3_log()), 1);
	assert_non_null(strstr(pop3_log(),
	    "path=box/" MAILDROP_INDEX_NEW
	    " wanted=\"to write it\" found=\"File exists\"\n"));
	assert_int_equal(rmdir(BOX "/" MAILDROP_INDEX_NEW), 0);
}

/* A client reads the first message, and nothing else. */
static uint64_t
read_first(bool *fresh)
{
	uint64_t listed, octets;
	struct maildrop md;

	pop3_open(&md);
	*fresh = md.index.fresh;
	listed = md.messages[0].size;
	talk_start("");
	assert_int_equal(
	    mailfile_send(&md, &md.messages[0], &client, CRLF_ALL, &octets),
	    MAILFILE_SENT);
	assert_int_equal(md.messages[0].size, octets);
	maildrop_unlock(&md);
	maildrop_close(&md);
	return listed;
}

/*
 * Changed in place, as no Maildir allows: the index is corrected by the session
 * that notices, or goes; a full disk does not keep the wrong size alive.
 */
static void
changed_in_place(void **state)
{
	char path[] = BOX "/cur/0.M0.h:2,S";
	bool fresh;

	for (int full = 0; full < 2; full++) {
		(void)setup(state);
		assert_int_equal(session(), MANY);
		assert_int_equal(read_first(&fresh), 3);
		assert_true(fresh);
		assert_string_equal(pop3_log(), "");
		unit_file(path, "1\n2\n3\n", 6);
		rename_errno = full ? ENOSPC : 0;
		assert_int_equal(read_first(&fresh), 3);
		assert_true(fresh);
		assert_non_null(strstr(pop3_log(), "0.M0.h"));
		rename_errno = 0;
		assert_int_equal(index_size() == -1, full);
		pop3_forget_log();
		assert_true(read_first(&fresh) == (full ? SIZE_UNKNOWN : 9));
		assert_int_equal(fresh, !full);
		assert_string_equal(pop3_log(), "");
	}
}

/* A name that is not true is no reason to write the index each time. */
static void
untrue_name(void **state)
{
	struct stat before, after;
	bool fresh;

	(void)state;
	pop3_mail("cur/0.L,S=4,W=6:2,", "1\n");
	assert_int_equal(session(), MANY);
	/* The directories have changed: names are asked again. */
	pop3_mail("new/99.late", "x\n");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(lstat(INDEX, &before), 0);
		assert_int_equal(read_first(&fresh), 6);
		assert_false(fresh);
		assert_int_equal(lstat(INDEX, &after), 0);
		assert_int_equal(before.st_ino, after.st_ino);
		assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_truncation, setup),
		cmocka_unit_test_setup(every_bit, setup),
		cmocka_unit_test_setup(wrong_kind, setup),
		cmocka_unit_test_setup(in_the_way, setup),
		cmocka_unit_test_setup(untrue_size, setup),
		cmocka_unit_test_setup(changed_in_place, setup),
		cmocka_unit_test_setup(untrue_name, setup),
	};

	return cmocka_run_group_tests(tests, pop3_setup, unit_teardown);
}
