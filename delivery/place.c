/*
 * place: where virtual users' Maildirs lie, as long as they lie there.
 *
 * Part of local, which runs as the mailbox owner; reads the compiled tables
 * and looks at one directory.
 */
#include <sys/stat.h>

#include <errno.h>
#include <string.h>

#include <bsd/string.h>

#include "common/log.h"
#include "common/startup.h"
#include "delivery/place.h"

static bool
same_directory(const struct place *p, const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_dev == p->dev &&
	    st.st_ino == p->ino;
}

/* Whether the tables could be read, and what they say. */
static bool
read_root(const struct place *p, char root[FRESH_PATH + 1])
{
	const char *text;
	const struct option_bind bind = { "virtual-root", &text };
	struct tables t;
	bool ok;

	if (!startup_reopen(&t, p->tables))
		return false;
	ok = startup_options(&t, NULL, &bind, 1) &&
	    strlcpy(root, text, FRESH_PATH + 1) <= FRESH_PATH;
	tables_close(&t);
	return ok;
}

bool
place_init(struct place *p, const char *tables)
{
	struct stat st;

	*p = (struct place){ .tables = tables };
	(void)tables_changed(p->tables, &p->seen); /* it was never looked at */
	if (!read_root(p, p->dir))
		return false;
	if (stat(".", &st) == -1) {
		log_error(
		    "-", "path=. wanted=directory found=%s", strerror(errno));
		return false;
	}
	p->dev = st.st_dev;
	p->ino = st.st_ino;
	if (same_directory(p, p->dir))
		return true;
	log_error(
	    "-", "path=%s wanted=working-directory found=another", p->dir);
	return false;
}

bool
place_current(struct place *p)
{
	char root[FRESH_PATH + 1];

	if (tables_changed(p->tables, &p->seen) && read_root(p, root) &&
	    strcmp(root, p->dir) != 0)
		return false;
	return same_directory(p, p->dir);
}
