/*
 * compile_targets: commands and files that lists name.
 *
 * In postrider(8), with the administrator's rights.  Only looks at what there
 * is: nothing is run or opened.
 */
#include <sys/stat.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/command_line.h"
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
	return true;
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
		return is_passable(m->text, u, why);
	case MEMBER_INCLUDE:
		return check_include(m->text, u, why);
	case MEMBER_ADDRESS:
	case MEMBER_FINAL:
	case MEMBER_ERROR:
		break;
	}
	return true;
}
