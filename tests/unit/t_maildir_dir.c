/*
 * t_maildir_dir: which directories are Maildirs, and are made and held.
 * wrap: fsync ordered_names
 */
#include "tests/unit/unit.h"

#include <errno.h>

#include "delivery/maildir_dir.h"

static struct maildir_namer namer;
static int base = -1, syncs, fails_at;
static bool journal, ordered;

int __real_fsync(int);
int __wrap_fsync(int);
bool __wrap_ordered_names(int);

int
__wrap_fsync(int fd)
{
	if (++syncs == fails_at) {
		errno = EIO;
		return -1;
	}
	return __real_fsync(fd);
}

bool
__wrap_ordered_names(int dir)
{
	struct stat st;

	assert_int_equal(fstat(dir, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	return journal;
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
	syncs = fails_at = 0;
	return base == -1 ? -1 : 0;
}

static const char *
detail(const struct failure *f)
{
	static char text[1000];

	(void)snprintf(text, sizeof(text), "path=%s wanted=%s found=%s",
	    f->path, f->wanted, f->found);
	return text;
}

/* Opens and closes it; why it cannot be in the failure. */
static enum outcome
opens(const char *path, struct failure *d)
{
	int fds = unit_open_fds();
	struct maildir m;

	syncs = 0;
	(void)maildir_open(&m, base, path, &namer);
	*d = m.failure;
	ordered = m.ordered;
	assert_int_equal(
	    unit_open_fds() - fds, d->diag.outcome == OUT_OK ? 2 : 0);
	maildir_close(&m);
	assert_int_equal(unit_open_fds(), fds);
	return d->diag.outcome;
}

/* Every directory on the way is durable, once. */
static void
makes(void **state)
{
	static const char *const dirs[] = { "a", "a/M", "a/M/tmp", "a/M/cur",
		"a/M/new" };
	struct failure d;
	struct stat st;

	(void)state;
	assert_int_equal(opens("a/M", &d), OUT_OK);
	assert_int_equal(syncs, 4); /* a, M, tmp with cur, new */
	for (size_t i = 0; i < COUNT(dirs); i++) {
		assert_int_equal(fstatat(base, dirs[i], &st, 0), 0);
		assert_int_equal(st.st_mode, S_IFDIR | 0700);
	}
	assert_int_equal(opens("a/M", &d), OUT_OK);
	assert_int_equal(syncs, 0);
}

/* What is known of the disk is known by whoever writes. */
static void
knows_order(void **state)
{
	struct failure d;

	(void)state;
	for (int i = 0; i < 2; i++) {
		journal = i == 0;
		assert_int_equal(opens("M", &d), OUT_OK);
		assert_int_equal(ordered, journal);
	}
}

/* Directories that could not be made durable are not delivered to. */
static void
fails_making(void **state)
{
	struct failure d;

	for (int at = 1; at <= 4; at++) {
		assert_int_equal(fresh(state), 0);
		fails_at = at;
		assert_int_equal(opens("a/M", &d), OUT_TEMP);
		assert_string_equal(d.diag.dsn, "4.3.0");
		fails_at = 0;
		assert_int_equal(opens("a/M", &d), OUT_OK);
	}
}

/* Each directory in turn is a link to one that would do. */
static void
refuses_links(void **state)
{
	static const char *const dirs[] = { "a", "a/M", "a/M/tmp", "a/M/new",
		"a/M/cur" };
	struct failure d;
	char real[32], target[40];

	for (size_t i = 0; i < COUNT(dirs); i++) {
		assert_int_equal(fresh(state), 0);
		assert_int_equal(opens("a/M", &d), OUT_OK);
		(void)snprintf(real, sizeof(real), "real%zu", i);
		(void)snprintf(target, sizeof(target), "base/%s", real);
		assert_int_equal(renameat(base, dirs[i], base, real), 0);
		assert_int_equal(
		    symlinkat(unit_path(target), base, dirs[i]), 0);
		assert_int_equal(opens("a/M", &d), OUT_TEMP);
		assert_string_equal(d.diag.dsn, "4.3.5");
		assert_string_equal(d.found, "symbolic link");
	}
}

struct bad {
	const char *dir;
	mode_t mode;
	const char *found;
};

/* clang-format off */
static const struct bad bads[] = {
	{ "M",		0720,	"path=M wanted=no write permission for others found=mode 0720" },
	{ "M",		0702,	"path=M wanted=no write permission for others found=mode 0702" },
	{ "M",		01777,	"path=M wanted=no write permission for others found=mode 1777" },
	{ "M/tmp",	0770,	"path=M/tmp wanted=no write permission for others found=mode 0770" },
	{ "M/new",	0703,	"path=M/new wanted=no write permission for others found=mode 0703" },
	{ "M/cur",	0777,	"path=M/cur wanted=no write permission for others found=mode 0777" },
	{ "M",		0755,	NULL },
	{ "M/new",	0750,	NULL },
};
/* clang-format on */

static void
refuses_modes(void **state)
{
	struct failure d;
	int fds;

	(void)state;
	assert_int_equal(opens("M", &d), OUT_OK);
	fds = unit_open_fds();
	for (size_t i = 0; i < COUNT(bads); i++) {
		assert_int_equal(
		    fchmodat(base, bads[i].dir, bads[i].mode, 0), 0);
		if (bads[i].found == NULL)
			assert_int_equal(opens("M", &d), OUT_OK);
		else {
			assert_int_equal(opens("M", &d), OUT_TEMP);
			assert_string_equal(d.diag.dsn, "4.3.5");
			assert_string_equal(detail(&d), bads[i].found);
		}
		assert_int_equal(fchmodat(base, bads[i].dir, 0700, 0), 0);
		assert_int_equal(unit_open_fds(), fds);
	}
}

static void
refuses_owner(void **state)
{
	static const char *const dirs[] = { "M/new", "M" };
	struct failure d;
	char want[80];

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(opens("M", &d), OUT_OK);
	for (size_t i = 0; i < COUNT(dirs); i++) {
		assert_int_equal(fchownat(base, dirs[i], 65534, -1u, 0), 0);
		assert_int_equal(opens("M", &d), OUT_TEMP);
		(void)snprintf(want, sizeof(want),
		    "path=%s wanted=own directory found=owner 65534", dirs[i]);
		assert_string_equal(detail(&d), want);
		assert_int_equal(fchownat(base, dirs[i], 0, -1u, 0), 0);
	}
}

static void
refuses_paths(void **state)
{
	static const char *const paths[] = { "", ".", "..", "../M", "/tmp/M",
		"a/../M", "a//M", "a/", "M/." };
	struct failure d;

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		assert_int_equal(opens(paths[i], &d), OUT_TEMP);
		assert_string_equal(d.diag.dsn, "4.3.5");
		assert_int_equal(syncs, 0);
	}
	unit_file("base/file", "x", 1);
	assert_int_equal(opens("file", &d), OUT_TEMP);
	assert_string_equal(
	    detail(&d), "path=file wanted=directory found=something else");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(makes, fresh),
		cmocka_unit_test_setup(knows_order, fresh),
		cmocka_unit_test(fails_making),
		cmocka_unit_test(refuses_links),
		cmocka_unit_test_setup(refuses_modes, fresh),
		cmocka_unit_test_setup(refuses_owner, fresh),
		cmocka_unit_test_setup(refuses_paths, fresh),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
