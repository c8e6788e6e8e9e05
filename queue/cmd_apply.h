/*
 * cmd_apply: the text configuration is read, checked and published.
 */
#ifndef QUEUE_CMD_APPLY_H
#define QUEUE_CMD_APPLY_H

#include "queue/conf.h"

/*
 * For the commands that edit: publishes what is in dir, or tells all mistakes
 * on stderr and changes nothing.  Warnings are left to apply and check.
 * Returns an exit status.
 */
int apply_dir(const char *dir);
/*
 * Reads dir and tells mistakes, and what of the host would keep it from being
 * applied, before anything is edited.  The caller frees conf in either case.
 */
int apply_read(struct conf *, const char *dir);

/*
 * The same for a conf of apply_read() that the caller changed since.
 */
int apply_again(struct conf *);

/*
 * Whether the caller may read all of the configuration in dir; with change,
 * whether he may also put it in force.  Tells it on stderr if not.
 */
bool apply_allowed(const char *dir, bool change);

#endif
