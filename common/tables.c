/*
 * tables: the compiled configuration.  Library code in every program; opens
 * one file for reading and believes nothing in it but what it has checked.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/fdio.h"
#include "common/num.h"
#include "common/tables.h"

static bool
fail(int fd, char *err, const char *path, const char *wanted, const char *found)
{
	(void)snprintf(err, TABLES_ERR,
	    "path=%s wanted=%s found=%s (run: postrider apply)", path, wanted,
	    found);
	if (fd != -1)
		(void)close(fd); /* was only read */
	return false;
}

/* A private copy of fd in memory, or -1 with errno; closes fd. */
static int
copy_file(int fd)
{
	char buf[65536];
	ssize_t n;
	int to;

	to = memfd_create("tables", MFD_CLOEXEC);
	while (to != -1 && (n = read(fd, buf, sizeof(buf))) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 || fd_writeall(to, buf, (size_t)n) == -1) {
			(void)close(to); /* memory only */
			to = -1;
		}
	}
	(void)close(fd); /* was only read */
	return to;
}

bool
tables_open(struct tables *t, const char *path, bool copy, char err[TABLES_ERR])
{
	const char *version;
	struct stat st;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd == -1)
		return fail(-1, err, path, "readable", strerror(errno));
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		return fail(fd, err, path, "regular-file", "something else");
	if (copy && (fd = copy_file(fd)) == -1)
		return fail(-1, err, path, "memory", strerror(errno));
	if (cdb_init(&t->cdb, fd) != 0)
		return fail(fd, err, path, "cdb", "truncated or damaged file");
	t->fd = fd;
	t->trace = NULL;
	switch (tables_get(t, TABLES_META, "version", &version)) {
	case TABLES_FOUND:
		if (strcmp(version, TABLES_VERSION) == 0)
			return true;
		break;
	case TABLES_NONE:
		version = "no version";
		break;
	case TABLES_BROKEN:
		version = "truncated or damaged file";
		break;
	}
	(void)fail(fd, err, path, "version " TABLES_VERSION, version);
	cdb_free(&t->cdb); /* version lay in it */
	return false;
}

void
tables_close(struct tables *t)
{
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

	if (n > TABLES_KEY_MAX)
		return TABLES_NONE;
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

enum tables_result
tables_get(struct tables *t, enum tables_space space, const char *key,
    const char **value)
{
	enum tables_result r = look(t, space, key, value);

	if (t->trace != NULL)
		t->trace(t->trace_arg, space, key,
		    r == TABLES_FOUND ? *value : NULL);
	return r;
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
