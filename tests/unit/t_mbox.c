/*
 * t_mbox: messages into files, with locks, and what is no file for them.
 * wrap: fsync geteuid
 */
#include "tests/unit/unit.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>
#include <utime.h>

#include "common/deadline.h"
#include "common/log.h"
#include "delivery/mbox.h"
#include "delivery/mbox_lock.h"

#define LETTER "From a@x Sun Nov 22 17:00:00 2026\nSubject: x\n\nFrom b\n"
#define STORED "From a@x Sun Nov 22 17:00:00 2026\nSubject: x\n\n>From b\n\n"

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

static int
letter(const char *text)
{
	int fd = memfd_create("t", MFD_CLOEXEC);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	return fd;
}

/* The enhanced code of one that had to be done within wait. */
static const char *
append(const char *path, const char *text, int64_t wait)
{
	static struct failure f;
	int fd = letter(text), fds = unit_open_fds();

	f = (struct failure)FAILURE_NONE;
	(void)mbox_append(path, fd, wait, &f);
	assert_int_equal(unit_open_fds(), fds);
	assert_int_equal(close(fd), 0);
	if (f.diag.outcome != OUT_OK && f.diag.dsn[0] != '0')
		assert_true(f.wanted[0] != '\0' && f.found[0] != '\0');
	return f.diag.dsn;
}

static const char *
content(const char *name)
{
	static char text[1 << 21];
	int fd = open(unit_path(name), O_RDONLY);
	ssize_t n;

	assert_int_not_equal(fd, -1);
	assert_true((n = read(fd, text, sizeof(text) - 1)) >= 0);
	assert_int_equal(close(fd), 0);
	text[n] = '\0';
	return text;
}

static void
begin(const char *name)
{
	char lock[100];

	(void)snprintf(lock, sizeof(lock), "%s.lock", name);
	(void)unlink(unit_path(name));
	(void)unlink(unit_path(lock));
	self = 0;
}

static const char *
path_of(const char *name)
{
	static char path[200];

	(void)snprintf(path, sizeof(path), "%s", unit_path(name));
	return path;
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

/* A process that holds the fcntl(2) lock until its pipe is closed. */
struct holder {
	pid_t pid;
	int to, from;
};

static struct holder
hold(const char *path)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct holder h;
	int to[2], from[2], fd;
	char c;

	assert_int_equal(pipe2(to, O_CLOEXEC), 0);
	assert_int_equal(pipe2(from, O_CLOEXEC), 0);
	assert_int_not_equal(h.pid = fork(), -1);
	if (h.pid == 0) {
		(void)close(to[1]);
		fd = open(path, O_RDWR | O_CREAT, 0600);
		if (fd == -1 || fcntl(fd, F_SETLK, &l) == -1 ||
		    write(from[1], "x", 1) != 1)
			_exit(1);
		_exit(read(to[0], &c, 1) == -1);
	}
	(void)close(to[0]);
	(void)close(from[1]);
	assert_int_equal(read(from[0], &c, 1), 1);
	h.to = to[1];
	h.from = from[0];
	return h;
}

static void
let_go(struct holder h)
{
	int status;

	assert_int_equal(close(h.to), 0);
	assert_int_equal(close(h.from), 0);
	assert_int_equal(waitpid(h.pid, &status, 0), h.pid);
	assert_int_equal(status, 0);
}

static void
locked(void **state)
{
	struct holder h;

	(void)state;
	begin("m");
	h = hold(path_of("m"));
	assert_string_equal(append(path_of("m"), LETTER, 0), "4.2.0");
	assert_string_equal(append(path_of("m"), LETTER, 120), "4.2.0");
	assert_string_equal(content("m"), "");
	assert_int_equal(access(unit_path("m.lock"), F_OK), -1);
	let_go(h);
	assert_string_equal(append(path_of("m"), LETTER, 0), "2.0.0");
	assert_string_equal(content("m"), STORED);
}

/* Meanwhile it is replaced, as programs do that remove messages from it. */
static void
replace(void *arg)
{
	struct holder *h = arg;

	if (rename(unit_path("new"), unit_path("m")) == -1)
		_exit(1);
	if (kill(h->pid, SIGKILL) == -1)
		_exit(1);
}

static void
replaced(void **state)
{
	struct holder h;
	int status;
	pid_t pid;

	(void)state;
	begin("m");
	unit_file("new", "new\n\n", 5);
	h = hold(path_of("m"));
	assert_int_not_equal(pid = fork(), -1);
	if (pid == 0) {
		/* Not before the other has tried at least once. */
		(void)nanosleep(&(struct timespec){ 0, 80000000 }, NULL);
		replace(&h);
		_exit(0);
	}
	assert_string_equal(append(path_of("m"), LETTER, 20000), "2.0.0");
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(waitpid(h.pid, &status, 0), h.pid);
	(void)close(h.to);
	(void)close(h.from);
	assert_string_equal(content("m"), "new\n\n" STORED);
}

static void
age(const char *name, time_t seconds)
{
	struct utimbuf t;

	t.actime = t.modtime = time(NULL) - seconds;
	assert_int_equal(utime(unit_path(name), &t), 0);
}

static void
dot_locked(void **state)
{
	(void)state;
	begin("m");
	unit_file("m.lock", "1\n", 2);
	assert_string_equal(append(path_of("m"), LETTER, 0), "4.2.0");
	assert_string_equal(append(path_of("m"), LETTER, 120), "4.2.0");
	assert_string_equal(content("m"), "");
	age("m.lock", MBOX_STALE - 60);
	assert_string_equal(append(path_of("m"), LETTER, 0), "4.2.0");
	assert_string_equal(content("m.lock"), "1\n");
	age("m.lock", MBOX_STALE + 1);
	assert_string_equal(append(path_of("m"), LETTER, 5000), "2.0.0");
	assert_int_equal(access(unit_path("m.lock"), F_OK), -1);
	assert_string_equal(content("m"), STORED);
	/* What is no lock of anybody's is not removed, nor followed. */
	assert_int_equal(symlink(unit_path("x"), unit_path("m.lock")), 0);
	assert_string_equal(append(path_of("m"), LETTER, 0), "4.2.0");
	assert_int_equal(unlink(unit_path("m.lock")), 0);
	assert_int_equal(access(unit_path("x"), F_OK), -1);
}

/* Both locks while it writes, and the other's dot is not removed. */
static void
lock_and_unlock(void **state)
{
	struct mbox_lock l;
	int fd;

	(void)state;
	begin("m");
	fd = open(unit_path("m"), O_RDWR | O_CREAT, 0600);
	assert_int_not_equal(fd, -1);
	assert_int_equal(mbox_lock_try(&l, fd, path_of("m")), MBOX_LOCKED);
	assert_true(strlen(content("m.lock")) > 1);
	assert_int_equal(unlink(unit_path("m.lock")), 0);
	unit_file("other", "2\n", 2);
	assert_int_equal(rename(unit_path("other"), unit_path("m.lock")), 0);
	mbox_unlock(&l);
	assert_string_equal(content("m.lock"), "2\n");
	assert_int_equal(close(fd), 0);
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

static int
setup(void **state)
{
	if (unit_setup(state) == -1)
		return -1;
	unit_file("log", "", 0);
	log_open("t", LOG_TO_FILE, unit_path("log"));
	return 0;
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
		cmocka_unit_test(locked),
		cmocka_unit_test(replaced),
		cmocka_unit_test(dot_locked),
		cmocka_unit_test(lock_and_unlock),
		cmocka_unit_test(concurrent),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
