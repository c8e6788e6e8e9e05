/*
 * tls_dir: the names in tls-dir.  In tlsd's keeper and the administrator's
 * tools; opens no file.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "common/tls_dir.h"
#include "common/tls_pair.h"

bool
tls_dir_has(const struct tls_dir *d, const char *name)
{
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->names[i], name) == 0)
			return true;
	return false;
}

/* False for one that cannot be taken. */
static bool
take(struct tls_dir *d, const char *file)
{
	size_t n = strlen(file);

	if (n < 4 || strcmp(file + n - 4, ".pem") != 0)
		return true;
	n -= 4;
	if (!tls_pair_name(file, n) || d->n == TLS_IDENTITIES)
		return false;
	memcpy(d->names[d->n], file, n);
	d->names[d->n++][n] = '\0';
	return true;
}

static size_t
take_all(struct tls_dir *d, DIR *dir, const char *path, bool quiet)
{
	struct dirent *e;
	size_t passed_by = 0;

	while (errno = 0, (e = readdir(dir)) != NULL) {
		if (take(d, e->d_name))
			continue;
		if (passed_by++ == 0 && !quiet)
			log_error("-",
			    "path=%s wanted=%s found=%s passed-by=yes", path,
			    "at most 256 names of letters, digits and ._-, "
			    "at most 59 long",
			    e->d_name);
	}
	return passed_by;
}

static bool
cannot(const char *path, struct tls_dir_state *s)
{
	if (errno != s->error)
		log_error("-", "path=%s wanted=directory found=%s", path,
		    strerror(errno));
	s->error = errno;
	return false;
}

bool
tls_dir_list(struct tls_dir *d, const char *path, struct tls_dir_state *s)
{
	DIR *dir = opendir(path);
	size_t passed_by;
	int error;

	d->n = 0;
	if (dir == NULL)
		return cannot(path, s);
	passed_by = take_all(d, dir, path, s->passed_by > 0);
	error = errno;
	(void)closedir(dir); /* was only read */
	if ((errno = error) != 0)
		return cannot(path, s);
	s->error = 0;
	s->passed_by = passed_by;
	return true;
}
