/*
 * spool_memory: messages in memory, from their session's first byte until
 * they are delivered, or durable in a spool file.  In queued, as postrider.
 * The session can write into the memory file until it commits, and nobody
 * afterwards; queued maps nothing and reads nothing of it.
 *
 * A crash leaves nothing behind: nobody was told that the message is accepted.
 * What was delivered before is delivered again when the client comes back.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/fdio.h"
#include "common/log.h"
#include "queue/spool_private.h"

/* Of Linux 6.3; older kernels make the file executable for nobody's use. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

static int
compare(const struct memory *a, const struct memory *b)
{
	return strcmp(a->id, b->id);
}

#define LOCAL __attribute__((unused)) static
RB_GENERATE_INTERNAL(memory_tree, memory, by_id, compare, LOCAL)

struct memory *
memory_find(const struct spool *s, const char *id)
{
	struct memory key;

	if (RB_EMPTY(&s->memory))
		return NULL;
	strlcpy(key.id, id, sizeof(key.id));
	/* The macro's function could change the tree, and does not. */
	return RB_FIND(
	    memory_tree, (struct memory_tree *)(uintptr_t)&s->memory, &key);
}

uint64_t
spool_memory_used(const struct spool *s)
{
	return s->memory_used;
}

bool
spool_in_memory(const struct spool *s, const char *id)
{
	return memory_find(s, id) != NULL;
}

static void
count(struct memory *m, uint64_t room)
{
	m->spool->memory_used += room - m->room;
	m->room = room;
}

void
memory_free(struct memory *m)
{
	count(m, 0);
	RB_REMOVE(memory_tree, &m->spool->memory, m);
	(void)close(m->fd); /* its other holders have their own */
	if (m->marked != -1)
		(void)close(m->marked); /* synced, or the file goes, too */
	sbuf_free(&m->text);
	free(m);
}

/* An empty file of that size which can neither grow nor shrink; or -1. */
static int
memory_file(const struct envelope *e, uint64_t limit)
{
	uint64_t size;
	int fd, saved;

	if (__builtin_add_overflow(limit, e->len, &size) || size > INT64_MAX) {
		errno = EFBIG;
		return -1;
	}
	fd = memfd_create(
	    e->id, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
	if (fd == -1 && errno == EINVAL)
		fd = memfd_create(e->id, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd == -1)
		return -1;
	if (ftruncate(fd, (off_t)size) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) == 0 &&
	    lseek(fd, (off_t)e->len, SEEK_SET) != -1)
		return fd;
	saved = errno;
	(void)close(fd); /* nothing is in it */
	errno = saved;
	return -1;
}

int
spool_create_memory(struct spool *s, struct envelope *e, uint64_t limit)
{
	struct memory *m = calloc(1, sizeof(*m));
	int saved;

	if (m == NULL)
		return -1;
	m->spool = s;
	m->phase = MEMORY_WRITING;
	m->fd = m->marked = -1;
	sbuf_init(&m->text, ENVELOPE_MAX);
	spool_name(e);
	memcpy(m->id, e->id, sizeof(m->id));
	if (!env_format(e, &m->text))
		errno = EFBIG;
	else if ((m->fd = memory_file(e, limit)) != -1) {
		RB_INSERT(memory_tree, &s->memory, m);
		count(m, limit);
		return m->fd;
	}
	saved = errno;
	sbuf_free(&m->text);
	free(m);
	errno = saved;
	return -1;
}

enum spool_state
memory_commit(struct memory *m, const struct spool_content *said,
    syncer_done *done, void *arg)
{
	int result = m->result;
	struct stat st;

	if (m->phase == MEMORY_SETTLED) {
		memory_free(m);
		done(arg, result);
		return SPOOL_VALID;
	}
	if (said->size > m->room)
		return SPOOL_INCOMPLETE;
	/*
	 * F_SEAL_WRITE would make us wait for whoever holds its pages.  This one
	 * leaves a session that breaks the rules the mapping that it has made
	 * before: every reader compares the checksum of what it has read.
	 */
	if (fcntl(m->fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) ==
		-1 ||
	    fstat(m->fd, &st) == -1)
		return SPOOL_FAILED;
	m->content = *said;
	m->content.offset = m->text.len;
	count(m, (uint64_t)st.st_blocks * 512); /* and not what was said */
	m->done = done;
	m->arg = arg;
	m->phase = MEMORY_EARLY;
	return SPOOL_VALID;
}

bool
memory_has_file(const struct memory *m)
{
	return m->phase == MEMORY_FILING || m->phase == MEMORY_SYNCING;
}

bool
memory_same(const struct memory *m, const struct spool_content *said)
{
	return m->phase == MEMORY_FILING && m->content.size == said->size &&
	    m->content.lines == said->lines && m->content.crc == said->crc;
}

bool
memory_marks(struct memory *m, int fd)
{
	if (!m->has_marks)
		return true;
	if (fd_pwriteall(fd, m->text.s, m->text.len, 0) == -1)
		return false;
	if (m->marked == -1)
		m->marked = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return m->marked != -1;
}

/* Committed, and not done with. */
static bool
is_whole(const struct memory *m)
{
	return m->phase == MEMORY_EARLY || memory_has_file(m);
}

enum spool_state
memory_load(const struct memory *m, struct envelope *e, struct spool_content *c,
    struct spool_fault *f)
{
	const char *wanted;

	if (!is_whole(m))
		return SPOOL_GONE;
	*c = m->content;
	if ((wanted = env_parse(e, m->text.s, m->text.len)) == NULL)
		return SPOOL_VALID;
	if (strcmp(wanted, "memory") == 0) {
		errno = ENOMEM;
		return SPOOL_FAILED;
	}
	f->wanted = wanted;
	strlcpy(f->found, "another in memory", sizeof(f->found));
	return SPOOL_DAMAGED;
}

int
memory_reader(const struct memory *m)
{
	if (m->phase == MEMORY_WRITING || m->phase == MEMORY_SETTLED) {
		errno = ENOENT;
		return -1;
	}
	/* Sealed: to write with it is refused to whoever has it. */
	return fcntl(m->fd, F_DUPFD_CLOEXEC, 0);
}

bool
memory_write(struct memory *m, const void *p, size_t n, uint32_t at)
{
	if (at <= m->text.len && n <= m->text.len - at)
		memcpy(m->text.s + at, p, n);
	m->has_marks = true;
	return m->phase != MEMORY_SYNCING;
}

void
memory_put_off(struct memory *m)
{
	if (m->phase == MEMORY_EARLY)
		m->done(m->arg, SPOOL_WANTS_FILE);
}

void
memory_abort(struct memory *m)
{
	if (m->phase == MEMORY_WRITING || m->phase == MEMORY_SETTLED)
		memory_free(m);
	else
		m->phase = MEMORY_ORPHAN;
}

/* It is done with, for its session too if that waits for it now. */
static void
end(struct memory *m, int result)
{
	syncer_done *done = m->done;
	void *arg = m->arg;

	if (memory_has_file(m)) {
		m->phase = MEMORY_SETTLED;
		m->result = result;
	} else if (m->phase == MEMORY_EARLY) {
		memory_free(m);
		done(arg, result);
	} else if (m->phase != MEMORY_SETTLED)
		memory_free(m);
}

void
memory_remove(struct memory *m)
{
	end(m, 0);
}

void
memory_set_aside(struct memory *m, const struct spool_fault *f)
{
	log_error(m->id, "memory=yes wanted=%s found=%s", f->wanted, f->found);
	end(m, EBADMSG);
}

/* In the helper thread: who has it shall not get it again. */
static int
sync_marks(void *arg)
{
	const struct memory *m = arg;

	return fdatasync(m->marked) == -1 ? errno : 0;
}

/* The name of its file is durable, or will never be. */
static void
filed(void *arg, int error)
{
	struct memory *m = arg;
	syncer_done *done = m->done;
	void *done_arg = m->arg;
	bool settled = m->phase == MEMORY_SETTLED;

	if (settled)
		error = m->result;
	/* After an error it waits for spool_abort(). */
	if (error == 0 || settled)
		memory_free(m);
	done(done_arg, error);
}

bool
memory_sync(struct memory *m, syncer_done *done, void *arg)
{
	syncer_work *work = m->marked != -1 ? sync_marks : NULL;

	if (!syncer_ask_work(
		m->spool->syncer, spool_id_dir(m->id), work, filed, m))
		return false;
	m->done = done;
	m->arg = arg;
	m->phase = MEMORY_SYNCING;
	return true;
}
