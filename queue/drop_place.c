/*
 * drop_place: spool-dir/drop, as one who adds to it sees it.
 *
 * In sendmail(8), with the caller's rights.  The directory cannot be opened for
 * reading, and so it cannot be synced either: what makes a name durable is
 * syncfs(2), on the file's own descriptor.  Must never say that a message is
 * safe before that.
 */
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "queue/drop_place.h"
#include "queue/room.h"
#include "queue/spool_id.h"
#include "queue/submit_send.h"

#define STRANGE 604800 /* seconds after which whatever lies there is */

struct place {
	struct submit_message *m;
	char path[SPOOL_DIR_MAX + 8];
	int dir, fd;
	char partial[DROP_NAME + 1], *name;
};

static int fail(struct place *, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Behind why it came to this. */
static int
fail(struct place *p, int status, const char *fmt, ...)
{
	size_t n = strlen(p->m->err), room = sizeof(p->m->err) - n;
	int put = 0;
	va_list ap;

	if (n > 0 && room > 3)
		put = snprintf(p->m->err + n, room, "; ");
	va_start(ap, fmt);
	(void)vsnprintf(p->m->err + n + put, room - (size_t)put, fmt, ap);
	va_end(ap);
	return status;
}

/* One that others have made could be read by them, or emptied. */
static int
open_place(struct place *p)
{
	struct stat st;

	(void)snprintf(p->path, sizeof(p->path), "%s/" DROP_DIR,
	    p->m->settings->spool_dir);
	p->dir = open(p->path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (p->dir == -1 || fstat(p->dir, &st) == -1)
		return fail(p, EX_TEMPFAIL,
		    "path=%s wanted=directory found=\"%s\"", p->path,
		    strerror(errno));
	if ((st.st_mode & 07777) != DROP_MODE)
		return fail(p, EX_TEMPFAIL,
		    "path=%s wanted=mode-%o found=mode-%o", p->path,
		    (unsigned int)DROP_MODE, (unsigned int)st.st_mode & 07777);
	return 0;
}

/* As room.h has it for the queue. */
static bool
has_room(const struct statvfs *v, uint64_t reserve, uint64_t size)
{
	uint64_t wanted, bytes = (uint64_t)v->f_bavail * v->f_frsize;

	/* A file system without a table of files says 0. */
	return !__builtin_add_overflow(reserve, size, &wanted) &&
	    bytes >= wanted && (v->f_files == 0 || v->f_favail >= ROOM_FILES);
}

static int
check_size(struct place *p)
{
	const struct submit_settings *s = p->m->settings;
	uint64_t size = submit_size(p->m);
	struct statvfs v;

	if (size > (uint64_t)s->message_size)
		return fail(p, EX_DATAERR,
		    "wanted a message of at most %lld bytes",
		    (long long)s->message_size);
	if (fstatvfs(p->dir, &v) == -1)
		return fail(p, EX_TEMPFAIL,
		    "path=%s wanted=free-space found=\"%s\"", p->path,
		    strerror(errno));
	if (!has_room(&v, (uint64_t)s->free_space, size))
		return fail(p, EX_TEMPFAIL,
		    "path=%s wanted=%lld-bytes-free found=less", p->path,
		    (long long)s->free_space);
	return 0;
}

static int
broken(struct place *p)
{
	return fail(p, EX_TEMPFAIL, "path=%s/%s wanted=written found=\"%s\"",
	    p->path, p->partial, strerror(errno));
}

/* A lock says that its writer is at it, however long that takes. */
static int
create(struct place *p)
{
	char id[ID_MAX + 1];

	spool_id_new(id);
	drop_name(id, DROP_WHOLE, p->name);
	drop_name(id, DROP_INCOMPLETE, p->partial);
	p->fd = openat(p->dir, p->partial,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (p->fd == -1 || fchmod(p->fd, 0600) == -1 ||
	    flock(p->fd, LOCK_EX | LOCK_NB) == -1)
		return broken(p);
	return 0;
}

/*
 * A crash before the rename leaves a file that its owner's process removes one
 * day; behind it, a message that will be sent.
 */
static int
make_durable(struct place *p)
{
	if (fsync(p->fd) == -1)
		return broken(p);
	smtp_block_signals();
	if (renameat(p->dir, p->partial, p->dir, p->name) == -1)
		return broken(p);
	if (syncfs(p->fd) == 0)
		return 0;
	(void)broken(p);
	/* Nobody has taken it: it is locked. */
	(void)unlinkat(p->dir, p->name, 0);
	return EX_TEMPFAIL;
}

int
drop_leave(struct submit_message *m, const struct submit_options *o,
    time_t arrival, char name[DROP_NAME + 1])
{
	struct place p = { .m = m, .dir = -1, .fd = -1, .name = name };
	int status = open_place(&p);

	if (status == 0)
		status = check_size(&p);
	if (status == 0 && (status = create(&p)) == 0) {
		if (drop_put(p.fd, m, o, arrival) == -1)
			status = broken(&p);
		else
			status = make_durable(&p);
	}
	if (status != 0 && p.fd != -1)
		/* Renamed, or removed, or left for another day. */
		(void)unlinkat(p.dir, p.partial, 0);
	if (p.fd != -1)
		(void)close(p.fd); /* was synced */
	if (p.dir != -1)
		(void)close(p.dir); /* a path only */
	return status;
}

bool
drop_take_back(const struct submit_settings *s, const char *name)
{
	char path[SPOOL_DIR_MAX + 8 + DROP_NAME + 2];

	(void)snprintf(
	    path, sizeof(path), "%s/" DROP_DIR "/%s", s->spool_dir, name);
	return unlink(path) == 0 || errno == ENOENT;
}

static void
note_strange(struct drop_count *c, const char *name, const struct stat *st)
{
	size_t n = 0;

	if (c->strange++ > 0 && (uint64_t)st->st_size <= c->size)
		return;
	c->uid = st->st_uid;
	c->size = (uint64_t)st->st_size;
	for (; name[n] != '\0' && n < NAME_MAX; n++)
		c->name[n] = name[n] <= ' ' || name[n] > '~' ? '?' : name[n];
	c->name[n] = '\0';
}

static void
count_one(struct drop_count *c, int dir, const char *name)
{
	enum drop_kind kind = drop_kind(name);
	struct stat st;

	c->waiting += kind == DROP_WHOLE;
	c->refused += kind == DROP_REFUSED;
	if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    (kind == DROP_FOREIGN || time(NULL) - st.st_ctime > STRANGE))
		note_strange(c, name, &st);
}

bool
drop_count(const char *spool_dir, struct drop_count *c)
{
	struct dirent *e;
	DIR *d;

	memset(c, 0, sizeof(*c));
	(void)snprintf(c->path, sizeof(c->path), "%s/" DROP_DIR, spool_dir);
	if ((d = opendir(c->path)) == NULL)
		return false;
	while ((e = readdir(d)) != NULL)
		count_one(c, dirfd(d), e->d_name);
	(void)closedir(d); /* was read only */
	return true;
}

static void
print_line(FILE *out, size_t n, const char *path, const char *what)
{
	/* Whoever prints looks at the stream at the end. */
	if (n > 0)
		(void)fprintf(out, "-- %zu message%s in %s %s\n", n,
		    n == 1 ? "" : "s", path, what);
}

void
drop_count_print(const struct drop_count *c, FILE *out)
{
	print_line(out, c->waiting, c->path, "to be submitted");
	print_line(out, c->refused, c->path, "refused, and nobody to tell");
}
