/*
 * t_drop_place: a message is left in drop/ only when it is durable.
 * wrap: fsync renameat syncfs fstatvfs smtp_block_signals
 */
#include "tests/unit/unit.h"

#include <sys/statvfs.h>

#include <errno.h>
#include <sysexits.h>

#include <bsd/string.h>

#include "queue/drop_place.h"
#include "queue/submit_smtp.h"

static struct submit_settings settings = { .hostname = "mx.example.org",
	.mail_name = "example.org",
	.message_size = 1000,
	.header_size = 4096,
	.free_space = 100000,
	.recipients = 5 };

static struct submit_message m;
static char calls[20], fails; /* letters; the one that fails */
static uint64_t bytes_free, files_free;
static char name[DROP_NAME + 1];

int __real_fsync(int);
int __wrap_fsync(int);
int __real_renameat(int, const char *, int, const char *);
int __wrap_renameat(int, const char *, int, const char *);
int __wrap_syncfs(int);
int __wrap_fstatvfs(int, struct statvfs *);
void __wrap_smtp_block_signals(void);

static int
call(char which)
{
	size_t n = strlen(calls);

	assert_true(n + 1 < sizeof(calls));
	calls[n] = which;
	calls[n + 1] = '\0';
	errno = EIO;
	return which == fails ? -1 : 0;
}

int
__wrap_fsync(int fd)
{
	struct stat st;

	/* All of it was written by now. */
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(st.st_size > 0);
	return call('f') == -1 ? -1 : __real_fsync(fd);
}

int
__wrap_renameat(int a, const char *from, int b, const char *to)
{
	assert_int_equal(drop_kind(from), DROP_INCOMPLETE);
	assert_int_equal(drop_kind(to), DROP_WHOLE);
	return call('r') == -1 ? -1 : __real_renameat(a, from, b, to);
}

int
__wrap_syncfs(int fd)
{
	(void)fd;
	return call('s');
}

int
__wrap_fstatvfs(int fd, struct statvfs *v)
{
	(void)fd;
	memset(v, 0, sizeof(*v));
	v->f_frsize = 1;
	v->f_bavail = bytes_free;
	v->f_files = 1000;
	v->f_favail = files_free;
	return call('v');
}

void
__wrap_smtp_block_signals(void)
{
	(void)call('b');
}

static int
leave(size_t body)
{
	static const struct submit_options o;
	char text[2000];
	int status;

	calls[0] = '\0';
	memset(text, 'x', sizeof(text));
	submit_message_init(&m, &settings);
	m.body.limit = 5000;
	assert_int_equal(submit_message_rcpt(&m, "a@x"), 0);
	sbuf_puts(&m.header, "From: a@x\n");
	assert_int_equal(submit_spool_put(&m.body, text, body), 0);
	strlcpy(m.err, "away", sizeof(m.err));
	status = drop_leave(&m, &o, 1, name);
	submit_message_free(&m);
	return status;
}

static int
make(void **state)
{
	(void)state;
	fails = '\0';
	bytes_free = 1 << 20;
	files_free = 100;
	strlcpy(settings.spool_dir, unit_dir, sizeof(settings.spool_dir));
	assert_int_equal(mkdir(unit_path("drop"), 0700), 0);
	return chmod(unit_path("drop"), DROP_MODE);
}

static int
clear(void **state)
{
	(void)state;
	return rmdir(unit_path("drop"));
}

static void
remove_it(void)
{
	assert_true(drop_take_back(&settings, name));
	assert_true(drop_take_back(&settings, name));
}

static void
the_order_that_is_durable(void **state)
{
	char path[4096];
	struct drop_count c;
	struct stat st;

	(void)state;
	assert_int_equal(leave(10), 0);
	assert_string_equal(calls, "vfbrs");
	assert_int_equal(drop_kind(name), DROP_WHOLE);
	(void)snprintf(path, sizeof(path), "%s/drop/%s", unit_dir, name);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true(drop_count(settings.spool_dir, &c));
	assert_int_equal(c.waiting, 1);
	remove_it();
	assert_true(drop_count(settings.spool_dir, &c));
	assert_int_equal(c.waiting + c.refused, 0);
}

static void
whatever_the_umask(void **state)
{
	mode_t before = umask(0777);
	char path[4096];
	struct stat st;

	(void)state;
	assert_int_equal(leave(10), 0);
	(void)umask(before);
	(void)snprintf(path, sizeof(path), "%s/drop/%s", unit_dir, name);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	remove_it();
}

/* No file is left: rmdir in clear() would fail. */
static void
what_fails(void **state)
{
	static const char *const before[] = { "f", "r", "s" };
	static const char *const all[] = { "vf", "vfbr", "vfbrs" };

	(void)state;
	for (size_t i = 0; i < COUNT(before); i++) {
		fails = before[i][0];
		assert_int_equal(leave(10), EX_TEMPFAIL);
		assert_string_equal(calls, all[i]);
		assert_non_null(strstr(m.err, "away; path="));
		assert_non_null(strstr(m.err, "Input/output error"));
	}
}

static void
room(void **state)
{
	(void)state;
	bytes_free = 100000;
	assert_int_equal(leave(10), EX_TEMPFAIL);
	assert_string_equal(calls, "v");
	bytes_free = 100100;
	assert_int_equal(leave(10), 0);
	remove_it();
	files_free = 15;
	assert_int_equal(leave(10), EX_TEMPFAIL);
	files_free = 16;
	assert_int_equal(leave(1200), EX_DATAERR);
	assert_non_null(strstr(m.err, "at most 1000 bytes"));
}

static void
another_directory(void **state)
{
	(void)state;
	assert_int_equal(chmod(unit_path("drop"), 0777), 0);
	assert_int_equal(leave(10), EX_TEMPFAIL);
	assert_non_null(strstr(m.err, "wanted=mode-1733 found=mode-777"));
	assert_int_equal(rmdir(unit_path("drop")), 0);
	assert_int_equal(leave(10), EX_TEMPFAIL);
	assert_non_null(strstr(m.err, "wanted=directory"));
	assert_int_equal(symlink("/tmp", unit_path("drop")), 0);
	assert_int_equal(leave(10), EX_TEMPFAIL);
	assert_int_equal(unlink(unit_path("drop")), 0);
	assert_int_equal(mkdir(unit_path("drop"), 0700), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    the_order_that_is_durable, make, clear),
		cmocka_unit_test_setup_teardown(
		    whatever_the_umask, make, clear),
		cmocka_unit_test_setup_teardown(what_fails, make, clear),
		cmocka_unit_test_setup_teardown(room, make, clear),
		cmocka_unit_test_setup_teardown(another_directory, make, clear),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
