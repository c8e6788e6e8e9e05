/*
 * tables_fresh: compiled tables in a long-lived daemon.  In postriderd and
 * authd; reads one file, with the rights of the daemon.
 */
#include <sys/stat.h>

#include <string.h>

#include <bsd/string.h>

#include "common/log.h"
#include "common/tables_fresh.h"

bool
tables_fresh_init(struct tables_fresh *f, const char *path)
{
	memset(f, 0, sizeof(*f));
	return strlcpy(f->path, path, sizeof(f->path)) < sizeof(f->path);
}

/* The file as it is now; all zero when there is none. */
static struct tables_mark
mark(const char *path)
{
	struct tables_mark m = { 0 };
	struct stat st;

	if (stat(path, &st) == 0) {
		m.dev = st.st_dev;
		m.ino = st.st_ino;
		m.size = st.st_size;
		m.mtime = st.st_mtim;
	}
	return m;
}

static bool
same(const struct tables_mark *a, const struct tables_mark *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	    a->mtime.tv_sec == b->mtime.tv_sec &&
	    a->mtime.tv_nsec == b->mtime.tv_nsec;
}

struct tables *
tables_fresh_get(struct tables_fresh *f)
{
	/* Looked at before it is opened: a change in between is seen later. */
	struct tables_mark now = mark(f->path);
	struct tables t;
	char e[TABLES_ERR];

	if (f->looked && same(&now, &f->seen))
		return f->open ? &f->tables : NULL;
	f->looked = true;
	f->seen = now;
	if (tables_open(&t, f->path, true, e)) {
		tables_fresh_close(f);
		f->tables = t;
		f->open = true;
	} else
		log_error("-", "tables=%s kept=%s", e,
		    f->open ? "old-state" : "nothing");
	return f->open ? &f->tables : NULL;
}

void
tables_fresh_close(struct tables_fresh *f)
{
	if (f->open)
		tables_close(&f->tables);
	f->open = false;
}
