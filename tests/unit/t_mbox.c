/*
 * t_mbox: messages into files, and what is no file for them.
 * wrap: fsync geteuid
 */
#include "tests/unit/mbox.h"

#include <sys/resource.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>

static int sync_error; /* of the next fsync(2) */
static uid_t self;     /* who we are, or 0: as it is */

int __real_fsync(int);
int __wrap_fsync(int);
uid_t __real_geteuid(void);
uid_t __wrap_geteuid(void);

int
__wrap_fsync(int fd)
{
	if (sync_error != 0) {
		errno = sync_error;
		sync_error = 0;
		return -1;
	}
	return __real_fsync(fd);
}

uid_t
__wrap_geteuid(void)
{
	return self != 0 ? self : __real_geteuid();
}

static void
creates(void **state)
{
	mode_t old = umask(0);
	struct stat st;

	(void)state;
	begin("m");
	assert_string_equal(append(path_of("m"), LETTER, 0), "2.0.0");
	(void)umask(old);
	assert_int_equal(stat(unit_path("m"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_string_equal(content("m"), STORED);
	assert_string_equal(append(path_of("m"), LETTER, 0), "2.0.0");
	assert_string_equal(content("m"), STORED STORED);
	assert_int_equal(access(unit_path("m.lock"), F_OK), -1);
	/* No line end, and nothing at all. */
	begin("m");
	assert_string_equal(append(path_of("m"), "From a\nb", 0), "2.0.0");
	assert_string_equal(append(path_of("m"), "From a\n", 0), "2.0.0");
	assert_string_equal(content("m"), "From a\nb\n\nFrom a\n\n");
}

/* Whatever is there ends in an empty line before the next begins. */
static void
goes_on(void **state)
{
	static const struct {
		const char *before, *between;
	} rows[] = {
		{ "", "" },
		{ "\n", "\n" },
		{ "a", "\n\n" },
		{ "\n\n", "" },
		{ "a\n", "\n" },
		{ "From a\n\nb\n\n", "" },
		{ "From a\n\nb\n", "\n" },
		{ "From a\n\nb", "\n\n" },
	};
	char wanted[300];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		begin("m");
		unit_file("m", rows[i].before, strlen(rows[i].before));
		assert_string_equal(append(path_of("m"), LETTER, 0), "2.0.0");
		(void)snprintf(wanted, sizeof(wanted), "%s%s%s", rows[i].before,
		    rows[i].between, STORED);
		/* One LF alone is an empty line for nobody but us. */
		if (strcmp(rows[i].before, "\n") == 0)
			(void)snprintf(wanted, sizeof(wanted), "\n%s", STORED);
		assert_string_equal(content("m"), wanted);
	}
}

static void
refuses(void **state)
{
	struct stat st;

	(void)state;
	begin("m");
	unit_file("there", "x\n", 2);
	assert_string_equal(append("/dev/null", LETTER, 0), "2.0.0");
	assert_string_equal(append("/dev/zero", LETTER, 0), "4.3.5");
	assert_string_equal(append("m", LETTER, 0), "4.3.5");
	assert_string_equal(append(unit_dir, LETTER, 0), "4.3.5");
	assert_string_equal(append(path_of("nowhere/m"), LETTER, 0), "4.3.0");
	assert_int_equal(symlink(unit_path("there"), unit_path("m")), 0);
	assert_string_equal(append(path_of("m"), LETTER, 0), "4.3.5");
	begin("m");
	assert_int_equal(symlink(unit_path("none"), unit_path("m")), 0);
	assert_string_equal(append(path_of("m"), LETTER, 0), "4.3.5");
	assert_int_equal(lstat(unit_path("none"), &st), -1);
	begin("m");
	assert_int_equal(mkfifo(unit_path("m"), 0600), 0);
	assert_string_equal(append(path_of("m"), LETTER, 0), "4.3.5");
	begin("m");
	assert_int_equal(link(unit_path("there"), unit_path("m")), 0);
	assert_string_equal(append(path_of("m"), LETTER, 0), "4.3.5");
	begin("m");
	assert_string_equal(content("there"), "x\n");
}

/* Another user's, which root could write to as well. */
static void
owners(void **state)
{
	(void)state;
	begin("m");
	unit_file("m", "", 0);
	if (getuid() == 0)
		assert_int_equal(chown(unit_path("m"), 4321, 4321), 0);
	self = 1234;
	assert_string_equal(append(path_of("m"), LETTER, 0), "4.3.5");
	assert_string_equal(content("m"), "");
	self = getuid() == 0 ? 4321 : getuid();
	assert_string_equal(append(path_of("m"), LETTER, 0), "2.0.0");
	self = 0;
}

/* Nothing of a message stays that is not on the disk. */
static void
fails(void **state)
{
	static const struct {
		int error;
		const char *dsn;
	} rows[] = { { EIO, "4.3.0" }, { ENOSPC, "4.3.1" },
		{ EDQUOT, "4.2.2" } };

	(void)state;
	begin("m");
	unit_file("m", STORED, strlen(STORED));
	for (size_t i = 0; i < COUNT(rows); i++) {
		sync_error = rows[i].error;
		assert_string_equal(
		    append(path_of("m"), LETTER, 0), rows[i].dsn);
		assert_string_equal(content("m"), STORED);
		assert_int_equal(access(unit_path("m.lock"), F_OK), -1);
	}
}

/* Runs it in a process of its own; its status. */
static int
elsewhere(void (*f)(void *), void *arg)
{
	int status;
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		f(arg);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
limited(void *arg)
{
	const struct rlimit r = { 65536 + 100, 65536 + 100 };
	static char text[100000];

	(void)arg;
	(void)signal(SIGXFSZ, SIG_IGN);
	memset(text, 'a', sizeof(text) - 1);
	text[10] = '\n';
	if (setrlimit(RLIMIT_FSIZE, &r) == -1)
		_exit(2);
	/* The letter was written before, as pipe's is. */
	_exit(strcmp(append(path_of("m"), LETTER, 0), "4.3.1") == 0 ? 0 : 1);
}

/* A part of it was written. */
static void
short_write(void **state)
{
	static char full[65536 + 90];

	(void)state;
	begin("m");
	memset(full, 'a', sizeof(full));
	full[sizeof(full) - 1] = full[sizeof(full) - 2] = '\n';
	unit_file("m", full, sizeof(full));
	assert_int_equal(elsewhere(limited, NULL), 0);
	assert_int_equal(strlen(content("m")), sizeof(full));
	assert_memory_equal(content("m"), full, sizeof(full));
}

#define WRITERS 4
#define EACH 15

static void
write_many(void *arg)
{
	char text[20000];
	int n = *(int *)arg;

	for (int i = 0; i < EACH; i++) {
		memset(text, 'a' + n, sizeof(text));
		memcpy(text, "From x\n", 7);
		text[sizeof(text) - 1 - (size_t)i] = '\0';
		if (strcmp(append(path_of("m"), text, 60000), "2.0.0") != 0)
			_exit(1);
	}
}

static void
concurrent(void **state)
{
	pid_t pids[WRITERS];
	size_t messages = 0;
	int status;

	(void)state;
	begin("m");
	for (int i = 0; i < WRITERS; i++) {
		assert_int_not_equal(pids[i] = fork(), -1);
		if (pids[i] == 0) {
			write_many(&i);
			_exit(0);
		}
	}
	for (int i = 0; i < WRITERS; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	for (const char *p = content("m"); *p != '\0'; messages++) {
		assert_memory_equal(p, "From x\n", 7);
		p += 7;
		p += strspn(p, (char[]){ *p, '\0' }); /* of one writer */
		assert_memory_equal(p, "\n\n", 2);
		p += 2;
	}
	assert_int_equal(messages, WRITERS * EACH);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(creates),
		cmocka_unit_test(goes_on),
		cmocka_unit_test(refuses),
		cmocka_unit_test(owners),
		cmocka_unit_test(fails),
		cmocka_unit_test(short_write),
		cmocka_unit_test(concurrent),
	};

	return cmocka_run_group_tests(tests, mbox_setup, unit_teardown);
}
