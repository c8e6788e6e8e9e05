/*
 * conf_lines: the lines of a text file that say something.
 *
 * A "#" at the start of a line or behind a blank begins a comment; blank
 * lines are skipped, blanks at both ends taken off.
 */
#ifndef QUEUE_CONF_LINES_H
#define QUEUE_CONF_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "queue/conf_report.h"

#define CONF_LINE_MAX 65536      /* bytes, joined lines together */
#define CONF_LIST_MAX (16 << 20) /* the same of a list of members */
#define CONF_PATH_MAX 4096       /* bytes with NUL */

struct conf_lines {
	FILE *file; /* NULL: nothing to read */
	bool whole; /* "#" is a comment only at the start of a line */
	bool joins; /* a list, see conf_lines_open_list() */
	char path[CONF_PATH_MAX];
	size_t line, start; /* read so far; where the last result began */
	struct sbuf text;
	char *raw; /* of getline(3) */
	size_t raw_size;
	struct conf_report *report;
};

/*
 * Opens dir/name.  A missing file counts as empty; what cannot be read is a
 * mistake.
 */
void conf_lines_open(struct conf_lines *, const char *dir, const char *name,
    struct conf_report *);
/*
 * The same for a file of lists: a line that begins with a blank goes on the last
 * one, a "#" in quotes is no comment, lines are longer.
 */
void conf_lines_open_list(
    struct conf_lines *, const char *path, struct conf_report *);
/* The next line, valid until the next call; NULL at the end. */
char *conf_lines_next(struct conf_lines *);
void conf_lines_close(struct conf_lines *);

/* Takes the first word off *rest, which ends up at the next; NULL if none. */
char *conf_word(char **rest);

#endif
