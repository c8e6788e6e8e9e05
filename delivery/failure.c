/*
 * failure: what went wrong with a mailbox.  Part of local; text only.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "delivery/failure.h"

struct row {
	int error;
	const char *dsn;
	const char *found; /* NULL: as strerror(3) says it */
};

/* clang-format off */
static const struct row rows[] = {
	{ EDQUOT,	"4.2.2",	"mailbox full: quota exceeded" },
	{ ENOSPC,	"4.3.1",	"disk full" },
	{ EFBIG,	"4.3.1",	"limit on file size" },
	{ EMLINK,	"4.3.1",	NULL },
	{ EACCES,	"4.2.1",	NULL },
	{ EPERM,	"4.2.1",	NULL },
	{ EROFS,	"4.2.1",	NULL },
	{ ELOOP,	"4.3.5",	"symbolic link" },
	{ ENOTDIR,	"4.3.5",	"something else" },
	{ EXDEV,	"4.3.5",	"a path that leads outside" },
	{ ENAMETOOLONG,	"4.3.5",	NULL },
};
/* clang-format on */

enum outcome
failure_errno(struct diag *d, const char *path, const char *wanted, int error)
{
	struct row row = { error, "4.3.0", NULL };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].error == error)
			row = rows[i];
	return diag_set(d, row.dsn, "path=%.100s wanted=%s found=%s", path,
	    wanted, row.found != NULL ? row.found : strerror(error));
}

enum outcome
failure_found(
    struct diag *d, const char *path, const char *wanted, const char *found)
{
	return diag_set(
	    d, "4.3.5", "path=%.100s wanted=%s found=%s", path, wanted, found);
}
