/*
 * failure: what went wrong with a mailbox.  Part of local; text only.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <bsd/string.h>

#include "delivery/failure.h"

struct row {
	int error;
	const char *dsn, *text;
	const char *found; /* NULL: as strerror(3) says it */
};

/* clang-format off */
static const struct row rows[] = {
	{ EDQUOT,	"4.2.2",	"mailbox is full: quota exceeded", NULL },
	{ ENOSPC,	"4.3.1",	"mailbox disk is full", NULL },
	{ EFBIG,	"4.3.1",	"mailbox files are limited in size", NULL },
	{ EMLINK,	"4.3.1",	"mailbox directory is full", NULL },
	{ EACCES,	"4.2.1",	"mailbox directory is not accessible (see the log)", NULL },
	{ EPERM,	"4.2.1",	"mailbox directory is not accessible (see the log)", NULL },
	{ EROFS,	"4.2.1",	"mailbox disk is read-only", NULL },
	{ ELOOP,	"4.3.5",	"mailbox path has a symbolic link (see the log)", "symbolic link" },
	{ ENOTDIR,	"4.3.5",	"mailbox directory is something else (see the log)", "something else" },
	{ EXDEV,	"4.3.5",	"mailbox path leads outside (see the log)", "a path that leads outside" },
	{ ENAMETOOLONG,	"4.3.5",	"mailbox path is too long (see the log)", NULL },
};
/* clang-format on */

static enum outcome
set(struct failure *f, const struct row *row, const char *path,
    const char *wanted, const char *found)
{
	if (f->diag.outcome != OUT_OK)
		return f->diag.outcome;
	strlcpy(f->path, path, sizeof(f->path));
	f->wanted = wanted;
	strlcpy(f->found, found, sizeof(f->found));
	return diag_set(&f->diag, row->dsn, "%s", row->text);
}

enum outcome
failure_errno(
    struct failure *f, const char *path, const char *wanted, int error)
{
	struct row row = { error, "4.3.0",
		"message cannot be stored now (see the log)", NULL };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].error == error)
			row = rows[i];
	return set(f, &row, path, wanted,
	    row.found != NULL ? row.found : strerror(error));
}

enum outcome
failure_found(struct failure *f, const char *text, const char *path,
    const char *wanted, const char *found)
{
	const struct row row = { 0, "4.3.5", text, NULL };

	return set(f, &row, path, wanted, found);
}

enum outcome
failure_busy(
    struct failure *f, const char *path, const char *wanted, const char *found)
{
	const struct row row = { 0, "4.2.1",
		"mailbox is closed by its owner (see the log)", NULL };

	return set(f, &row, path, wanted, found);
}
