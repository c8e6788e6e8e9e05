/*
 * t_scan: the list of messages while other programs work in the Maildir.
 * wrap: getdents64
 */
#include "tests/unit/pop3.h"

#include <dirent.h>
#include <errno.h>

#include "pop3d/scan.h"

static void (*between)(void); /* runs once, at the end of new/ */
static int getdents_errno;

ssize_t __real_getdents64(int, void *, size_t);
ssize_t __wrap_getdents64(int, void *, size_t);

ssize_t
__wrap_getdents64(int fd, void *buf, size_t size)
{
	void (*run)(void) = between;
	ssize_t n;

	if (getdents_errno != 0) {
		errno = getdents_errno;
		return -1;
	}
	if ((n = __real_getdents64(fd, buf, size)) == 0 && run != NULL) {
		between = NULL;
		run();
	}
	return n;
}

static const char *
name_at(const struct maildrop *md, size_t i)
{
	static char s[4][300];
	static unsigned int turn;
	const struct message *m = &md->messages[i];

	turn = (turn + 1) % 4;
	(void)snprintf(s[turn], sizeof(s[turn]), "%s/%s%s",
	    subdir_names[m->sub], m->base, m->info);
	return s[turn];
}

static void
sorted(void **state)
{
	static const char *const names[] = { "cur/2.M1P1.h:2,S",
		"new/10.M1P1.h", "cur/10.M2P1.h:2,", "new/10.M10P1.h,S=3,W=4",
		"new/100.a" };
	struct maildrop md;

	(void)state;
	for (size_t i = COUNT(names); i-- > 0;)
		pop3_mail(names[i], "x");
	pop3_mail("new/.hidden", "x");
	pop3_mail("tmp/5.M1P1.h", "x");
	assert_int_equal(mkdir(BOX "/new/3.dir", 0700), 0);
	assert_int_equal(symlink("/etc/passwd", BOX "/cur/4.link"), 0);
	assert_int_equal(mkfifo(BOX "/cur/5.fifo", 0600), 0);
	pop3_open(&md);
	assert_int_equal(md.count, COUNT(names));
	for (size_t i = 0; i < COUNT(names); i++)
		assert_string_equal(name_at(&md, i), names[i]);
	assert_int_equal(md.messages[3].size, 4);
	assert_true(md.messages[0].size == SIZE_UNKNOWN);
	assert_non_null(strstr(pop3_log(), "new/3.dir"));
	assert_non_null(strstr(pop3_log(), "cur/4.link"));
	assert_non_null(strstr(pop3_log(), "cur/5.fifo"));
	maildrop_close(&md);
}

static void
move_a(void)
{
	pop3_rename("new/1.a", "cur/1.a:2,");
}

static void
link_a(void)
{
	assert_int_equal(link(BOX "/new/1.a", BOX "/cur/1.a:2,"), 0);
}

/* Moved, or just being moved with link and unlink: one message. */
static void
seen_twice(void **state)
{
	void (*const ways[])(void) = { move_a, link_a };
	struct maildrop md;

	for (size_t i = 0; i < COUNT(ways); i++) {
		pop3_mail("new/1.a", "x");
		pop3_mail("cur/1.aa:2,", "x");
		pop3_mail("new/2.b", "x");
		between = ways[i];
		pop3_open(&md);
		assert_int_equal(md.count, 3);
		assert_string_equal(md.messages[0].base, "1.a");
		assert_true(pop3_has(name_at(&md, 0)));
		assert_false(md.messages[0].twin);
		assert_string_equal(name_at(&md, 1), "cur/1.aa:2,");
		maildrop_close(&md);
		(void)pop3_clean(state);
	}
}

/* Two files with one base stay two messages and are never mixed up. */
static void
twins(void **state)
{
	struct maildrop md;

	(void)state;
	pop3_mail("new/1.a", "x");
	pop3_mail("cur/1.a:2,", "y");
	pop3_mail("cur/1.a:2,S", "z");
	pop3_open(&md);
	assert_int_equal(md.count, 3);
	assert_string_equal(name_at(&md, 0), "new/1.a");
	assert_string_equal(name_at(&md, 1), "cur/1.a:2,");
	assert_string_equal(name_at(&md, 2), "cur/1.a:2,S");
	for (size_t i = 0; i < 3; i++)
		assert_true(md.messages[i].twin);
	pop3_rename("cur/1.a:2,S", "cur/1.a:2,SF");
	assert_true(scan_again(&md, true));
	assert_string_equal(name_at(&md, 2), "cur/1.a:2,S");
	maildrop_close(&md);
}

static void
renamed(void **state)
{
	struct maildrop md;

	(void)state;
	pop3_mail("new/1.a", "x");
	pop3_mail("new/2.b", "x");
	pop3_mail("cur/3.c:2,S", "x");
	pop3_open(&md);
	pop3_rename("new/1.a", "cur/1.a:2,RS");
	pop3_rename("cur/3.c:2,S", "cur/3.c:2,");
	pop3_mail("new/0.new", "x");
	assert_int_equal(unlink(BOX "/new/2.b"), 0);
	assert_true(scan_again(&md, false));
	assert_int_equal(md.count, 3);
	assert_string_equal(name_at(&md, 0), "cur/1.a:2,RS");
	assert_string_equal(name_at(&md, 1), "new/2.b");
	assert_string_equal(name_at(&md, 2), "cur/3.c:2,");
	pop3_rename("cur/1.a:2,RS", "cur/1.a:2,FRS");
	assert_true(scan_again(&md, false));
	assert_string_equal(name_at(&md, 0), "cur/1.a:2,FRS");
	maildrop_close(&md);
}

static void
limited(void **state)
{
	struct maildrop md;
	int n;

	(void)state;
	pop3_mail("new/1.a", "x");
	pop3_open(&md);
	for (n = 0; scan_again(&md, false); n++)
		assert_true(n < 100);
	assert_int_equal(errno, EAGAIN);
	assert_true(n >= 16);
	assert_true(scan_again(&md, true));
	maildrop_close(&md);
}

static void
failing(void **state)
{
	struct maildrop md;

	(void)state;
	pop3_mail("new/1.a", "x");
	getdents_errno = EIO;
	assert_int_equal(maildrop_open(&md, "a", BOX), MAILDROP_TEMP);
	maildrop_close(&md);
	getdents_errno = 0;
	pop3_open(&md);
	getdents_errno = EIO;
	assert_false(scan_again(&md, true));
	getdents_errno = 0;
	maildrop_close(&md);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sorted, pop3_clean),
		cmocka_unit_test_setup(seen_twice, pop3_clean),
		cmocka_unit_test_setup(twins, pop3_clean),
		cmocka_unit_test_setup(renamed, pop3_clean),
		cmocka_unit_test_setup(limited, pop3_clean),
		cmocka_unit_test_setup(failing, pop3_clean),
	};

	return cmocka_run_group_tests(tests, pop3_setup, unit_teardown);
}
