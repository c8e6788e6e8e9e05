/*
 * conf_report: every mistake of the text configuration, gathered so that all
 * are told at once.
 */
#ifndef QUEUE_CONF_REPORT_H
#define QUEUE_CONF_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/sbuf.h"

#define REPORT_MAX (256 * 1024) /* bytes of text; what follows is counted */

struct conf_report {
	struct sbuf text;  /* lines "path:line: what", or "path: what" */
	struct sbuf grave; /* the same without warnings */
	size_t mistakes, warnings;
	/* What is read is not our file: its mistakes are told as warnings. */
	bool lenient;
};

void conf_report_init(struct conf_report *);
void conf_report_free(struct conf_report *);

/* line 0: about the file as a whole.  Control characters become '?'. */
void conf_mistake(struct conf_report *, const char *path, size_t line,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* The same for what does not keep the configuration from being used. */
void conf_warning(struct conf_report *, const char *path, size_t line,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Writes the lines to stderr, those of warnings if they are wanted. */
void conf_report_print(const struct conf_report *, bool warnings);

#endif
