/*
 * t_maildir: messages into Maildirs, with every call failing in turn.
 * wrap: fsync sync_file_range ordered_names renameat2 linkat flock
 * wrap: clock_gettime
 */
#include "tests/unit/unit.h"

#include <sys/file.h>

#include <dirent.h>
#include <errno.h>
#include <time.h>

#include "delivery/maildir.h"

/* Of each call: how many there were, which fails (0: none), and how. */
struct fault {
	int calls, at, error;
};

static struct fault on_fsync, on_range, on_rename, on_link, on_flock;
static bool frozen, ordered;
static struct syncs syncs; /* one after the other */
static int base = -1;
static struct maildir_namer namer;
static char trace[64]; /* one letter per call, in order */

int __real_fsync(int);
int __wrap_fsync(int);
int __real_sync_file_range(int, off_t, off_t, unsigned int);
int __wrap_sync_file_range(int, off_t, off_t, unsigned int);
bool __wrap_ordered_names(int);
int __real_renameat2(int, const char *, int, const char *, unsigned int);
int __wrap_renameat2(int, const char *, int, const char *, unsigned int);
int __real_linkat(int, const char *, int, const char *, int);
int __wrap_linkat(int, const char *, int, const char *, int);
int __real_flock(int, int);
int __wrap_flock(int, int);
int __real_clock_gettime(clockid_t, struct timespec *);
int __wrap_clock_gettime(clockid_t, struct timespec *);

static bool
hit(struct fault *f, char letter)
{
	size_t n = strlen(trace);

	if (n + 1 < sizeof(trace))
		trace[n] = letter;
	if (++f->calls != f->at && f->at != -1)
		return false;
	errno = f->error;
	return true;
}

int
__wrap_fsync(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	if (hit(&on_fsync, S_ISDIR(st.st_mode) ? 'D' : 'F'))
		return -1;
	return __real_fsync(fd);
}

/* The hint, and the wait. */
int
__wrap_sync_file_range(int fd, off_t at, off_t n, unsigned int flags)
{
	if ((flags & SYNC_FILE_RANGE_WAIT_AFTER) != 0 && hit(&on_range, 'W'))
		return -1;
	return __real_sync_file_range(fd, at, n, flags);
}

bool
__wrap_ordered_names(int dir)
{
	assert_int_not_equal(fcntl(dir, F_GETFD), -1);
	return ordered;
}

int
__wrap_renameat2(int a, const char *from, int b, const char *to, unsigned int f)
{
	return hit(&on_rename, 'R') ? -1 : __real_renameat2(a, from, b, to, f);
}

int
__wrap_linkat(int a, const char *from, int b, const char *to, int f)
{
	return hit(&on_link, 'L') ? -1 : __real_linkat(a, from, b, to, f);
}

int
__wrap_flock(int fd, int op)
{
	return hit(&on_flock, 'l') ? -1 : __real_flock(fd, op);
}

int
__wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
	if (!frozen)
		return __real_clock_gettime(id, ts);
	*ts = (struct timespec){ 1700000000, 5000 };
	return 0;
}

static void
clear(void)
{
	on_fsync = on_range = (struct fault){ 0, 0, 0 };
	on_rename = on_link = on_flock = (struct fault){ 0, 0, 0 };
	memset(trace, 0, sizeof(trace));
	frozen = false;
}

static int
fresh(void **state)
{
	(void)state;
	if (base != -1)
		(void)close(base);
	(void)nftw(unit_path("base"), unit_remove, 16, FTW_DEPTH | FTW_PHYS);
	if (mkdir(unit_path("base"), 0700) == -1)
		return -1;
	base = open(unit_path("base"), O_PATH | O_DIRECTORY | O_CLOEXEC);
	maildir_namer_init(&namer, "mx.example.org");
	ordered = false;
	clear();
	return base == -1 ? -1 : 0;
}

static int
count(const char *dir)
{
	char path[100];
	const struct dirent *e;
	DIR *d;
	int n = 0;

	(void)snprintf(path, sizeof(path), "base/%s", dir);
	assert_non_null(d = opendir(unit_path(path)));
	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	assert_int_equal(closedir(d), 0);
	return n;
}

/* What batch does with a file that is written. */
static void
finish(struct maildir_file *f, struct failure *d)
{
	bool asked = false;

	maildir_flow(f);
	if (maildir_settle(f, &syncs, d) == OUT_OK) {
		syncs_wait(&syncs);
		asked = maildir_publish(f, &namer, &syncs, d) == OUT_OK;
	}
	if (asked) {
		maildir_sync(f, &syncs);
		syncs_wait(&syncs);
		(void)maildir_synced(f, &syncs, d);
	}
	maildir_drop(f, d->diag.outcome == OUT_OK);
}

/* One delivery as batch does it; the diag tells. */
static enum outcome
deliver(const char *path, struct failure *d)
{
	static const char text[] = "Return-Path: <>\n\nhello\n";
	struct maildir_file f = { .fd = -1 };
	struct maildir m;

	*d = (struct failure)FAILURE_NONE;
	if (maildir_open(&m, base, path, &namer) != OUT_OK)
		*d = m.failure;
	else if (maildir_create(&f, &m, &namer, d) == OUT_OK) {
		assert_int_equal(
		    write(f.fd, text, sizeof(text) - 1), sizeof(text) - 1);
		f.facts.size = sizeof(text) - 1;
		f.facts.wire = f.facts.size + 3;
		finish(&f, d);
	}
	maildir_close(&m);
	return d->diag.outcome;
}

static void
delivers(void **state)
{
	struct failure d;
	int fds = unit_open_fds();

	(void)state;
	assert_int_equal(deliver("a/Maildir", &d), OUT_OK);
	assert_int_equal(d.diag.outcome, OUT_OK);
	assert_int_equal(count("a/Maildir/new"), 1);
	assert_int_equal(count("a/Maildir/tmp"), 0);
	assert_int_equal(count("a/Maildir/cur"), 0);
	/* a, Maildir, tmp and cur, new; lock; file, name, directory */
	assert_string_equal(trace, "DDDDlFRD");

	clear();
	assert_int_equal(deliver("a/Maildir", &d), OUT_OK);
	assert_string_equal(trace, "lFRD");
	assert_int_equal(count("a/Maildir/new"), 2);

	/* One commit for file and name; both are waited for all the same. */
	clear();
	ordered = true;
	assert_int_equal(deliver("a/Maildir", &d), OUT_OK);
	assert_string_equal(trace, "lWRFD");
	assert_int_equal(count("a/Maildir/new"), 3);
	assert_int_equal(unit_open_fds(), fds);
}

static void
modes(void **state)
{
	const struct dirent *e;
	struct failure d;
	struct stat st;
	DIR *dir;

	(void)state;
	assert_int_equal(deliver("M", &d), OUT_OK);
	assert_non_null(dir = opendir(unit_path("base/M/new")));
	while ((e = readdir(dir)) != NULL && e->d_name[0] == '.')
		continue;
	assert_non_null(e);
	assert_int_equal(fstatat(dirfd(dir), e->d_name, &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(st.st_nlink, 1);
	assert_non_null(strstr(e->d_name, ".mx.example.org,S=23,W=26"));
	assert_int_equal(closedir(dir), 0);
}

struct failing {
	bool ordered;
	struct fault *call;
	int at, error;
	const char *dsn;
};

/* clang-format off */
static const struct failing failings[] = {
	{ false,	&on_fsync,	1, EIO,		"4.3.0" },	/* the file */
	{ false,	&on_fsync,	1, ENOSPC,	"4.3.1" },
	{ false,	&on_fsync,	1, EDQUOT,	"4.2.2" },
	{ false,	&on_fsync,	2, EIO,		"4.3.0" },	/* new */
	{ false,	&on_rename,	1, ENOSPC,	"4.3.1" },
	{ false,	&on_rename,	1, EDQUOT,	"4.2.2" },
	{ false,	&on_rename,	1, EROFS,	"4.2.1" },
	{ false,	&on_rename,	1, ENOENT,	"4.3.0" },
	{ false,	&on_rename,	-1, EEXIST,	"4.3.0" },	/* every time */
	{ false,	&on_flock,	-1, EWOULDBLOCK, "4.3.0" },
	{ true,	&on_range,	1, EIO,		"4.3.0" },	/* the content */
	{ true,	&on_range,	1, ENOSPC,	"4.3.1" },
	{ true,	&on_fsync,	1, EIO,		"4.3.0" },	/* the file */
	{ true,	&on_fsync,	1, EDQUOT,	"4.2.2" },
	{ true,	&on_fsync,	2, EIO,		"4.3.0" },	/* new */
	{ true,	&on_rename,	1, ENOSPC,	"4.3.1" },
};
/* clang-format on */

static void
fails(void **state)
{
	struct failure d;
	int fds;

	(void)state;
	assert_int_equal(deliver("M", &d), OUT_OK);
	fds = unit_open_fds();
	for (size_t i = 0; i < COUNT(failings); i++) {
		const struct failing *f = &failings[i];

		clear();
		ordered = f->ordered;
		f->call->at = f->at;
		f->call->error = f->error;
		assert_int_equal(deliver("M", &d), OUT_TEMP);
		assert_string_equal(d.diag.dsn, f->dsn);
		assert_string_equal(d.path, "M");
		assert_int_equal(count("M/new"), 1);
		assert_int_equal(count("M/tmp"), 0);
		assert_int_equal(unit_open_fds(), fds);
	}
	clear();
	assert_int_equal(deliver("M", &d), OUT_OK);
	assert_int_equal(count("M/new"), 2);
}

/* A name that is taken is left alone; the next one is tried. */
static void
collides(void **state)
{
	struct failure d;

	(void)state;
	assert_int_equal(deliver("M", &d), OUT_OK);
	clear();
	on_rename.at = 1;
	on_rename.error = EEXIST;
	assert_int_equal(deliver("M", &d), OUT_OK);
	assert_string_equal(trace, "lFRRD");
	assert_int_equal(count("M/new"), 2);
	assert_int_equal(count("M/tmp"), 0);
}

/*
 * The clock stands still, and a twin in another pid namespace has the same pid
 * and count; even if the inode were the same nothing is overwritten.
 */
static void
twins(void **state)
{
	struct maildir_facts facts = { { 1700000000, 5000 }, 0, 0, 0, 0 };
	char name[MAILDIR_NAME];
	struct maildir_namer twin = namer;
	struct maildir_file f;
	struct failure d = FAILURE_NONE;
	struct maildir m;

	(void)state;
	frozen = true;
	for (int i = 0; i < 3; i++)
		assert_int_equal(deliver("M", &d), OUT_OK);
	assert_int_equal(count("M/new"), 3);
	assert_int_equal(maildir_open(&m, base, "M", &namer), OUT_OK);
	assert_int_equal(maildir_create(&f, &m, &namer, &d), OUT_OK);
	twin.count = namer.count;
	facts.dev = f.facts.dev;
	facts.ino = f.facts.ino;
	maildir_name_final(&twin, &facts, name);
	assert_int_equal(
	    close(openat(m.new, name, O_CREAT | O_EXCL | O_RDWR, 0600)), 0);
	assert_int_equal(maildir_publish(&f, &namer, &syncs, &d), OUT_OK);
	assert_string_not_equal(f.name, name);
	assert_int_equal(on_rename.calls, 5);
	assert_int_equal(count("M/new"), 5);
	maildir_drop(&f, true);
	maildir_close(&m);
}

/* A cleaner has the lock, or has removed the file: another is made. */
static void
raced(void **state)
{
	struct failure d;

	(void)state;
	assert_int_equal(deliver("M", &d), OUT_OK);
	clear();
	on_flock.at = 1;
	on_flock.error = EWOULDBLOCK;
	assert_int_equal(deliver("M", &d), OUT_OK);
	assert_int_equal(on_flock.calls, 2);
	assert_int_equal(count("M/tmp"), 0);
	assert_int_equal(count("M/new"), 2);
	/* No locks on this file system: delivered without. */
	clear();
	on_flock.at = -1;
	on_flock.error = ENOLCK;
	assert_int_equal(deliver("M", &d), OUT_OK);
	assert_int_equal(count("M/new"), 3);
}

/* Without RENAME_NOREPLACE a link refuses to overwrite as well. */
static void
links(void **state)
{
	struct failure d;

	(void)state;
	assert_int_equal(deliver("M", &d), OUT_OK);
	clear();
	on_rename.at = -1;
	on_rename.error = EINVAL;
	assert_int_equal(deliver("M", &d), OUT_OK);
	assert_string_equal(trace, "lFRLD");
	assert_int_equal(count("M/new"), 2);
	assert_int_equal(count("M/tmp"), 0);
	clear();
	on_rename.at = -1;
	on_rename.error = EINVAL;
	on_link.at = 1;
	on_link.error = EEXIST;
	assert_int_equal(deliver("M", &d), OUT_OK);
	assert_string_equal(trace, "lFRLRLD");
	on_link = (struct fault){ 0, 1, EMLINK };
	assert_int_equal(deliver("M", &d), OUT_TEMP);
	assert_int_equal(count("M/tmp"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(delivers, fresh),
		cmocka_unit_test_setup(modes, fresh),
		cmocka_unit_test_setup(fails, fresh),
		cmocka_unit_test_setup(collides, fresh),
		cmocka_unit_test_setup(twins, fresh),
		cmocka_unit_test_setup(raced, fresh),
		cmocka_unit_test_setup(links, fresh),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
