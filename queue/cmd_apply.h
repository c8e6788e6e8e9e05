/*
 * cmd_apply: the text configuration is read, checked and published.
 */
#ifndef QUEUE_CMD_APPLY_H
#define QUEUE_CMD_APPLY_H

#include "queue/conf.h"

/*
 * Publishes what is in dir, or tells all mistakes on stderr and changes
 * nothing.  Returns an exit status.
 */
int apply_dir(const char *dir);
/* Reads dir and tells mistakes; the caller frees conf in either case. */
int apply_read(struct conf *, const char *dir);

#endif
