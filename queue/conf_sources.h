/*
 * conf_sources: the lines "lookup KIND SOURCE..." of postrider.conf.
 */
#ifndef QUEUE_CONF_SOURCES_H
#define QUEUE_CONF_SOURCES_H

#include "common/tables.h"
#include "queue/conf.h"

#define CONF_SOURCES_MOST 8 /* of one kind */

/* Keeps a line for conf_sources_read(): options that it needs may follow. */
void conf_lookup(struct conf *, const struct conf_lines *, char *rest);

/*
 * Takes the lines: sources, and rows that are given inline, as if they stood in
 * the file of their kind.
 */
void conf_sources_read(struct conf *);

/* Rows that were given inline, by what all files say. */
void conf_sources_check(struct conf *);

/* Whether names of that space may also be where nobody can look at apply. */
bool conf_sources_has(const struct conf *, enum tables_space);

/* Warns of servers that cannot be reached now. */
void conf_sources_reach(struct conf *);

#endif
