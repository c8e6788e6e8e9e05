/*
 * spool: where messages are kept.  In queued, as postrider; a compromised
 * session can write into the one file it was given, so what is read back is
 * checked again every time.
 */
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/fdio.h"
#include "common/log.h"
#include "queue/spool_private.h"

#define CREATE_TRIES 4 /* a taken name takes 45 equal random bits */

int
spool_dir(const struct spool *s, const char *id)
{
	return s->dirs[spool_id_dir(id)];
}

struct spool_path
spool_path(const struct spool *s, unsigned int dir, const char *name)
{
	struct spool_path p;

	/* A path that is cut is still the best that the log can say. */
	if (dir == SPOOL_DAMAGED_DIR)
		(void)snprintf(
		    p.s, sizeof(p.s), "%s/damaged/%s", s->path, name);
	else
		(void)snprintf(
		    p.s, sizeof(p.s), "%s/queue/%02x/%s", s->path, dir, name);
	return p;
}

static int
write_envelope(int fd, struct envelope *e)
{
	struct sbuf text = SBUF_INIT(ENVELOPE_MAX);
	int r;

	if (!env_format(e, &text)) {
		sbuf_free(&text);
		errno = EFBIG;
		return -1;
	}
	r = fd_writeall(fd, text.s, text.len);
	sbuf_free(&text);
	return r;
}

void
spool_name(struct envelope *e)
{
	spool_id_new(e->id);
	if (e->arrival == 0)
		e->arrival = spool_id_time(e->id);
}

/* A new file of that name, for writing; -1 with errno. */
static int
make_file(struct spool *s, const char *id)
{
	return openat(spool_dir(s, id), id,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

int
spool_create(struct spool *s, struct envelope *e)
{
	int64_t arrival = e->arrival;
	int fd = -1, saved;

	for (int i = 0; fd == -1 && i < CREATE_TRIES; i++) {
		e->arrival = arrival;
		spool_name(e);
		fd = make_file(s, e->id);
		if (fd == -1 && errno != EEXIST)
			break;
	}
	if (fd == -1)
		return -1;
	if (write_envelope(fd, e) == 0)
		return fd;
	saved = errno;
	(void)close(fd); /* goes with the file */
	spool_abort(s, e->id);
	errno = saved;
	return -1;
}

int
spool_file(struct spool *s, struct envelope *e)
{
	struct memory *m = memory_find(s, e->id);
	int fd, saved;

	if (m == NULL || m->phase > MEMORY_EARLY) {
		errno = ENOENT;
		return -1;
	}
	if ((fd = make_file(s, e->id)) == -1)
		return -1;
	/* Without marks: incomplete with marks would be damaged. */
	if (write_envelope(fd, e) == -1) {
		saved = errno;
		(void)close(fd); /* goes with the file */
		(void)unlinkat(
		    spool_dir(s, e->id), e->id, 0); /* or stays, incomplete */
		errno = saved;
		return -1;
	}
	if (m->phase == MEMORY_EARLY)
		m->phase = MEMORY_FILING;
	else
		memory_free(m); /* a message in a file, as others */
	return fd;
}

/* Opens a message's file; logs what is alien. */
static enum spool_state
open_file(struct spool *s, const char *id, bool writable, int *fd,
    struct spool_fault *f)
{
	enum spool_state state;

	state = spool_file_open(spool_dir(s, id), id, writable, fd, f);
	if (state == SPOOL_ALIEN)
		log_error(id, "path=%s wanted=%s found=%s",
		    spool_path(s, spool_id_dir(id), id).s, f->wanted, f->found);
	return state;
}

/* Whether the file is what was said; one from memory gets its marks. */
static enum spool_state
check_file(struct spool *s, const struct envelope *e,
    const struct spool_content *said, struct memory *m)
{
	enum spool_state state;
	struct spool_fault f;
	int fd, saved;

	if ((state = open_file(s, e->id, m != NULL, &fd, &f)) != SPOOL_VALID)
		return state;
	state = spool_file_committed(fd, e, said, &f);
	if (state == SPOOL_VALID && m != NULL && !memory_marks(m, fd))
		state = SPOOL_FAILED;
	saved = errno;
	(void)close(fd); /* marks have a descriptor of their own */
	errno = saved;
	if (state == SPOOL_DAMAGED || state == SPOOL_INCOMPLETE)
		log_error(e->id, "wanted=%s found=%s", f.wanted, f.found);
	return state;
}

enum spool_state
spool_commit(struct spool *s, const struct envelope *e,
    const struct spool_content *said, syncer_done *done, void *arg)
{
	struct memory *m = memory_find(s, e->id);
	enum spool_state state;
	bool asked;

	if (m != NULL &&
	    (m->phase == MEMORY_WRITING || m->phase == MEMORY_SETTLED))
		return memory_commit(m, said, done, arg);
	if (m != NULL && !memory_same(m, said))
		return SPOOL_INCOMPLETE;
	if ((state = check_file(s, e, said, m)) != SPOOL_VALID)
		return state;
	if (m != NULL)
		asked = memory_sync(m, done, arg);
	else
		asked = syncer_ask(s->syncer, spool_id_dir(e->id), done, arg);
	if (asked)
		return SPOOL_VALID;
	errno = ENOMEM;
	return SPOOL_FAILED;
}

static bool
remove_file(struct spool *s, const char *id)
{
	if (unlinkat(spool_dir(s, id), id, 0) == 0 || errno == ENOENT)
		return true;
	log_error(id, "path=%s wanted=unlink found=%s",
	    spool_path(s, spool_id_dir(id), id).s, strerror(errno));
	return false;
}

void
spool_abort(struct spool *s, const char *id)
{
	struct memory *m = memory_find(s, id);

	if (m == NULL || memory_has_file(m))
		(void)remove_file(s, id); /* recovery finds it incomplete */
	if (m != NULL)
		memory_abort(m);
}

bool
spool_remove(struct spool *s, const char *id)
{
	struct memory *m = memory_find(s, id);

	if ((m == NULL || memory_has_file(m)) && !remove_file(s, id))
		return false;
	spool_overlay_drop(s, id);
	if (m != NULL)
		memory_remove(m);
	return true;
}

enum spool_state
spool_load(struct spool *s, const char *id, struct envelope *e,
    struct spool_content *c, struct spool_fault *f)
{
	const struct memory *m = memory_find(s, id);
	enum spool_state state;
	int fd;

	env_init(e);
	if (m != NULL)
		return memory_load(m, e, c, f);
	if ((state = open_file(s, id, false, &fd, f)) != SPOOL_VALID)
		return state;
	state = spool_file_read(fd, id, e, c, f);
	(void)close(fd); /* was only read */
	if (state == SPOOL_VALID)
		spool_overlay(s, e);
	return state;
}

int
spool_reader(struct spool *s, const char *id)
{
	const struct memory *m = memory_find(s, id);
	struct spool_fault f;
	int fd;

	if (m != NULL)
		return memory_reader(m);
	if (open_file(s, id, false, &fd, &f) == SPOOL_ALIEN)
		errno = EPERM;
	return fd;
}

int64_t
spool_age(struct spool *s, const char *id)
{
	struct stat st;
	time_t now = time(NULL);

	if (fstatat(spool_dir(s, id), id, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	return now > st.st_mtime ? now - st.st_mtime : 0;
}

void
spool_set_aside(struct spool *s, const char *id, const struct spool_fault *f)
{
	unsigned int dir = spool_id_dir(id), to = SPOOL_DAMAGED_DIR;
	struct memory *m = memory_find(s, id);

	if (m != NULL) {
		if (memory_has_file(m))
			(void)remove_file(s, id); /* as in spool_abort() */
		memory_set_aside(m, f);
		return;
	}
	if (renameat2(s->dirs[dir], id, s->dirs[to], id, RENAME_NOREPLACE) ==
	    -1) {
		log_error(id, "path=%s wanted=%s found=%s moved-to-damaged=%s",
		    spool_path(s, dir, id).s, f->wanted, f->found,
		    strerror(errno));
		return;
	}
	/* Lost at a power cut, both happen again at the next start. */
	(void)syncer_ask(s->syncer, to, NULL, NULL);
	(void)syncer_ask(s->syncer, dir, NULL, NULL);
	log_error(id, "path=%s wanted=%s found=%s", spool_path(s, to, id).s,
	    f->wanted, f->found);
	spool_overlay_drop(s, id);
}

bool
spool_free_space(struct spool *s, uint64_t *bytes, uint64_t *files)
{
	struct statvfs v;

	if (fstatvfs(s->queue, &v) == -1)
		return false;
	*bytes = (uint64_t)v.f_bavail * v.f_frsize;
	/* File systems without a fixed number of inodes say 0 of 0. */
	*files = v.f_files == 0 ? UINT64_MAX : v.f_favail;
	return true;
}
