/*
 * tables: the compiled configuration, and the sources that it names.  Library
 * code in every program; opens files for reading and believes nothing in them
 * but what it has checked.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/cdb_open.h"
#include "common/map_sources.h"
#include "common/num.h"
#include "common/tables.h"

static bool
fail(char *err, const char *path, const char *wanted, const char *found)
{
	(void)snprintf(err, TABLES_ERR,
	    "path=%s wanted=%s found=%s (run: postrider apply)", path, wanted,
	    found);
	return false;
}

/* One look, where there are no sources. */
static bool
open_sources(struct tables *t, const char *path, char *err)
{
	const char *spaces;

	switch (tables_get(t, TABLES_SOURCES, "", &spaces)) {
	case TABLES_FOUND:
		t->sources = map_sources_new(t);
		if (t->sources != NULL)
			return true;
		(void)fail(err, path, "sources", "damage or no memory");
		break;
	case TABLES_NONE:
		return true;
	case TABLES_BROKEN:
		(void)fail(err, path, "cdb", "truncated or damaged file");
		break;
	}
	tables_close(t);
	return false;
}

bool
tables_open(struct tables *t, const char *path, bool copy, char err[TABLES_ERR])
{
	struct cdb_fault fault;
	const char *version;

	memset(t, 0, sizeof(*t));
	if ((t->fd = cdb_open(&t->cdb, path, copy, &fault)) == -1)
		return fail(err, path, fault.wanted, fault.found);
	switch (tables_get(t, TABLES_META, "version", &version)) {
	case TABLES_FOUND:
		if (strcmp(version, TABLES_VERSION) == 0)
			return open_sources(t, path, err);
		break;
	case TABLES_NONE:
		version = "no version";
		break;
	case TABLES_BROKEN:
		version = "truncated or damaged file";
		break;
	}
	(void)fail(err, path, "version " TABLES_VERSION, version);
	tables_close(t); /* version lay in it */
	return false;
}

void
tables_alone(struct tables *t)
{
	map_sources_free(t->sources);
	t->sources = NULL;
}

void
tables_close(struct tables *t)
{
	tables_alone(t);
	cdb_free(&t->cdb);
	(void)close(t->fd); /* was only read */
	t->fd = -1;
}

static enum tables_result
look(struct tables *t, enum tables_space space, const char *key,
    const char **value)
{
	char k[TABLES_KEY_MAX + 1];
	size_t n = strlen(key);
	const char *v;
	int r;

	k[0] = (char)space;
	memcpy(k + 1, key, n);
	r = cdb_find(&t->cdb, k, (unsigned int)n + 1);
	if (r == 0)
		return TABLES_NONE;
	if (r < 0 || cdb_datalen(&t->cdb) == 0 ||
	    (v = cdb_getdata(&t->cdb)) == NULL ||
	    v[cdb_datalen(&t->cdb) - 1] != '\0')
		return TABLES_BROKEN;
	*value = v;
	return TABLES_FOUND;
}

/* The compiled tables first, and then, in order, where else to look. */
enum tables_result
tables_get(struct tables *t, enum tables_space space, const char *key,
    const char **value)
{
	struct tables_look l = { .space = space, .key = key };

	l.result = TABLES_NONE;
	if (strlen(key) <= TABLES_KEY_MAX) {
		l.result = look(t, space, key, &l.value);
		if (l.result == TABLES_NONE && t->sources != NULL)
			map_sources_get(t->sources, &l);
	}
	if (l.result == TABLES_FOUND)
		*value = l.value;
	else
		l.value = NULL;
	if (t->trace != NULL)
		t->trace(t->trace_arg, &l);
	return l.result;
}

void
tables_refresh(struct tables *t)
{
	if (t->sources != NULL)
		map_sources_refresh(t->sources);
}

void
tables_connect(struct tables *t)
{
	if (t->sources != NULL)
		map_sources_connect(t->sources);
}

bool
tables_sources(struct tables *t, enum tables_space space)
{
	return t->sources != NULL && map_sources_of(t->sources, space);
}

bool
tables_unix_domains(struct tables *t)
{
	const char *v;

	return tables_get(t, TABLES_META, "unix-domains", &v) != TABLES_FOUND ||
	    strcmp(v, "no") != 0;
}

bool
tables_certificates(struct tables *t)
{
	const char *v;

	return tables_get(t, TABLES_META, "certificates", &v) == TABLES_FOUND &&
	    strcmp(v, "yes") == 0;
}

bool
tables_user(struct tables *t, const char *name, uid_t *uid, gid_t *gid)
{
	const char *v, *space;
	uint64_t u, g;
	char s[16];

	if (tables_get(t, TABLES_USER, name, &v) != TABLES_FOUND ||
	    (space = strchr(v, ' ')) == NULL ||
	    (size_t)(space - v) >= sizeof(s))
		return false;
	memcpy(s, v, (size_t)(space - v));
	s[space - v] = '\0';
	if (!num_parse(s, UINT32_MAX - 1, &u) ||
	    !num_parse(space + 1, UINT32_MAX - 1, &g))
		return false;
	*uid = (uid_t)u;
	*gid = (gid_t)g;
	return true;
}
