/*
 * mbox: what tests of mbox files begin with.
 */
#ifndef TESTS_UNIT_MBOX_H
#define TESTS_UNIT_MBOX_H

#include "tests/unit/unit.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include "common/log.h"
#include "delivery/mbox.h"

#define LETTER "From a@x Sun Nov 22 17:00:00 2026\nSubject: x\n\nFrom b\n"
#define STORED "From a@x Sun Nov 22 17:00:00 2026\nSubject: x\n\n>From b\n\n"

static inline int
letter(const char *text)
{
	int fd = memfd_create("t", MFD_CLOEXEC);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	return fd;
}

/* The enhanced code of one that had to be done within wait. */
static inline const char *
append(const char *path, const char *text, int64_t wait)
{
	static struct failure f;
	int fd = letter(text), fds = unit_open_fds();

	f = (struct failure)FAILURE_NONE;
	(void)mbox_append(path, fd, wait, &f);
	assert_int_equal(unit_open_fds(), fds);
	assert_int_equal(close(fd), 0);
	if (f.diag.outcome != OUT_OK)
		assert_true(f.wanted[0] != '\0' && f.found[0] != '\0');
	return f.diag.dsn;
}

static inline const char *
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

static inline void
begin(const char *name)
{
	char lock[100];

	(void)snprintf(lock, sizeof(lock), "%s.lock", name);
	(void)unlink(unit_path(name));
	(void)unlink(unit_path(lock));
}

static inline const char *
path_of(const char *name)
{
	static char path[200];

	(void)snprintf(path, sizeof(path), "%s", unit_path(name));
	return path;
}

static inline int
mbox_setup(void **state)
{
	if (unit_setup(state) == -1)
		return -1;
	unit_file("log", "", 0);
	log_open("t", LOG_TO_FILE, unit_path("log"));
	return 0;
}

#endif
