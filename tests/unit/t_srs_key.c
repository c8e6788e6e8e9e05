/*
 * t_srs_key: the file with the keys of rewritten senders.
 */
#include "tests/unit/unit.h"

#include <dirent.h>

#include "common/log.h"
#include "queue/srs_key.h"

#define FILE_NAME "dir/" SRS_KEY_FILE
#define HEX "0123456789abcdef0123456789ABCDEF"
#define KEY HEX HEX

static int
setup(void **state)
{
	log_open("t_srs_key", LOG_TO_FILE, "/dev/null");
	return unit_setup(state);
}

static int
fresh(void **state)
{
	(void)state;
	(void)nftw(unit_path("dir"), unit_remove, 16, FTW_DEPTH | FTW_PHYS);
	return mkdir(unit_path("dir"), 0700);
}

static int
names(void)
{
	DIR *d = opendir(unit_path("dir"));
	int n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	assert_int_equal(closedir(d), 0);
	return n - 2;
}

static void
made(void **state)
{
	struct srs first, again;
	struct stat st;

	(void)state;
	/* What a crash may have left. */
	unit_file(FILE_NAME ".new", "x", 1);
	assert_true(srs_load(&first, unit_path("dir")));
	assert_int_equal(first.keys, 1);
	assert_int_equal(names(), 1);
	assert_int_equal(stat(unit_path(FILE_NAME), &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(st.st_size, 2 * HMAC_KEY + 1);
	assert_true(srs_load(&again, unit_path("dir")));
	assert_memory_equal(&first, &again, sizeof(first));
	assert_int_equal(unlink(unit_path(FILE_NAME)), 0);
	assert_true(srs_load(&again, unit_path("dir")));
	assert_memory_not_equal(&first, &again, sizeof(first));
	assert_false(srs_load(&again, unit_path("none")));
}

/* clang-format off */
static const struct {
	const char *text;
	size_t keys;	/* 0: refused */
} rows[] = {
	{ KEY, 1 },
	{ KEY "\n", 1 },
	{ KEY "\n" KEY, 2 },
	{ KEY "\n" KEY "\n" KEY "\n" KEY "\n", 4 },
	{ KEY "\n" KEY "\n" KEY "\n" KEY "\n" KEY, 0 },
	{ "", 0 },
	{ "\n", 0 },
	{ KEY "\n\n", 0 },
	{ KEY "\n" HEX, 0 },
	{ HEX "\n" HEX, 0 },
	{ KEY "0\n", 0 },
	{ KEY " " KEY, 0 },
	{ "g" HEX HEX, 0 },
};
/* clang-format on */

static void
texts(void **state)
{
	struct srs srs;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		unit_file(FILE_NAME, rows[i].text, strlen(rows[i].text));
		if (srs_load(&srs, unit_path("dir")) != (rows[i].keys > 0) ||
		    srs.keys != rows[i].keys)
			fail_msg("row %zu: %zu", i, srs.keys);
	}
	unit_file(FILE_NAME, KEY, strlen(KEY));
	assert_true(srs_load(&srs, unit_path("dir")));
	assert_int_equal(srs.key[0][0], 0x01);
	assert_int_equal(srs.key[0][7], 0xef);
	assert_int_equal(srs.key[0][31], 0xef);
}

/* Not ours alone, or not a file. */
static void
refused(void **state)
{
	static const mode_t modes[] = { 0640, 0620, 0604, 0602, 0666, 0610 };
	int before = unit_open_fds();
	struct srs srs;

	(void)state;
	unit_file(FILE_NAME, KEY, strlen(KEY));
	for (size_t i = 0; i < COUNT(modes); i++) {
		assert_int_equal(chmod(unit_path(FILE_NAME), modes[i]), 0);
		assert_false(srs_load(&srs, unit_path("dir")));
	}
	assert_int_equal(chmod(unit_path(FILE_NAME), 0600), 0);
	assert_true(srs_load(&srs, unit_path("dir")));
	assert_int_equal(
	    rename(unit_path(FILE_NAME), unit_path("dir/other")), 0);
	assert_int_equal(symlink("other", unit_path(FILE_NAME)), 0);
	assert_false(srs_load(&srs, unit_path("dir")));
	assert_int_equal(unlink(unit_path(FILE_NAME)), 0);
	assert_int_equal(mkfifo(unit_path(FILE_NAME), 0600), 0);
	assert_false(srs_load(&srs, unit_path("dir")));
	assert_int_equal(unlink(unit_path(FILE_NAME)), 0);
	assert_int_equal(mkdir(unit_path(FILE_NAME), 0700), 0);
	assert_false(srs_load(&srs, unit_path("dir")));
	assert_int_equal(srs.keys, 0);
	assert_int_equal(unit_open_fds(), before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(made, fresh),
		cmocka_unit_test_setup(texts, fresh),
		cmocka_unit_test_setup(refused, fresh),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
