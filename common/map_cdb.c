/*
 * map_cdb: a source that is a CDB file.  Library code in every program that
 * looks something up; reads one file, which the administrator has named, with
 * that program's rights.
 */
#include <string.h>
#include <unistd.h>

#include "common/map_cdb.h"

void
map_cdb_open(struct map_cdb *m, const char *path, bool copy)
{
	memset(m, 0, sizeof(*m));
	m->copy = copy;
	(void)tables_changed(path, &m->seen); /* it was never looked at */
	m->fd = cdb_open(&m->cdb, path, copy, &m->fault);
}

void
map_cdb_close(struct map_cdb *m)
{
	if (m->fd == -1)
		return;
	cdb_free(&m->cdb);
	(void)close(m->fd); /* was only read */
	m->fd = -1;
}

void
map_cdb_refresh(struct map_cdb *m, const char *path)
{
	struct tables_mark seen = m->seen;
	bool copy = m->copy;

	if (!tables_changed(path, &seen))
		return;
	map_cdb_close(m);
	map_cdb_open(m, path, copy);
}

static enum tables_result
broken(struct map_cdb *m, const char *wanted, const char *found)
{
	m->fault.wanted = wanted;
	m->fault.found = found;
	return TABLES_BROKEN;
}

enum tables_result
map_cdb_get(struct map_cdb *m, const char *key, char value[MAP_VALUE_MAX + 1])
{
	const char *v;
	size_t n;
	int r;

	if (m->fd == -1)
		return TABLES_BROKEN;
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
