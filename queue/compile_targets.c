/*
 * compile_targets: commands and files that lists name.
 *
 * In postrider(8), with the administrator's rights.  Only looks at what there
 * is: nothing is run or opened.
 */
#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "queue/compile_targets.h"

/* Signs that mean something to a shell, which does not run commands here. */
#define SHELL_SIGNS "|&;<>()$`*?[]~{}\\"

/* Where pipe(8) looks for a command without a path. */
static const char *const places[] = { "/usr/local/bin", "/usr/bin", "/bin" };

static bool
told(char why[TARGET_WHY], const char *what, const char *path)
{
	(void)snprintf(why, TARGET_WHY, "%s %.150s", what, path);
	return false;
}

/* Whether each directory on the way may be passed by everybody. */
static bool
is_passable(const char *path, bool everybody, char why[TARGET_WHY])
{
	char dir[PATH_MAX];
	struct stat st;
	char *slash;

	if (strlcpy(dir, path, sizeof(dir)) >= sizeof(dir))
		return told(why, "a path that is too long:", path);
	for (slash = strchr(dir + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (stat(dir, &st) == -1 || !S_ISDIR(st.st_mode))
			return told(why, "no directory", dir);
		if (everybody && (st.st_mode & S_IXOTH) == 0)
			return told(
			    why, "a directory not everybody may pass,", dir);
		*slash = '/';
	}
	return true;
}

static bool
check_include(const char *path, bool everybody, char why[TARGET_WHY])
{
	struct stat st;

	if (!is_passable(path, everybody, why))
		return false;
	if (stat(path, &st) == -1)
		return told(
		    why, errno == ENOENT ? "no file" : strerror(errno), path);
	if (!S_ISREG(st.st_mode))
		return told(why, "no regular file", path);
	if (everybody ? (st.st_mode & S_IROTH) == 0 : access(path, R_OK) == -1)
		return told(why, "a file that not everybody may read,", path);
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
	char path[PATH_MAX];

	if (strchr(word, '/') != NULL)
		return is_program(word);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", places[i], word);
		if (is_program(path))
			return true;
	}
	return false;
}

static bool
is_shell(const char *word)
{
	static const char *const shells[] = { "sh", "dash", "bash", "ksh",
		"zsh" };
	const char *slash = strrchr(word, '/');

	word = slash != NULL ? slash + 1 : word;
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (strcmp(word, shells[i]) == 0)
			return true;
	return false;
}

/* The first word without its quotes; a sign of the shell outside of quotes. */
static char
scan(const char *s, char word[MEMBER_MAX + 1])
{
	size_t n = 0;
	bool first = true;
	char quote = '\0';

	for (; *s != '\0'; s++) {
		if (*s == quote)
			quote = '\0';
		else if (quote == '\0' && (*s == '"' || *s == '\''))
			quote = *s;
		else if (quote == '\0' && (*s == ' ' || *s == '\t'))
			first = false;
		else if (quote == '\0' && strchr(SHELL_SIGNS, *s) != NULL)
			break;
		else if (first)
			word[n++] = *s;
	}
	word[n] = '\0';
	return *s;
}

static bool
check_command(const char *text, char why[TARGET_WHY])
{
	char word[MEMBER_MAX + 1], sign = scan(text, word), found[] = "x";

	if (!is_found(word))
		return told(why, "no program", word);
	if (sign == '\0' || is_shell(word))
		return true;
	found[0] = sign;
	(void)snprintf(why, TARGET_WHY,
	    "\"%s\" outside of quotes, and no shell that knows it (write: "
	    "/bin/sh -c '...')",
	    found);
	return false;
}

bool
compile_target(const struct member *m, bool everybody, char why[TARGET_WHY])
{
	switch (m->kind) {
	case MEMBER_COMMAND:
		return check_command(m->text, why);
	case MEMBER_FILE:
		return is_passable(m->text, everybody, why);
	case MEMBER_INCLUDE:
		return check_include(m->text, everybody, why);
	case MEMBER_ADDRESS:
	case MEMBER_FINAL:
	case MEMBER_ERROR:
		break;
	}
	return true;
}
