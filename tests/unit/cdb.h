/*
 * cdb: compiled tables for tests, in unit_dir.
 */
#ifndef TESTS_UNIT_CDB_H
#define TESTS_UNIT_CDB_H

#include "tests/unit/unit.h"

#include "common/tables.h"

struct cdb_row {
	enum tables_space space;
	const char *key, *value;
};

/* Publishes unit_dir/name with a version and these rows, by rename. */
static inline void
cdb_file(const char *name, const struct cdb_row *rows, size_t n)
{
	const struct cdb_row version = { TABLES_META, "version",
		TABLES_VERSION };
	char key[TABLES_KEY_MAX + 1];
	struct cdb_make m;
	int fd;

	fd = open(unit_path("cdb.new"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_int_not_equal(fd, -1);
	assert_int_equal(cdb_make_start(&m, fd), 0);
	for (size_t i = 0; i <= n; i++) {
		const struct cdb_row *r = i < n ? &rows[i] : &version;
		int len =
		    snprintf(key, sizeof(key), "%c%s", (int)r->space, r->key);

		assert_int_equal(
		    cdb_make_add(&m, key, (unsigned int)len, r->value,
			(unsigned int)strlen(r->value) + 1),
		    0);
	}
	assert_int_equal(cdb_make_finish(&m), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(rename(unit_path("cdb.new"), unit_path(name)), 0);
}

#endif
