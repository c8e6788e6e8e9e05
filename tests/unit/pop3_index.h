/*
 * pop3_index: a mailbox with an index, for the tests of it.  A test that
 * includes this says in its head: wrap: clock_gettime fstat renameat pread
 * and __pread_chk.
 */
#ifndef TESTS_UNIT_POP3_INDEX_H
#define TESTS_UNIT_POP3_INDEX_H

#include "tests/unit/pop3.h"

#include <errno.h>
#include <time.h>

#include "pop3d/maildrop_index.h"
#include "pop3d/mailfile.h"

#define INDEX BOX "/" MAILDROP_INDEX
#define MANY 80 /* small messages that are worth an index */

static int64_t ahead; /* seconds that the clock is set forward */
static int rename_errno, pread_errno;
static time_t tick;   /* when not 0, the time of every directory */
static size_t preads; /* of messages */

int __real_clock_gettime(clockid_t, struct timespec *);
int __wrap_clock_gettime(clockid_t, struct timespec *);
int __real_fstat(int, struct stat *);
int __wrap_fstat(int, struct stat *);
int __wrap_renameat(int, const char *, int, const char *);
int __real_renameat(int, const char *, int, const char *);
ssize_t __real_pread(int, void *, size_t, off_t);
ssize_t __wrap_pread(int, void *, size_t, off_t);
ssize_t __wrap___pread_chk(int, void *, size_t, off_t, size_t);

int
__wrap_clock_gettime(clockid_t id, struct timespec *t)
{
	int r = __real_clock_gettime(id, t);

	if (id == CLOCK_REALTIME)
		t->tv_sec += ahead;
	return r;
}

/* A clock that stands still, as a coarse one does between two ticks. */
int
__wrap_fstat(int fd, struct stat *st)
{
	int r = __real_fstat(fd, st);

	if (r == 0 && tick != 0 && S_ISDIR(st->st_mode))
		st->st_mtim = st->st_ctim = (struct timespec){ .tv_sec = tick };
	return r;
}

int
__wrap_renameat(int a, const char *from, int b, const char *to)
{
	if (rename_errno != 0) {
		errno = rename_errno;
		return -1;
	}
	return __real_renameat(a, from, b, to);
}

ssize_t
__wrap_pread(int fd, void *buf, size_t n, off_t at)
{
	if (pread_errno != 0) {
		errno = pread_errno;
		return -1;
	}
	preads++;
	return __real_pread(fd, buf, n, at);
}

ssize_t
__wrap___pread_chk(int fd, void *buf, size_t n, off_t at, size_t room)
{
	assert_true(n <= room);
	return __wrap_pread(fd, buf, n, at);
}

/* Every size known; how many messages had to be read for that. */
static inline size_t
ask_sizes(struct maildrop *md)
{
	preads = 0;
	for (size_t i = 0; i < md->count; i++)
		(void)mailfile_size(md, &md->messages[i]);
	return preads;
}

/* A whole session; how many messages had to be read. */
static inline size_t
session(void)
{
	struct maildrop md;
	size_t n;

	pop3_open(&md);
	n = ask_sizes(&md);
	maildrop_unlock(&md);
	maildrop_close(&md);
	return n;
}

static inline off_t
index_size(void)
{
	struct stat st;

	if (lstat(INDEX, &st) == -1) {
		assert_int_equal(errno, ENOENT);
		return -1;
	}
	return st.st_size;
}

/* MANY messages of 1, 2, ... lines; every fourth in cur/. */
static inline void
fill_box(void)
{
	char name[100], text[MANY * 2 + 1];

	for (int i = 0; i < MANY; i++) {
		for (int k = 0; k <= i; k++)
			memcpy(text + 2 * k, "x\n", 3);
		(void)snprintf(name, sizeof(name),
		    i % 4 == 0 ? "cur/%d.M%d.h:2,S" : "new/%d.M%d.h", i / 3, i);
		pop3_mail(name, text);
	}
}

/* The messages of fill_box(), in order, with their sizes. */
static inline void
expect_box(struct maildrop *md)
{
	char base[100];

	assert_int_equal(md->count, MANY);
	(void)ask_sizes(md);
	for (size_t i = 0; i < MANY; i++) {
		const struct message *m = &md->messages[i];

		(void)snprintf(base, sizeof(base), "%zu.M%zu.h", i / 3, i);
		assert_string_equal(m->base, base);
		assert_string_equal(m->info, i % 4 == 0 ? ":2,S" : "");
		assert_int_equal(m->sub, i % 4 == 0 ? SUB_CUR : SUB_NEW);
		assert_int_equal(m->size, 3 * (i + 1));
	}
}

static inline int
setup(void **state)
{
	ahead = 10;
	rename_errno = pread_errno = 0;
	tick = 0;
	(void)pop3_clean(state);
	fill_box();
	return 0;
}

#endif
