/*
 * spool_walk: the names in the spool.  In queued, as postrider; opens
 * directories below the ones it holds and follows no links.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/log.h"
#include "queue/spool_private.h"

#define NAMES 4096 /* of a directory that are sorted together */

/*
 * Names come sorted, as far as a bounded memory allows: that is the order in
 * which the files were made, and a disk has them side by side.
 */
struct spool_walk {
	struct spool *spool;
	unsigned int dir; /* the one being read */
	DIR *open;        /* NULL between directories */
	bool complain;
	size_t n, next; /* names that were read; that were given */
	char names[NAMES][ID_MAX + 1];
};

static DIR *
open_directory(const struct spool *s, unsigned int dir)
{
	DIR *d = NULL;
	int fd;

	fd = openat(s->dirs[dir], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd != -1 && (d = fdopendir(fd)) == NULL)
		(void)close(fd); /* was only opened */
	if (d == NULL)
		log_error("-", "path=%s wanted=readable found=%s",
		    spool_path(s, dir, "").s, strerror(errno));
	return d;
}

struct spool_walk *
spool_walk_new(struct spool *s, bool complain)
{
	struct spool_walk *w = malloc(sizeof(*w));

	if (w == NULL)
		return NULL;
	w->spool = s;
	w->dir = 0;
	w->open = NULL;
	w->complain = complain;
	w->n = w->next = 0;
	return w;
}

void
spool_walk_free(struct spool_walk *w)
{
	if (w->open != NULL)
		(void)closedir(w->open); /* was only read */
	free(w);
}

static bool
belongs(const struct spool_walk *w, const char *name)
{
	if (spool_id_valid(name) && spool_id_dir(name) == w->dir)
		return true;
	if (w->complain && name[0] != '.')
		log_error("-", "path=%s wanted=message-id found=other-name",
		    spool_path(w->spool, w->dir, name).s);
	return false;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The next names of the directory that is read, or of none at its end. */
static void
read_names(struct spool_walk *w)
{
	struct dirent *de;

	w->n = w->next = 0;
	if (w->open == NULL)
		w->open = open_directory(w->spool, w->dir);
	while (
	    w->open != NULL && w->n < NAMES && (de = readdir(w->open)) != NULL)
		if (belongs(w, de->d_name))
			strlcpy(w->names[w->n++], de->d_name, ID_MAX + 1);
	qsort(w->names, w->n, sizeof(w->names[0]), compare);
	if (w->n == NAMES)
		return;
	if (w->open != NULL)
		(void)closedir(w->open); /* was only read */
	w->open = NULL;
	w->dir++;
}

bool
spool_walk_next(struct spool_walk *w, char id[ID_MAX + 1])
{
	while (w->next == w->n) {
		if (w->dir == SPOOL_DIRS)
			return false;
		read_names(w);
	}
	memcpy(id, w->names[w->next++], ID_MAX + 1);
	return true;
}

bool
spool_damaged_after(struct spool *s, const char *id, char next[ID_MAX + 1])
{
	DIR *d = open_directory(s, SPOOL_DAMAGED_DIR);
	struct dirent *de;
	bool found = false;

	while (d != NULL && (de = readdir(d)) != NULL)
		if (spool_id_valid(de->d_name) && strcmp(de->d_name, id) > 0 &&
		    (!found || strcmp(de->d_name, next) < 0)) {
			strlcpy(next, de->d_name, ID_MAX + 1);
			found = true;
		}
	if (d != NULL)
		(void)closedir(d); /* was only read */
	return found;
}

size_t
spool_damaged_count(struct spool *s)
{
	DIR *d = open_directory(s, SPOOL_DAMAGED_DIR);
	struct dirent *de;
	size_t n = 0;

	while (d != NULL && (de = readdir(d)) != NULL)
		n += de->d_name[0] != '.';
	if (d != NULL)
		(void)closedir(d); /* was only read */
	return n;
}

int
spool_damaged_reader(struct spool *s, const char *id, uint64_t *size)
{
	struct spool_fault f;
	enum spool_state state;
	struct stat st;
	int fd;

	state = spool_file_open(s->dirs[SPOOL_DAMAGED_DIR], id, false, &fd, &f);
	if (state == SPOOL_ALIEN)
		errno = EPERM;
	if (state != SPOOL_VALID)
		return -1;
	if (fstat(fd, &st) == 0) {
		*size = (uint64_t)st.st_size;
		return fd;
	}
	(void)close(fd); /* was only opened */
	return -1;
}

bool
spool_damaged_remove(struct spool *s, const char *id)
{
	return unlinkat(s->dirs[SPOOL_DAMAGED_DIR], id, 0) == 0;
}
