/*
 * unit: what every unit test begins with, and a directory for its files.
 */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <sys/stat.h>
#include <sys/types.h>

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static char unit_dir[] = "/tmp/postrider-unit.XXXXXX";

static inline int
unit_setup(void **state)
{
	(void)state;
	return mkdtemp(unit_dir) == NULL ? -1 : 0;
}

static inline int
unit_remove(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

static inline int
unit_teardown(void **state)
{
	(void)state;
	return nftw(unit_dir, unit_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* Descriptors that are open, as far as tests open them. */
static inline int
unit_open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 4096; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

/* unit_dir/name, in one of a few buffers that take turns. */
static inline const char *
unit_path(const char *name)
{
	static char path[4][4096];
	static unsigned int turn;

	turn = (turn + 1) % 4;
	(void)snprintf(path[turn], sizeof(path[turn]), "%s/%s", unit_dir, name);
	return path[turn];
}

/* Makes unit_dir/name hold these bytes. */
static inline void
unit_file(const char *name, const void *bytes, size_t n)
{
	int fd = open(unit_path(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, bytes, n), (ssize_t)n);
	assert_int_equal(close(fd), 0);
}

#endif
