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

enum spool_state
spool_file_open(
    int dir, const char *name, bool writable, int *fd, struct spool_fault *f)
{
	const int flags = O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY |
	    (writable ? O_RDWR : O_RDONLY);
	enum spool_state state;
	struct stat st;

	if ((*fd = openat(dir, name, flags)) == -1) {
		if (errno == ENOENT)
			return SPOOL_GONE;
		/* A socket, a link, somebody else's file. */
		if (errno == ELOOP || errno == ENXIO || errno == EACCES ||
		    errno == EPERM || errno == EISDIR)
			return fault(SPOOL_ALIEN, f, "a regular file", "%s",
			    strerror(errno));
		return SPOOL_FAILED;
	}
	if (fstat(*fd, &st) == -1)
		state = SPOOL_FAILED;
	else
		state = check_kind(&st, f);
	if (state != SPOOL_VALID) {
		(void)close(*fd); /* nothing was written */
		*fd = -1;
	}
	return state;
}

/* Reads the envelope's text, whole; NULL with *state set. */
static char *
read_head(int fd, uint64_t size, size_t *n, enum spool_state *state)
{
	char *p = NULL, first[ENVELOPE_FIRST];

	*state = SPOOL_DAMAGED;
	if (size < ENVELOPE_FIRST)
		return NULL;
	*state = SPOOL_FAILED;
	if (fd_preadall(fd, first, sizeof(first), 0) == -1)
		return NULL;
	*n = env_length(first);
	if (*n == 0 || *n > size)
		*state = SPOOL_DAMAGED;
	else if ((p = malloc(*n)) != NULL && fd_preadall(fd, p, *n, 0) == 0)
		return p;
	free(p);
	return NULL;
}

static enum spool_state
read_envelope(int fd, uint64_t size, const char *id, struct envelope *e,
    struct spool_fault *f)
{
	enum spool_state state;
	const char *wanted;
	size_t n;
	char *p;

	if ((p = read_head(fd, size, &n, &state)) == NULL)
		return fault(
		    state, f, "a first line of version 1", "something else");
	wanted = env_parse(e, p, n);
	free(p);
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
read_trailer(int fd, uint64_t *size, enum trailer_state *ts, struct trailer *t)
{
	char buf[TRAILER_LEN];
	struct stat st;

	*ts = TRAILER_ABSENT;
	memset(t, 0, sizeof(*t));
	if (fstat(fd, &st) == -1)
		return false;
	*size = (uint64_t)st.st_size;
	if (*size < TRAILER_LEN)
		return true;
	if (fd_preadall(fd, buf, TRAILER_LEN, st.st_size - TRAILER_LEN) == -1)
		return false;
	*ts = trailer_parse(buf, t);
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

enum spool_state
spool_file_read(int fd, const char *id, struct envelope *e,
    struct spool_content *c, struct spool_fault *f)
{
	enum trailer_state ts;
	enum spool_state state;
	struct trailer t;
	uint64_t size;

	if (!read_trailer(fd, &size, &ts, &t))
		return SPOOL_FAILED;
	state = read_envelope(fd, size, id, e, f);
	state = judge(state, ts, e, f);
	if (state == SPOOL_VALID)
		state = check_trailer(&t, e, size, f);
	c->offset = e->len;
	c->size = t.size;
	c->lines = t.lines;
	c->crc = t.crc;
	if (state != SPOOL_VALID)
		env_free(e);
	return state;
}

enum spool_state
spool_file_committed(int fd, const struct envelope *e,
    const struct spool_content *said, struct spool_fault *f)
{
	enum trailer_state ts;
	struct trailer t;
	uint64_t size;

	if (!read_trailer(fd, &size, &ts, &t))
		return SPOOL_FAILED;
	if (ts != TRAILER_VALID)
		return fault(
		    SPOOL_INCOMPLETE, f, "a trailer at the end", "none");
	if (t.size != said->size || t.lines != said->lines ||
	    t.crc != said->crc)
		return fault(SPOOL_DAMAGED, f, "the content that was committed",
		    "another");
	return check_trailer(&t, e, size, f);
}
