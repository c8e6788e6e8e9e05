/*
 * command_line: "|command" of an alias or a ~/.forward as the words of a
 * program call.  There is no shell: what only a shell would understand is a
 * mistake, and the line says sh -c '...' for itself where it wants one.
 */
#ifndef COMMON_COMMAND_LINE_H
#define COMMON_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/members.h"

#define COMMAND_WORDS (MEMBER_MAX / 2 + 1) /* no line has more */

/* Where programs without a slash are looked for. */
#define COMMAND_PATH "/usr/local/bin:/usr/bin:/bin"

enum command_read {
	COMMAND_OK,
	COMMAND_LONG,    /* over MEMBER_MAX */
	COMMAND_EMPTY,   /* no words, or the first is "" */
	COMMAND_QUOTE,   /* one that is not closed */
	COMMAND_ESCAPE,  /* a backslash with nothing behind it */
	COMMAND_CONTROL, /* a line end or another control character */
	COMMAND_SHELL,   /* a character that a shell would act upon */
	COMMAND_SETTING, /* NAME=value before the command */
	COMMAND_PLACE,   /* a program with a slash that is no absolute path */
};

/* argv is ready for execve(2); it points into text. */
struct command_line {
	char *argv[COMMAND_WORDS + 1];
	size_t words;
	char text[MEMBER_MAX + COMMAND_WORDS]; /* the words, with their NULs */
};

/*
 * Words are separated by blanks and tabs.  '...' is taken as it is; in "..." a
 * backslash protects a quote, a backslash, $ and `; elsewhere any character.
 * Outside of quotes ; | & < > $ ` * ? ( ) are mistakes, and # ~ where a word
 * begins; in "..." $ and ` are, unless the program is itself a shell.
 */
enum command_read command_line_read(const char *, struct command_line *);

/* Bytes of any such path, with NUL. */
#define COMMAND_PLACE_MOST (MEMBER_MAX + (int)sizeof(COMMAND_PATH) + 1)

/*
 * Where a program may be, one path after the other: *at is 0 at first.  What has
 * a slash is there and nowhere else.  False: there are no more, or it is longer
 * than a word of a command.
 */
bool command_line_place(
    const char *program, size_t *at, char path[COMMAND_PLACE_MOST]);

/* "no shell characters ..." and so on: what was wanted where there is one. */
const char *command_line_wanted(enum command_read);

#endif
