/*
 * cmd_apply: the text configuration is read, checked and published.
 */
#ifndef QUEUE_CMD_APPLY_H
#define QUEUE_CMD_APPLY_H

#include "queue/conf.h"
#include "queue/conf_edit.h"

/*
 * For commands: publishes what is in dir, or tells all mistakes
 * on stderr and changes nothing.  Warnings are left to apply and check.
 * Returns an exit status.
 */
int apply_dir(const char *dir);
/*
 * The same behind conf_edit(): what cannot be published, and what status says
 * to have failed before, is put back.
 */
int apply_edited(const char *dir, struct conf_before *, int status);
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
 * Whether what the entry says can be edited in that file of the configuration;
 * tells where it stands if it is elsewhere, inline in postrider.conf.  Nothing
 * (NULL) can be.
 */
bool apply_stands_in(
    const struct conf *, const struct conf_entry *, const char *name);

/*
 * Whether the caller may read all of the configuration in dir; with change,
 * whether he may also put it in force.  Tells it on stderr if not.
 */
bool apply_allowed(const char *dir, bool change);

#endif
