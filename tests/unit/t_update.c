/*
 * t_update: removing at QUIT, with unlink and fsync failing in turn.
 * wrap: unlinkat fsync
 */
#include "tests/unit/pop3.h"

#include <errno.h>

#include "pop3d/update.h"

static int unlinks, unlink_fails_at, unlink_errno;
static int fsyncs, fsync_fails_at;
static char order[32]; /* u and f, as they came */

int __real_unlinkat(int, const char *, int);
int __wrap_unlinkat(int, const char *, int);
int __wrap_fsync(int);

static void
note(char c)
{
	size_t n = strlen(order);

	assert_true(n + 1 < sizeof(order));
	order[n] = c;
}

int
__wrap_unlinkat(int dir, const char *name, int flags)
{
	note('u');
	if (++unlinks == unlink_fails_at) {
		errno = unlink_errno;
		return -1;
	}
	return __real_unlinkat(dir, name, flags);
}

int
__wrap_fsync(int fd)
{
	(void)fd;
	note('f');
	if (++fsyncs == fsync_fails_at) {
		errno = EIO;
		return -1;
	}
	return 0;
}

static void
start(struct maildrop *md)
{
	pop3_mail("new/1.a", "x");
	pop3_mail("new/2.b", "x");
	pop3_mail("cur/3.c:2,S", "x");
	pop3_open(md);
	unlinks = fsyncs = unlink_fails_at = fsync_fails_at = 0;
	memset(order, 0, sizeof(order));
}

static void
mark(struct maildrop *md, const char *which)
{
	for (; *which != '\0'; which++)
		md->messages[*which - '1'].deleted = true;
}

static void
expect(struct update *u, size_t marked, size_t failed, bool synced)
{
	assert_int_equal(u->marked, marked);
	assert_int_equal(u->failed, failed);
	assert_int_equal(u->synced, synced);
}

static void
nothing(void **state)
{
	struct maildrop md;
	struct update u;

	(void)state;
	start(&md);
	update_run(&md, &u);
	expect(&u, 0, 0, true);
	assert_string_equal(order, "");
	maildrop_close(&md);
}

/* Each directory is synced once, after all removals, and only if touched. */
static void
synced_once(void **state)
{
	static const struct {
		const char *which, *order;
	} rows[] = { { "123", "uuuff" }, { "12", "uuf" }, { "3", "uf" } };
	struct maildrop md;
	struct update u;

	for (size_t i = 0; i < COUNT(rows); i++) {
		start(&md);
		mark(&md, rows[i].which);
		update_run(&md, &u);
		expect(&u, strlen(rows[i].which), 0, true);
		assert_string_equal(order, rows[i].order);
		assert_int_equal(pop3_has("new/1.a"), rows[i].which[0] != '1');
		assert_int_equal(pop3_has("cur/3.c:2,S"), i == 1);
		maildrop_close(&md);
		(void)pop3_clean(state);
	}
}

static void
unlink_fails(void **state)
{
	static const int errors[] = { EACCES, EIO, EPERM, EROFS };
	struct maildrop md;
	struct update u;

	for (size_t i = 0; i < COUNT(errors); i++) {
		start(&md);
		mark(&md, "123");
		unlink_fails_at = 2;
		unlink_errno = errors[i];
		update_run(&md, &u);
		expect(&u, 3, 1, true);
		assert_false(pop3_has("new/1.a"));
		assert_true(pop3_has("new/2.b"));
		assert_false(pop3_has("cur/3.c:2,S"));
		assert_non_null(strstr(pop3_log(), BOX "/new/2.b"));
		maildrop_close(&md);
		(void)pop3_clean(state);
	}
}

static void
fsync_fails(void **state)
{
	struct maildrop md;
	struct update u;

	for (int at = 1; at <= 2; at++) {
		start(&md);
		mark(&md, "13");
		fsync_fails_at = at;
		update_run(&md, &u);
		expect(&u, 2, 0, false);
		assert_int_equal(fsyncs, 2);
		maildrop_close(&md);
		(void)pop3_clean(state);
	}
}

static void
renamed(void **state)
{
	struct maildrop md;
	struct update u;

	(void)state;
	start(&md);
	mark(&md, "13");
	pop3_rename("new/1.a", "cur/1.a:2,S");
	pop3_rename("cur/3.c:2,S", "cur/3.c:2,FS");
	update_run(&md, &u);
	expect(&u, 2, 0, true);
	assert_false(pop3_has("cur/1.a:2,S"));
	assert_false(pop3_has("cur/3.c:2,FS"));
	assert_true(pop3_has("new/2.b"));
	maildrop_close(&md);
}

static void
removed_by_others(void **state)
{
	struct maildrop md;
	struct update u;

	(void)state;
	start(&md);
	mark(&md, "12");
	assert_int_equal(unlink(BOX "/new/1.a"), 0);
	update_run(&md, &u);
	expect(&u, 2, 0, true);
	assert_int_equal(fsyncs, 2);
	assert_false(pop3_has("new/2.b"));
	maildrop_close(&md);
}

static void
check_sum(const char *wanted)
{
	char text[200];
	int fd = open(BOX "/maildirsize", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	assert_int_not_equal(fd, -1);
	n = read(fd, text, sizeof(text) - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	assert_int_equal(close(fd), 0);
	assert_string_equal(text, wanted);
}

/* What is gone is taken from the sum, once, where there is one. */
static void
subtracts(void **state)
{
	struct maildrop md;
	struct update u;

	(void)state;
	start(&md);
	pop3_mail("cur/4.d,S=500:2,S", "not as long");
	maildrop_close(&md);
	pop3_open(&md);
	pop3_mail("maildirsize", "1000S\n503 4\n");
	mark(&md, "1234");
	unlink_fails_at = 2;
	unlink_errno = EPERM;
	unlinks = 0;
	update_run(&md, &u);
	expect(&u, 4, 1, true);
	check_sum("1000S\n503 4\n-502 -3\n");
	for (size_t i = 0; i < md.count; i++)
		md.messages[i].deleted = false;
	update_run(&md, &u);
	check_sum("1000S\n503 4\n-502 -3\n");
	maildrop_close(&md);
}

static void
subtracts_from_nothing(void **state)
{
	struct maildrop md;
	struct update u;

	(void)state;
	start(&md);
	mark(&md, "1");
	update_run(&md, &u);
	expect(&u, 1, 0, true);
	assert_false(pop3_has("maildirsize"));
	maildrop_close(&md);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing, pop3_clean),
		cmocka_unit_test_setup(synced_once, pop3_clean),
		cmocka_unit_test_setup(unlink_fails, pop3_clean),
		cmocka_unit_test_setup(fsync_fails, pop3_clean),
		cmocka_unit_test_setup(renamed, pop3_clean),
		cmocka_unit_test_setup(removed_by_others, pop3_clean),
		cmocka_unit_test_setup(subtracts, pop3_clean),
		cmocka_unit_test_setup(subtracts_from_nothing, pop3_clean),
	};

	return cmocka_run_group_tests(tests, pop3_setup, unit_teardown);
}
