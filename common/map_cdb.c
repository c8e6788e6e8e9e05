/*
 * map_cdb: a source that is a CDB file.  Library code in every program that
 * looks something up; reads one file, which the administrator has named, with
 * that program's rights.
 */
#include <sys/stat.h>

#include <string.h>
#include <unistd.h>

#include "common/map_cdb.h"

void
map_cdb_open(struct map_cdb *m, const char *path)
{
	int fd;

	memset(m, 0, sizeof(*m));
	(void)tables_changed(path, &m->seen); /* it was never looked at */
	fd = cdb_open(&m->cdb, path, false, &m->fault);
	m->open = fd != -1;
	if (m->open)
		(void)close(
		    fd); /* it is mapped; children close all they have */
}

void
map_cdb_close(struct map_cdb *m)
{
	if (m->open)
		cdb_free(&m->cdb);
	m->open = false;
}

void
map_cdb_refresh(struct map_cdb *m, const char *path)
{
	struct tables_mark seen = m->seen;

	if (!tables_changed(path, &seen))
		return;
	map_cdb_close(m);
	map_cdb_open(m, path);
}

static enum tables_result
broken(struct map_cdb *m, const char *wanted, const char *found)
{
	m->fault.wanted = wanted;
	m->fault.found = found;
	return TABLES_BROKEN;
}

/*
 * A file that is written to where it lies, instead of being replaced, would end
 * this process when it reads what is no longer there.
 */
static bool
is_cut(const struct map_cdb *m, const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_dev == m->seen.dev &&
	    st.st_ino == m->seen.ino && st.st_size != m->seen.size;
}

enum tables_result
map_cdb_get(struct map_cdb *m, const char *path, const char *key,
    char value[MAP_VALUE_MAX + 1])
{
	const char *v;
	size_t n;
	int r;

	if (!m->open)
		return TABLES_BROKEN;
	if (is_cut(m, path))
		return broken(m, "file-of-the-same-length",
		    "one that was written in place");
	r = cdb_find(&m->cdb, key, (unsigned int)strlen(key));
	if (r == 0)
		return TABLES_NONE;
	n = r < 0 ? 0 : cdb_datalen(&m->cdb);
	if (r < 0 || (v = cdb_getdata(&m->cdb)) == NULL)
		return broken(m, "cdb", "truncated or damaged file");
	if (n > 0 && v[n - 1] == '\0')
		n--;
	if (n > MAP_VALUE_MAX)
		return broken(m, "value-of-at-most-8192-bytes", "more");
	if (memchr(v, '\0', n) != NULL)
		return broken(m, "text", "NUL");
	memcpy(value, v, n);
	value[n] = '\0';
	return TABLES_FOUND;
}
