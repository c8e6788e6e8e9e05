/*
 * tables_fresh: compiled tables in a long-lived daemon.  In the daemons and in
 * the accepting parents of smtpd and pop3d; reads one file, with their rights.
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

/* The file as it is now; all but looked is zero when there is none. */
static struct tables_mark
mark(const char *path)
{
	struct tables_mark m = { .looked = true };
	struct stat st;

	if (stat(path, &st) == 0) {
		m.dev = st.st_dev;
		m.ino = st.st_ino;
		m.size = st.st_size;
		m.mtime = st.st_mtim;
		m.ctime = st.st_ctim;
	}
	return m;
}

static bool
same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool
tables_changed(const char *path, struct tables_mark *seen)
{
	struct tables_mark now = mark(path);
	bool same = seen->looked && now.dev == seen->dev &&
	    now.ino == seen->ino && now.size == seen->size &&
	    same_time(&now.mtime, &seen->mtime) &&
	    same_time(&now.ctime, &seen->ctime);

	*seen = now;
	return !same;
}

struct tables *
tables_fresh_get(struct tables_fresh *f)
{
	struct tables t;
	char e[TABLES_ERR];

	if (!tables_changed(f->path, &f->seen)) {
		if (f->open)
			tables_refresh(&f->tables);
		return f->open ? &f->tables : NULL;
	}
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
