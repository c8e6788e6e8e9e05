/*
 * pop3: a Maildir for the tests of pop3d's modules, in unit_dir.
 */
#ifndef TESTS_UNIT_POP3_H
#define TESTS_UNIT_POP3_H

#include "tests/unit/unit.h"

#include "common/log.h"
#include "pop3d/maildrop.h"

#define BOX "box" /* the Maildir, below unit_dir */

/* In unit_dir as the working directory, with the log out of sight. */
static inline int
pop3_setup(void **state)
{
	if (unit_setup(state) == -1 || chdir(unit_dir) == -1)
		return -1;
	unit_file("log", "", 0);
	log_open("t", LOG_TO_FILE, unit_path("log"));
	return 0;
}

static inline void
pop3_dirs(void)
{
	static const char *const names[] = { "", "/tmp", "/new", "/cur" };
	char path[64];

	for (size_t i = 0; i < COUNT(names); i++) {
		(void)snprintf(path, sizeof(path), BOX "%s", names[i]);
		(void)mkdir(path, 0700); /* there is one from before, maybe */
	}
}

/* A message; name as "new/...". */
static inline void
pop3_mail(const char *name, const char *text)
{
	char path[400];

	pop3_dirs();
	(void)snprintf(path, sizeof(path), BOX "/%s", name);
	unit_file(path, text, strlen(text));
}

static inline void
pop3_rename(const char *from, const char *to)
{
	char a[400], b[400];

	(void)snprintf(a, sizeof(a), BOX "/%s", from);
	(void)snprintf(b, sizeof(b), BOX "/%s", to);
	assert_int_equal(rename(a, b), 0);
}

static inline bool
pop3_has(const char *name)
{
	char path[400];
	struct stat st;

	(void)snprintf(path, sizeof(path), BOX "/%s", name);
	return lstat(path, &st) == 0;
}

static inline void
pop3_open(struct maildrop *md)
{
	assert_int_equal(maildrop_open(md, "alice", BOX), MAILDROP_OPEN);
}

/* The log so far; in a buffer of its own. */
static inline const char *
pop3_log(void)
{
	static char text[65536];
	int fd = open(unit_path("log"), O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	assert_true(n >= 0);
	text[n] = '\0';
	close(fd);
	return text;
}

static inline void
pop3_forget_log(void)
{
	assert_int_equal(truncate(unit_path("log"), 0), 0);
}

/* Takes the Maildir away; a setup for each test. */
static inline int
pop3_clean(void **state)
{
	(void)state;
	pop3_forget_log();
	(void)nftw(BOX, unit_remove, 16, FTW_DEPTH | FTW_PHYS);
	return 0;
}

#endif
