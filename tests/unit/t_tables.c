/*
 * t_tables: the compiled configuration, whole, cut and with bits turned.
 */
#include "tests/unit/cdb.h"

/* clang-format off */
static const struct cdb_row rows[] = {
	{ TABLES_OPTION,	"hostname",		"mx.example.org" },
	{ TABLES_OPTION,	"mx.auth",		"no" },
	{ TABLES_OPTION,	"empty",		"" },
	{ TABLES_DOMAIN,	"example.org",		"virtual" },
	{ TABLES_ACCOUNT,	"alice@example.org",	"example.org/alice/Maildir" },
	{ TABLES_ALIAS,		"postmaster",		"aalice@example.org" },
	{ TABLES_USER,		"postrider",		"101 102" },
	{ TABLES_USER,		"no-gid",		"101" },
	{ TABLES_USER,		"big",			"4294967295 1" },
	{ TABLES_USER,		"words",		"root root" },
	{ TABLES_USER,		"long",			"00000000000000000101 102" },
	{ TABLES_USER,		"spaces",		"101  102" },
};
/* clang-format on */

static void
finds(void **state)
{
	char e[TABLES_ERR], key[TABLES_KEY_MAX + 2];
	struct tables t;
	const char *v;

	(void)state;
	cdb_file("t", rows, COUNT(rows));
	for (int copy = 0; copy < 2; copy++) {
		assert_true(tables_open(&t, unit_path("t"), copy, e));
		for (size_t i = 0; i < COUNT(rows); i++) {
			assert_int_equal(
			    tables_get(&t, rows[i].space, rows[i].key, &v),
			    TABLES_FOUND);
			assert_string_equal(v, rows[i].value);
		}
		/* Another space, another case, a part, more. */
		assert_int_equal(
		    tables_get(&t, TABLES_DOMAIN, "hostname", &v), TABLES_NONE);
		assert_int_equal(
		    tables_get(&t, TABLES_OPTION, "Hostname", &v), TABLES_NONE);
		assert_int_equal(
		    tables_get(&t, TABLES_OPTION, "hostnam", &v), TABLES_NONE);
		assert_int_equal(
		    tables_get(&t, TABLES_OPTION, "", &v), TABLES_NONE);
		memset(key, 'k', sizeof(key));
		key[TABLES_KEY_MAX + 1] = '\0';
		assert_int_equal(
		    tables_get(&t, TABLES_OPTION, key, &v), TABLES_NONE);
		key[TABLES_KEY_MAX] = '\0';
		assert_int_equal(
		    tables_get(&t, TABLES_OPTION, key, &v), TABLES_NONE);
		tables_close(&t);
		assert_int_equal(t.fd, -1);
	}
}

/* Only a plain no is one: older tables do not say. */
static void
unix_domains(void **state)
{
	static const struct {
		struct cdb_row row;
		bool may;
	} cases[] = {
		{ { TABLES_META, "unix-domains", "no" }, false },
		{ { TABLES_META, "unix-domains", "yes" }, true },
		{ { TABLES_META, "unix-domains", "" }, true },
		{ { TABLES_OPTION, "unix-domains", "no" }, true },
	};
	char e[TABLES_ERR];
	struct tables t;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cdb_file("u", &cases[i].row, 1);
		assert_true(tables_open(&t, unit_path("u"), false, e));
		assert_int_equal(tables_unix_domains(&t), cases[i].may);
		tables_close(&t);
	}
}

/* Only a plain yes is one. */
static void
certificates(void **state)
{
	static const struct {
		struct cdb_row row;
		bool there;
	} cases[] = {
		{ { TABLES_META, "certificates", "yes" }, true },
		{ { TABLES_META, "certificates", "no" }, false },
		{ { TABLES_META, "certificates", "" }, false },
		{ { TABLES_OPTION, "certificates", "yes" }, false },
	};
	char e[TABLES_ERR];
	struct tables t;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cdb_file("c", &cases[i].row, 1);
		assert_true(tables_open(&t, unit_path("c"), false, e));
		assert_int_equal(tables_certificates(&t), cases[i].there);
		tables_close(&t);
	}
}

static void
users(void **state)
{
	static const char *const bad[] = { "nobody", "no-gid", "big", "words",
		"long", "spaces" };
	char e[TABLES_ERR];
	struct tables t;
	uid_t uid = 7;
	gid_t gid = 8;

	(void)state;
	cdb_file("t", rows, COUNT(rows));
	assert_true(tables_open(&t, unit_path("t"), false, e));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(tables_user(&t, bad[i], &uid, &gid));
	assert_int_equal(uid, 7);
	assert_int_equal(gid, 8);
	assert_true(tables_user(&t, "postrider", &uid, &gid));
	assert_int_equal(uid, 101);
	assert_int_equal(gid, 102);
	tables_close(&t);
}

/* A table of one version row, its value given in bytes. */
static void
version(const void *value, unsigned int n)
{
	int fd = open(unit_path("t"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct cdb_make m;

	assert_int_equal(cdb_make_start(&m, fd), 0);
	if (value != NULL)
		assert_int_equal(cdb_make_add(&m, "Vversion", 8, value, n), 0);
	assert_int_equal(cdb_make_finish(&m), 0);
	assert_int_equal(close(fd), 0);
}

static void
refused(const char *path, const char *text)
{
	char e[TABLES_ERR] = "", want[TABLES_ERR];
	struct tables t;

	assert_false(tables_open(&t, path, false, e));
	(void)snprintf(want, sizeof(want), "path=%s %s (run: postrider apply)",
	    path, text);
	assert_string_equal(e, want);
	assert_false(tables_open(&t, path, true, e));
	assert_string_equal(e, want);
}

static int
open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 64; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

static void
refuses(void **state)
{
	int fds = open_fds();

	(void)state;
	refused(unit_path("missing"),
	    "wanted=readable found=No such file or directory");
	refused(unit_dir, "wanted=regular-file found=something else");
	unit_file("t", "", 0);
	refused(unit_path("t"), "wanted=cdb found=truncated or damaged file");
	unit_file("t", "hello", 5);
	refused(unit_path("t"), "wanted=cdb found=truncated or damaged file");
	version(NULL, 0);
	refused(unit_path("t"), "wanted=version 1 found=no version");
	version("2", 2);
	refused(unit_path("t"), "wanted=version 1 found=2");
	version("1", 1); /* no NUL */
	refused(
	    unit_path("t"), "wanted=version 1 found=truncated or damaged file");
	version("", 0);
	refused(
	    unit_path("t"), "wanted=version 1 found=truncated or damaged file");
	assert_int_equal(open_fds(), fds);
}

/* Looks everything up; what comes back ends in a NUL within the file. */
static void
use(const char *path)
{
	char e[TABLES_ERR];
	struct tables t;
	const char *v;
	uid_t uid;
	gid_t gid;

	if (!tables_open(&t, path, false, e)) {
		assert_non_null(strstr(e, "wanted="));
		return;
	}
	for (size_t i = 0; i < COUNT(rows); i++)
		if (tables_get(&t, rows[i].space, rows[i].key, &v) ==
		    TABLES_FOUND)
			assert_true(strlen(v) < 10000);
	(void)tables_get(&t, TABLES_OPTION, "missing", &v);
	(void)tables_user(&t, "postrider", &uid, &gid);
	tables_close(&t);
}

static off_t
size_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static void
truncated(void **state)
{
	const char *path = unit_path("t");

	(void)state;
	cdb_file("t", rows, COUNT(rows));
	for (off_t n = size_of(path); n-- > 0;) {
		assert_int_equal(truncate(path, n), 0);
		use(path);
	}
}

static void
flipped(void **state)
{
	const char *path = unit_path("t");
	unsigned char byte, other;
	int fd;

	(void)state;
	cdb_file("t", rows, COUNT(rows));
	fd = open(path, O_RDWR);
	for (off_t at = 0; at < size_of(path); at++) {
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		for (int bit = 0; bit < 8; bit++) {
			other = (unsigned char)(byte ^ 1 << bit);
			assert_int_equal(pwrite(fd, &other, 1, at), 1);
			use(path);
		}
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	assert_int_equal(close(fd), 0);
}

/* A daemon's copy outlives the file. */
static void
copied(void **state)
{
	char e[TABLES_ERR];
	struct tables t;
	const char *v;

	(void)state;
	cdb_file("t", rows, COUNT(rows));
	assert_true(tables_open(&t, unit_path("t"), true, e));
	assert_int_equal(truncate(unit_path("t"), 0), 0);
	assert_int_equal(
	    tables_get(&t, TABLES_OPTION, "hostname", &v), TABLES_FOUND);
	assert_string_equal(v, "mx.example.org");
	tables_close(&t);
}

/* A file of plain keys, with or without NUL at the ends of values. */
static void
plain_cdb(const char *name, const char *const pairs[][2], size_t n)
{
	int fd = open(unit_path("plain"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct cdb_make m;

	assert_int_equal(cdb_make_start(&m, fd), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(
		    cdb_make_add(&m, pairs[i][0],
			(unsigned int)strlen(pairs[i][0]), pairs[i][1],
			(unsigned int)(strlen(pairs[i][1]) + i % 2)),
		    0);
	assert_int_equal(cdb_make_finish(&m), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(rename(unit_path("plain"), unit_path(name)), 0);
}

static struct tables_look traced;

static void
trace(void *arg, const struct tables_look *l)
{
	(*(int *)arg)++;
	traced = *l;
}

static void
look(struct tables *t, enum tables_space space, const char *key,
    enum tables_result want, const char *value)
{
	const char *v = NULL;

	assert_int_equal(tables_get(t, space, key, &v), want);
	assert_int_equal(traced.result, want);
	assert_string_equal(traced.key, key);
	if (value == NULL)
		assert_null(traced.value);
	else {
		assert_string_equal(v, value);
		assert_ptr_equal(traced.value, v);
	}
}

/* The tables first, then one source after the other, each told. */
static void
sources(void **state)
{
	static const char *const one[][2] = { { "bob@example.org", "OK" },
		{ "eve@example.org", "../../root" },
		{ "alice@example.org", "other/place" } };
	static const char *const two[][2] = { { "bob@example.org", "x/y" },
		{ "carol@example.org", "c/d/" } };
	char text[600], e[TABLES_ERR];
	struct cdb_row with[] = { rows[0], rows[3], rows[4],
		{ TABLES_SOURCES, "", "a" }, { TABLES_SOURCES, "a", text } };
	struct tables t;
	const char *v, *w;
	int looks = 0;

	(void)state;
	plain_cdb("one", one, COUNT(one));
	plain_cdb("two", two, COUNT(two));
	(void)snprintf(
	    text, sizeof(text), "cdb:%s/one\ncdb:%s/two", unit_dir, unit_dir);
	cdb_file("t", with, COUNT(with));
	assert_true(tables_open(&t, unit_path("t"), false, e));
	t.trace = trace;
	t.trace_arg = &looks;
	look(&t, TABLES_ACCOUNT, "alice@example.org", TABLES_FOUND,
	    "example.org/alice/Maildir");
	assert_null(traced.source);
	look(&t, TABLES_ACCOUNT, "bob@example.org", TABLES_FOUND,
	    "example.org/bob/Maildir");
	assert_non_null(strstr(traced.source, "/one"));
	look(&t, TABLES_ACCOUNT, "carol@example.org", TABLES_FOUND, "c/d");
	assert_non_null(strstr(traced.source, "/two"));
	/* Not believed, and nobody behind it is asked. */
	look(&t, TABLES_ACCOUNT, "eve@example.org", TABLES_BROKEN, NULL);
	assert_non_null(strstr(traced.source, "/one"));
	look(&t, TABLES_ACCOUNT, "dan@example.org", TABLES_NONE, NULL);
	assert_null(traced.source);
	/* Another space has none. */
	look(&t, TABLES_DOMAIN, "bob@example.org", TABLES_NONE, NULL);
	assert_int_equal(looks, 6);
	assert_true(tables_sources(&t, TABLES_ACCOUNT));
	assert_false(tables_sources(&t, TABLES_DOMAIN));
	/* Values stay while others are looked up. */
	assert_int_equal(tables_get(&t, TABLES_ACCOUNT, "bob@example.org", &v),
	    TABLES_FOUND);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(
		    tables_get(&t, TABLES_ACCOUNT, "carol@example.org", &w),
		    TABLES_FOUND);
	assert_string_equal(v, "example.org/bob/Maildir");
	tables_close(&t);
}

/* A file that is replaced, gone and back again is followed. */
static void
replaced(void **state)
{
	static const char *const one[][2] = { { "bob@example.org", "a/b" } };
	static const char *const two[][2] = { { "bob@example.org", "c/d" } };
	char text[300], e[TABLES_ERR];
	struct cdb_row with[] = { { TABLES_SOURCES, "", "a" },
		{ TABLES_SOURCES, "a", text } };
	struct tables t;
	int looks = 0;

	(void)state;
	(void)snprintf(text, sizeof(text), "cdb:%s/src", unit_dir);
	cdb_file("t", with, COUNT(with));
	for (int copy = 0; copy < 2; copy++) {
		assert_true(tables_open(&t, unit_path("t"), copy, e));
		t.trace = trace;
		t.trace_arg = &looks;
		look(
		    &t, TABLES_ACCOUNT, "bob@example.org", TABLES_BROKEN, NULL);
		plain_cdb("src", one, 1);
		tables_refresh(&t);
		look(
		    &t, TABLES_ACCOUNT, "bob@example.org", TABLES_FOUND, "a/b");
		plain_cdb("src", two, 1);
		look(
		    &t, TABLES_ACCOUNT, "bob@example.org", TABLES_FOUND, "a/b");
		tables_refresh(&t);
		look(
		    &t, TABLES_ACCOUNT, "bob@example.org", TABLES_FOUND, "c/d");
		assert_int_equal(unlink(unit_path("src")), 0);
		tables_refresh(&t);
		look(
		    &t, TABLES_ACCOUNT, "bob@example.org", TABLES_BROKEN, NULL);
		tables_close(&t);
	}
}

/* A source that is cut while it is open is damaged, and no more. */
static void
cut_short(void **state)
{
	static const char *const one[][2] = { { "bob@example.org", "a/b" } };
	char text[300], e[TABLES_ERR];
	struct cdb_row with[] = { { TABLES_SOURCES, "", "a" },
		{ TABLES_SOURCES, "a", text } };
	struct tables t;
	const char *v;

	(void)state;
	(void)snprintf(text, sizeof(text), "cdb:%s/src", unit_dir);
	cdb_file("t", with, COUNT(with));
	plain_cdb("src", one, 1);
	assert_true(tables_open(&t, unit_path("t"), true, e));
	assert_int_equal(truncate(unit_path("src"), 0), 0);
	assert_int_equal(tables_get(&t, TABLES_ACCOUNT, "bob@example.org", &v),
	    TABLES_BROKEN);
	tables_close(&t);
}

/* Rows that apply does not write. */
static void
damaged_sources(void **state)
{
	static const char *const texts[] = { "", "cdb:", "mysql:x", "cdb:/x\n",
		"\ncdb:/x", NULL };
	char e[TABLES_ERR];
	struct tables t;
	int fds = open_fds();

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		const struct cdb_row with[] = { { TABLES_SOURCES, "", "a" },
			{ TABLES_SOURCES, texts[i] != NULL ? "a" : "b",
			    texts[i] != NULL ? texts[i] : "cdb:/x" } };

		cdb_file("t", with, COUNT(with));
		assert_false(tables_open(&t, unit_path("t"), false, e));
		assert_non_null(strstr(e, "wanted=sources"));
	}
	{
		const struct cdb_row with[] = { { TABLES_SOURCES, "", "o" },
			{ TABLES_SOURCES, "o", "cdb:/x" } };

		cdb_file("t", with, COUNT(with));
		assert_false(tables_open(&t, unit_path("t"), false, e));
	}
	assert_int_equal(open_fds(), fds);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds),
		cmocka_unit_test(users),
		cmocka_unit_test(unix_domains),
		cmocka_unit_test(certificates),
		cmocka_unit_test(refuses),
		cmocka_unit_test(truncated),
		cmocka_unit_test(flipped),
		cmocka_unit_test(copied),
		cmocka_unit_test(sources),
		cmocka_unit_test(replaced),
		cmocka_unit_test(cut_short),
		cmocka_unit_test(damaged_sources),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
