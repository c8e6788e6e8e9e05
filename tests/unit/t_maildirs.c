/*
 * t_maildirs: Maildirs that stay open while their owner changes them.
 */
#include "tests/unit/unit.h"

#include <errno.h>

#include "delivery/maildirs.h"

static struct maildirs c;
static struct maildir_namer namer;
static int base = -1;

static int
fresh(void **state)
{
	(void)state;
	(void)nftw(unit_path("base"), unit_remove, 16, FTW_DEPTH | FTW_PHYS);
	if (mkdir(unit_path("base"), 0700) == -1)
		return -1;
	base = open(unit_path("base"), O_PATH | O_DIRECTORY | O_CLOEXEC);
	maildir_namer_init(&namer, "mx.example.org");
	maildirs_init(&c, base);
	return base == -1 ? -1 : 0;
}

static int
done(void **state)
{
	(void)state;
	maildirs_close(&c);
	return close(base);
}

/* In a new batch; its dsn. */
static const char *
get(const char *path, struct maildir **m)
{
	maildirs_turn(&c);
	*m = maildirs_get(&c, path, &namer);
	assert_ptr_equal(maildirs_get(&c, path, &namer), *m);
	return (*m)->failure.diag.outcome == OUT_OK ? "ok"
						    : (*m)->failure.diag.dsn;
}

static ino_t
inode(int dir, const char *path)
{
	struct stat st;

	assert_int_equal(fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_ino;
}

/* Whether what is open is what the path leads to. */
static void
assert_is(const struct maildir *m, const char *new, const char *tmp)
{
	assert_int_equal(inode(m->new, "."), inode(base, new));
	assert_int_equal(inode(m->tmp, "."), inode(base, tmp));
}

static void
kept(void **state)
{
	struct maildir *a, *b;
	int fd;

	(void)state;
	assert_string_equal(get("a/M", &a), "ok");
	assert_is(a, "a/M/new", "a/M/tmp");
	fd = a->new;
	for (int i = 0; i < 3; i++) {
		assert_string_equal(get("b/M", &b), "ok");
		assert_ptr_not_equal(a, b);
		assert_string_equal(get("a/M", &b), "ok");
		assert_ptr_equal(a, b);
		assert_int_equal(a->new, fd);
	}
	assert_int_equal(c.count, 2);
}

/* The owner puts another in the place of any of the directories. */
static void
replaced(void **state)
{
	static const char *const dirs[] = { "a", "a/M", "a/M/tmp", "a/M/cur",
		"a/M/new" };
	struct maildir *m;
	char aside[20];

	(void)state;
	for (size_t i = 0; i < COUNT(dirs); i++) {
		(void)snprintf(aside, sizeof(aside), "old%zu", i);
		assert_string_equal(get("a/M", &m), "ok");
		assert_int_equal(renameat(base, dirs[i], base, aside), 0);
		assert_string_equal(get("a/M", &m), "ok");
		assert_is(m, "a/M/new", "a/M/tmp");
		assert_int_equal(inode(base, dirs[i]) == inode(base, aside), 0);
	}
}

/* A link to what was there before is a link all the same. */
static void
linked(void **state)
{
	static const char *const dirs[] = { "a", "a/M", "a/M/tmp", "a/M/cur",
		"a/M/new" };
	struct maildir *m;
	char aside[20], target[300];

	(void)state;
	for (size_t i = 0; i < COUNT(dirs); i++) {
		assert_string_equal(get("a/M", &m), "ok");
		(void)snprintf(aside, sizeof(aside), "old%zu", i);
		(void)snprintf(
		    target, sizeof(target), "%s/base/%s", unit_dir, aside);
		assert_int_equal(renameat(base, dirs[i], base, aside), 0);
		assert_int_equal(symlinkat(target, base, dirs[i]), 0);
		assert_string_equal(get("a/M", &m), "4.3.5");
		assert_int_equal(m->new, -1);
		assert_int_equal(unlinkat(base, dirs[i], 0), 0);
		assert_int_equal(renameat(base, aside, base, dirs[i]), 0);
	}
	assert_string_equal(get("a/M", &m), "ok");
}

static void
opened_up(void **state)
{
	static const char *const dirs[] = { "M", "M/tmp", "M/cur", "M/new" };
	struct maildir *m;

	(void)state;
	for (size_t i = 0; i < COUNT(dirs); i++) {
		assert_string_equal(get("M", &m), "ok");
		assert_int_equal(fchmodat(base, dirs[i], 0770, 0), 0);
		assert_string_equal(get("M", &m), "4.3.5");
		assert_int_equal(fchmodat(base, dirs[i], 0700, 0), 0);
		/* A failure is not kept either. */
		assert_string_equal(get("M", &m), "ok");
		assert_is(m, "M/new", "M/tmp");
	}
}

static void
removed(void **state)
{
	struct maildir *m;

	(void)state;
	assert_string_equal(get("M", &m), "ok");
	assert_int_equal(
	    nftw(unit_path("base/M"), unit_remove, 16, FTW_DEPTH | FTW_PHYS),
	    0);
	assert_string_equal(get("M", &m), "ok");
	assert_is(m, "M/new", "M/tmp");
}

static bool
dead_is_there(void)
{
	return faccessat(base, "M/tmp/1.M1P1Q1R1.mx.example.org.postrider",
		   F_OK, 0) == 0;
}

/* What died meanwhile goes, when it is time. */
static void
cleaned(void **state)
{
	char name[] = "base/M/tmp/1.M1P1Q1R1.mx.example.org.postrider";
	struct maildir *m;

	(void)state;
	assert_string_equal(get("M", &m), "ok");
	unit_file(name, "x", 1);
	assert_string_equal(get("M", &m), "ok");
	assert_true(dead_is_there());
	m->cleaned -= MAILDIR_CLEAN_EVERY;
	assert_string_equal(get("M", &m), "ok");
	assert_false(dead_is_there());
}

/* No more than so many, and those of a batch together. */
static void
bounded(void **state)
{
	struct maildir *all[MAILDIRS_MOST], *m;
	char name[20];
	int fds = unit_open_fds();

	(void)state;
	for (int turn = 0; turn < 3; turn++) {
		maildirs_turn(&c);
		for (int i = 0; i < MAILDIRS_MOST; i++) {
			(void)snprintf(name, sizeof(name), "M%d", i + turn);
			all[i] = maildirs_get(&c, name, &namer);
		}
		for (int i = 0; i < MAILDIRS_MOST; i++) {
			(void)snprintf(name, sizeof(name), "M%d", i + turn);
			assert_string_equal(all[i]->path, name);
			assert_ptr_equal(
			    maildirs_get(&c, name, &namer), all[i]);
		}
		assert_int_equal(unit_open_fds() - fds, 2 * MAILDIRS_MOST);
	}
	/* Least lately used: the first of this turn stays. */
	assert_string_equal(get("M2", &m), "ok");
	assert_string_equal(get("another", &m), "ok");
	assert_ptr_not_equal(m, all[0]);
	maildirs_close(&c);
	assert_int_equal(unit_open_fds(), fds);
}

/* A directory of a Maildir; kinds are of what makes it a folder. */
static void
make_folder(const char *path, char kind)
{
	static const char *const subs[] = { "tmp", "cur", "new" };
	char sub[200];

	assert_int_equal(mkdirat(base, path, 0700), 0);
	for (size_t i = 0; kind == 'd' && i < COUNT(subs); i++) {
		(void)snprintf(sub, sizeof(sub), "%s/%s", path, subs[i]);
		assert_int_equal(mkdirat(base, sub, 0700), 0);
	}
	(void)snprintf(sub, sizeof(sub), "base/%s/maildirfolder", path);
	if (kind == 'f')
		unit_file(sub, "", 0);
}

#define L64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* clang-format off */
static const struct {
	const char *tag, *folder;	/* NULL: none */
} folders[] = {
	{ "Lists",	"M/.Lists" },
	{ "lists",	"M/.Lists" },
	{ "LISTS",	"M/.Lists" },
	{ "work",	"M/.work" },
	{ "Work",	"M/.work" },
	{ "both",	"M/.both" },
	{ "Both",	"M/.Both" },
	{ "BOTH",	"M/.both" },
	{ "Lists.dev",	"M/.Lists.dev" },
	{ "a b&-~",	"M/.a b&-~" },
	{ L64,		"M/." L64 },
	{ "",		NULL },
	{ "none",	NULL },
	{ "empty",	NULL },
	{ "half",	NULL },
	{ "file",	NULL },
	{ "link",	NULL },
	{ "out",	NULL },
	{ "linked",	NULL },
	{ ".",		NULL },
	{ "..",		NULL },
	{ ".Lists",	NULL },
	{ "Lists.",	NULL },
	{ "Lists..dev",	NULL },
	{ "Lists/cur",	NULL },
	{ "/../../N",	NULL },
	{ "Lists/.x",	NULL },
	{ "tab\t",	NULL },
	{ "b\xc3\xb6s",	NULL },
	{ "del\x7f",	NULL },
};
/* clang-format on */

static void
tags(void **state)
{
	char path[MBOX_MAX + 1];

	(void)state;
	make_folder("M", 'd');
	make_folder("N", 'd');
	make_folder("M/.Lists", 'd');
	make_folder("M/.Lists.dev", 'f');
	make_folder("M/.work", 'f');
	make_folder("M/.both", 'f');
	make_folder("M/.Both", 'd');
	make_folder("M/.a b&-~", 'd');
	make_folder("M/." L64, 'd');
	make_folder("M/.empty", ' ');
	make_folder("M/.half", ' ');
	make_folder("M/.half/cur", ' ');
	make_folder("M/.half/new", ' ');
	unit_file("base/M/.file", "", 0);
	assert_int_equal(symlinkat(".Lists", base, "M/.link"), 0);
	assert_int_equal(symlinkat("../N", base, "M/.out"), 0);
	make_folder("M/.linked", ' ');
	assert_int_equal(symlinkat("../.Lists/maildirfolder", base,
			     "M/.linked/maildirfolder"),
	    0);
	for (size_t i = 0; i < COUNT(folders); i++) {
		bool is = maildirs_folder(&c, "M", folders[i].tag, path);

		if (is != (folders[i].folder != NULL) ||
		    (is && strcmp(path, folders[i].folder) != 0))
			fail_msg("%s: %s", folders[i].tag, is ? path : "none");
	}
}

/* A place that is as long as a path may be has no folder. */
static void
long_paths(void **state)
{
	char path[MBOX_MAX + 1], out[MBOX_MAX + 1];

	(void)state;
	memset(path, 'x', MBOX_MAX);
	path[MBOX_MAX] = '\0';
	assert_false(maildirs_folder(&c, path, "Lists", out));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(kept, fresh, done),
		cmocka_unit_test_setup_teardown(replaced, fresh, done),
		cmocka_unit_test_setup_teardown(linked, fresh, done),
		cmocka_unit_test_setup_teardown(opened_up, fresh, done),
		cmocka_unit_test_setup_teardown(removed, fresh, done),
		cmocka_unit_test_setup_teardown(cleaned, fresh, done),
		cmocka_unit_test_setup_teardown(bounded, fresh, done),
		cmocka_unit_test_setup_teardown(tags, fresh, done),
		cmocka_unit_test_setup_teardown(long_paths, fresh, done),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
