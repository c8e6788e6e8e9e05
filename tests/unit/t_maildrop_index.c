/*
 * t_maildrop_index: the index of a mailbox while other programs work in it:
 * the messages are the same as without it.
 * wrap: clock_gettime fstat renameat pread __pread_chk
 */
#include "tests/unit/pop3_index.h"

#include "pop3d/update.h"

static void
used(void **state)
{
	struct maildrop md;

	(void)state;
	pop3_open(&md);
	assert_false(md.index.exists);
	assert_string_equal(maildrop_index_use(&md), "none");
	expect_box(&md);
	assert_int_equal(preads, MANY);
	assert_int_equal(md.index.learned, MANY);
	assert_int_equal(index_size(), -1);
	maildrop_unlock(&md);
	assert_true(index_size() > 0);
	assert_false(pop3_has(MAILDROP_INDEX_NEW));
	maildrop_close(&md);
	for (int i = 0; i < 2; i++) {
		pop3_open(&md);
		assert_true(md.index.fresh);
		assert_string_equal(maildrop_index_use(&md), "used");
		expect_box(&md);
		assert_int_equal(preads, 0);
		assert_int_equal(md.index.learned, 0);
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
		assert_string_equal(maildrop_index_use(&md), "sizes");
		assert_int_equal(ask_sizes(&md), rows[i].reads);
		assert_int_equal(md.index.learned, rows[i].reads);
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

/* What cannot be read now may be a good one: it stays for the next session. */
static void
read_fails(void **state)
{
	struct maildrop md;
	off_t size;

	(void)state;
	assert_int_equal(session(), MANY);
	size = index_size();
	assert_true(size > 0);
	pop3_forget_log();
	pread_errno = EIO;
	pop3_open(&md);
	pread_errno = 0;
	assert_true(md.index.exists);
	assert_false(md.index.read);
	assert_non_null(strstr(pop3_log(), MAILDROP_INDEX));
	assert_non_null(strstr(pop3_log(), "Input/output"));
	maildrop_unlock(&md);
	maildrop_close(&md);
	assert_int_equal(index_size(), size);
	assert_int_equal(session(), 0);
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
		cmocka_unit_test_setup(left_over, setup),
		cmocka_unit_test_setup(write_fails, setup),
		cmocka_unit_test_setup(read_fails, setup),
		cmocka_unit_test_setup(after_quit, setup),
		cmocka_unit_test_setup(only_marked, setup),
		cmocka_unit_test_setup(twins, setup),
		cmocka_unit_test_setup(strangers, setup),
		cmocka_unit_test_setup(not_worth_it, setup),
		cmocka_unit_test_setup(refused, setup),
	};

	return cmocka_run_group_tests(tests, pop3_setup, unit_teardown);
}
