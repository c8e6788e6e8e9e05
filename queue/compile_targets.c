/*
 * compile_targets: commands and files that lists name.
 *
 * In postrider(8), with the administrator's rights.  Only looks at what there
 * is: nothing is run, and of files only include lists are read.
 */
#include <sys/stat.h>

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/command_line.h"
#include "common/forward_list.h"
#include "common/users.h"
#include "queue/compile_targets.h"

static bool
told(char why[TARGET_WHY], const char *what, const char *path)
{
	(void)snprintf(why, TARGET_WHY, "%s %.150s", what, path);
	return false;
}

/* As the kernel would decide; other groups are not his there. */
static bool
may(const struct stat *st, const struct target_user *u, mode_t everybody)
{
	if (u->uid == 0)
		return true;
	if (st->st_uid == u->uid)
		return (st->st_mode & (everybody << 6)) != 0;
	if (st->st_gid == u->gid)
		return (st->st_mode & (everybody << 3)) != 0;
	return (st->st_mode & everybody) != 0;
}

/* Whether each directory on the way may be passed. */
static bool
is_passable(const char *path, const struct target_user *u, char why[TARGET_WHY])
{
	char dir[PATH_MAX];
	struct stat st;
	char *slash;

	if (strlcpy(dir, path, sizeof(dir)) >= sizeof(dir))
		return told(why, "a shorter path, found", path);
	for (slash = strchr(dir + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (stat(dir, &st) == -1 || !S_ISDIR(st.st_mode))
			return told(why, "a directory, found none:", dir);
		if (!may(&st, u, S_IXOTH))
			return told(why,
			    "a directory that " USER_PIPE " may pass, found",
			    dir);
		*slash = '/';
	}
	return true;
}

/* Its kinds as pipe(8) takes them. */
static const char *
take_member(void *arg, const struct member *m)
{
	size_t *n = arg;

	(*n)++;
	return m->kind == MEMBER_ADDRESS || m->kind == MEMBER_FINAL
	    ? NULL
	    : "an address or \\user";
}

/* All of it, from malloc(3); NULL: it cannot be read, or is too long. */
static char *
read_list(const char *path, size_t *n)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	char *text = fd != -1 ? malloc(INCLUDE_FILE_MAX + 1) : NULL;
	struct stat st;
	ssize_t got =
	    text != NULL && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? 1 : -1;

	for (*n = 0; got > 0 && *n <= INCLUDE_FILE_MAX; *n += (size_t)got) {
		got = read(fd, text + *n, INCLUDE_FILE_MAX + 1 - *n);
		if (got == -1)
			break;
	}
	if (fd != -1)
		(void)close(fd); /* was only read */
	if (got != -1 && *n <= INCLUDE_FILE_MAX)
		return text;
	free(text);
	return NULL;
}

static bool
check_members(const char *path, char why[TARGET_WHY])
{
	struct forward_mistake mistake;
	size_t n, members = 0;
	char *text = read_list(path, &n);
	bool good;

	if (text == NULL)
		return told(
		    why, "a readable list of at most 8 MiB, found", path);
	good = forward_list_read(text, n, take_member, &members, &mistake);
	free(text);
	if (good && members > 0)
		return true;
	if (good)
		return told(why, "members, found none in", path);
	(void)snprintf(why, TARGET_WHY,
	    "%s in line %zu of %.100s, found \"%s\"", mistake.wanted,
	    mistake.line, path, mistake.found);
	return false;
}

static bool
check_include(
    const char *path, const struct target_user *u, char why[TARGET_WHY])
{
	struct stat st;

	if (!is_passable(path, u, why))
		return false;
	if (stat(path, &st) == -1)
		return told(why, "a file, found none:", path);
	if (!S_ISREG(st.st_mode))
		return told(why, "a regular file, found", path);
	if ((st.st_mode & S_IWOTH) != 0)
		return told(
		    why, "a file that not everybody may write, found", path);
	if (!may(&st, u, S_IROTH))
		return told(
		    why, "a file that " USER_PIPE " may read, found", path);
	return check_members(path, why);
}

/* Where a file may be made: its own directory. */
static bool
may_make(const char *path, const struct target_user *u)
{
	char dir[PATH_MAX];
	char *slash;
	struct stat st;

	(void)strlcpy(dir, path, sizeof(dir)); /* is_passable() has looked */
	slash = strrchr(dir, '/');
	slash[slash == dir] = '\0';
	return stat(dir, &st) == 0 && may(&st, u, S_IWOTH);
}

/* As pipe(8) takes it. */
static bool
check_mbox(const char *path, const struct target_user *u, char why[TARGET_WHY])
{
	struct stat st;

	if (!is_passable(path, u, why))
		return false;
	if (lstat(path, &st) == -1)
		return may_make(path, u) ||
		    told(why,
			"an mbox file, or a directory in which " USER_PIPE
			" may make it, found",
			path);
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
		return told(why, "a regular file with one name, found", path);
	if (st.st_uid != 0 && st.st_uid != u->uid)
		return told(why,
		    "a file that belongs to " USER_PIPE " or root, found",
		    path);
	return (may(&st, u, S_IWOTH) && may(&st, u, S_IROTH)) ||
	    told(why, "a file that " USER_PIPE " may read and write, found",
		path);
}

static bool
is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_mode & 0111) != 0;
}

static bool
is_found(const char *word)
{
	char path[COMMAND_PLACE_MOST];
	size_t at = 0;

	while (command_line_place(word, &at, path))
		if (is_program(path))
			return true;
	return false;
}

/* As pipe(8) will read it. */
static bool
check_command(const char *text, char why[TARGET_WHY])
{
	struct command_line line;
	enum command_read r = command_line_read(text, &line);

	if (r == COMMAND_OK && is_found(line.argv[0]))
		return true;
	if (r == COMMAND_OK)
		return told(why, "a program, found none:", line.argv[0]);
	(void)snprintf(why, TARGET_WHY, "%s, found \"%.80s\"",
	    command_line_wanted(r), text);
	return false;
}

bool
compile_target(
    const struct member *m, const struct target_user *u, char why[TARGET_WHY])
{
	switch (m->kind) {
	case MEMBER_COMMAND:
		return check_command(m->text, why);
	case MEMBER_FILE:
		return check_mbox(m->text, u, why);
	case MEMBER_INCLUDE:
		return check_include(m->text, u, why);
	case MEMBER_ADDRESS:
	case MEMBER_FINAL:
	case MEMBER_ERROR:
		break;
	}
	return true;
}
