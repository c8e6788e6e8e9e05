/*
 * spool_file: what one file of the spool means.  In queued, as postrider.
 * The disk, an administrator or a process with the same uid may have changed
 * any byte: nothing is believed that a checksum does not confirm.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "common/fdio.h"
#include "queue/spool_file.h"

#define FRONT 4096 /* bytes, that most envelopes fit into */

__attribute__((format(printf, 4, 5))) static enum spool_state
fault(enum spool_state state, struct spool_fault *f, const char *wanted,
    const char *fmt, ...)
{
	va_list ap;

	f->wanted = wanted;
	va_start(ap, fmt);
	(void)vsnprintf(f->found, sizeof(f->found), fmt, ap);
	va_end(ap);
	return state;
}

static enum spool_state
check_kind(const struct stat *st, struct spool_fault *f)
{
	if (!S_ISREG(st->st_mode))
		return fault(SPOOL_ALIEN, f, "a regular file", "mode %o",
		    (unsigned int)st->st_mode);
	if (st->st_nlink != 1)
		return fault(SPOOL_ALIEN, f, "one link", "%ju links",
		    (uintmax_t)st->st_nlink);
	if (st->st_uid != geteuid())
		return fault(SPOOL_ALIEN, f, "a file of the queue's user",
		    "uid %u", (unsigned int)st->st_uid);
	return SPOOL_VALID;
}

struct opened {
	int fd;
	struct stat st;
};

static enum spool_state
open_file(int dir, const char *name, bool writable, struct opened *o,
    struct spool_fault *f)
{
	const int flags = O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY |
	    (writable ? O_RDWR : O_RDONLY);
	enum spool_state state;

	/* That a file was read shall not be written; it needs to be ours. */
	o->fd = openat(dir, name, flags | O_NOATIME);
	if (o->fd == -1 && errno == EPERM)
		o->fd = openat(dir, name, flags);
	if (o->fd == -1) {
		if (errno == ENOENT)
			return SPOOL_GONE;
		/* A socket, a link, somebody else's file. */
		if (errno == ELOOP || errno == ENXIO || errno == EACCES ||
		    errno == EPERM || errno == EISDIR)
			return fault(SPOOL_ALIEN, f, "a regular file", "%s",
			    strerror(errno));
		return SPOOL_FAILED;
	}
	if (fstat(o->fd, &o->st) == -1)
		state = SPOOL_FAILED;
	else
		state = check_kind(&o->st, f);
	if (state != SPOOL_VALID) {
		(void)close(o->fd); /* nothing was written */
		o->fd = -1;
	}
	return state;
}

enum spool_state
spool_file_open(
    int dir, const char *name, bool writable, int *fd, struct spool_fault *f)
{
	struct opened o;
	enum spool_state state = open_file(dir, name, writable, &o, f);

	*fd = o.fd;
	return state;
}

/* What one read(2) brings: all of a small file. */
struct front {
	char p[FRONT];
	size_t n;      /* bytes that are there */
	uint64_t size; /* of the file */
};

/* False with errno. */
static bool
read_front(int fd, uint64_t size, struct front *f)
{
	f->size = size;
	f->n = size < FRONT ? (size_t)size : FRONT;
	return fd_preadall(fd, f->p, f->n, 0) == 0;
}

/*
 * The envelope's text, whole, in the front or in memory of its own; NULL with
 * *state set.
 */
static const char *
read_head(int fd, const struct front *f, size_t *n, char **own,
    enum spool_state *state)
{
	*own = NULL;
	*state = SPOOL_DAMAGED;
	if (f->n < ENVELOPE_FIRST)
		return NULL;
	*n = env_length(f->p);
	if (*n == 0 || *n > f->size)
		return NULL;
	if (*n <= f->n)
		return f->p;
	*state = SPOOL_FAILED;
	if ((*own = malloc(*n)) != NULL && fd_preadall(fd, *own, *n, 0) == -1) {
		free(*own);
		*own = NULL;
	}
	return *own;
}

static enum spool_state
read_envelope(int fd, const struct front *front, const char *id,
    struct envelope *e, struct spool_fault *f)
{
	enum spool_state state;
	const char *wanted, *p;
	char *own;
	size_t n;

	if ((p = read_head(fd, front, &n, &own, &state)) == NULL)
		return fault(
		    state, f, "a first line of version 1", "something else");
	wanted = env_parse(e, p, n);
	free(own);
	if (wanted != NULL && strcmp(wanted, "memory") == 0) {
		errno = ENOMEM;
		return SPOOL_FAILED;
	}
	if (wanted != NULL)
		return fault(SPOOL_DAMAGED, f, wanted, "other bytes");
	if (strcmp(e->id, id) != 0)
		return fault(
		    SPOOL_DAMAGED, f, "its own name in Id", "%s", e->id);
	return SPOOL_VALID;
}

static enum spool_state
check_trailer(const struct trailer *t, const struct envelope *e, uint64_t size,
    struct spool_fault *f)
{
	if (t->envcrc != e->crc)
		return fault(SPOOL_DAMAGED, f,
		    "the envelope that the trailer vouches for",
		    "checksum %08" PRIx32 " instead of %08" PRIx32, e->crc,
		    t->envcrc);
	if (t->size > size || e->len + t->size + TRAILER_LEN != size)
		return fault(SPOOL_DAMAGED, f,
		    "the length that the trailer vouches for",
		    "%" PRIu64 " bytes", size);
	return SPOOL_VALID;
}

/* The last bytes of the file; false with errno. */
static bool
read_trailer(
    int fd, const struct front *f, enum trailer_state *ts, struct trailer *t)
{
	char buf[TRAILER_LEN];
	const char *p = buf;

	*ts = TRAILER_ABSENT;
	memset(t, 0, sizeof(*t));
	if (f->size < TRAILER_LEN)
		return true;
	if (f->n == f->size)
		p = f->p + f->n - TRAILER_LEN;
	else if (fd_preadall(fd, buf, TRAILER_LEN,
		     (int64_t)(f->size - TRAILER_LEN)) == -1)
		return false;
	*ts = trailer_parse(p, t);
	return true;
}

/* Envelope and trailer are known: what do they mean together? */
static enum spool_state
judge(enum spool_state state, enum trailer_state ts, const struct envelope *e,
    struct spool_fault *f)
{
	if (state == SPOOL_FAILED)
		return state;
	if (ts == TRAILER_DAMAGED)
		return fault(SPOOL_DAMAGED, f, "a trailer with a good checksum",
		    "other bytes");
	if (ts == TRAILER_VALID)
		return state;
	if (state == SPOOL_VALID && env_touched(e))
		return fault(SPOOL_DAMAGED, f, "a trailer at the end",
		    "none, though delivery was tried");
	return fault(SPOOL_INCOMPLETE, f, "a trailer at the end", "none");
}

static enum spool_state
read_file(int fd, uint64_t size, const char *id, struct spool_loaded *l)
{
	enum trailer_state ts;
	enum spool_state state;
	struct front front;
	struct trailer t;

	if (!read_front(fd, size, &front) || !read_trailer(fd, &front, &ts, &t))
		return SPOOL_FAILED;
	state = read_envelope(fd, &front, id, &l->env, &l->fault);
	state = judge(state, ts, &l->env, &l->fault);
	if (state == SPOOL_VALID)
		state = check_trailer(&t, &l->env, size, &l->fault);
	l->content.offset = l->env.len;
	l->content.size = t.size;
	l->content.lines = t.lines;
	l->content.crc = t.crc;
	if (state != SPOOL_VALID)
		env_free(&l->env);
	return state;
}

enum spool_state
spool_file_read(int fd, const char *id, struct envelope *e,
    struct spool_content *c, struct spool_fault *f)
{
	struct spool_loaded l = { .env = *e };
	enum spool_state state;
	struct stat st;

	if (fstat(fd, &st) == -1)
		return SPOOL_FAILED;
	state = read_file(fd, (uint64_t)st.st_size, id, &l);
	*e = l.env;
	*c = l.content;
	*f = l.fault;
	return state;
}

enum spool_state
spool_file_load(int dir, const char *id, struct spool_loaded *l)
{
	enum spool_state state;
	struct opened o;
	int error;

	env_init(&l->env);
	state = open_file(dir, id, false, &o, &l->fault);
	if (state != SPOOL_VALID)
		return state;
	l->written = o.st.st_mtime;
	state = read_file(o.fd, (uint64_t)o.st.st_size, id, l);
	error = errno;
	(void)close(o.fd); /* was only read */
	errno = error;
	return state;
}

enum spool_state
spool_file_committed(int fd, const struct envelope *e,
    const struct spool_content *said, struct spool_fault *f)
{
	struct front front = { .n = 0 };
	enum trailer_state ts;
	struct trailer t;
	struct stat st;

	if (fstat(fd, &st) == -1)
		return SPOOL_FAILED;
	front.size = (uint64_t)st.st_size;
	if (!read_trailer(fd, &front, &ts, &t))
		return SPOOL_FAILED;
	if (ts != TRAILER_VALID)
		return fault(
		    SPOOL_INCOMPLETE, f, "a trailer at the end", "none");
	if (t.size != said->size || t.lines != said->lines ||
	    t.crc != said->crc)
		return fault(SPOOL_DAMAGED, f, "the content that was committed",
		    "another");
	return check_trailer(&t, e, front.size, f);
}
