/*
 * spool_open: the spool's directories, made, locked and held open.  In queued,
 * as postrider.  A crash here leaves empty directories behind.
 */
#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "queue/spool_private.h"

static const char own[] = "a directory that only the queue's user can write";

#define LOCK_TRIES 50 /* of 100 ms: a predecessor may be finishing */

/* Makes (or finds) a directory of ours; a descriptor, or -1 with errno. */
static int
own_directory(int parent, const char *name)
{
	struct stat st;
	int fd;

	if (mkdirat(parent, name, 0700) == -1 && errno != EEXIST)
		return -1;
	fd = openat(
	    parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
	    (st.st_mode & 022) == 0)
		return fd;
	(void)close(fd); /* was only looked at */
	errno = EPERM;
	return -1;
}

static bool
complain(const struct spool *s, const char *name, const char *wanted)
{
	int error = errno;
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s", s->path, name);
	log_error(
	    "-", "path=%s wanted=%s found=%s", path, wanted, strerror(error));
	return false;
}

static bool
take_lock(struct spool *s)
{
	const struct timespec pause = { 0, 100000000 };

	s->lock = openat(s->queue, ".lock",
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (s->lock == -1)
		return complain(s, "queue/.lock", "lock-file");
	for (int i = 0; flock(s->lock, LOCK_EX | LOCK_NB) == -1; i++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return complain(s, "queue/.lock", "lock");
		if (i == LOCK_TRIES) {
			log_error("-",
			    "spool=%s wanted=lock-of-queue/.lock "
			    "found=another-queued",
			    s->path);
			return false;
		}
		(void)nanosleep(&pause, NULL); /* shorter does no harm */
	}
	return true;
}

static bool
open_all(struct spool *s)
{
	char name[16];

	s->root = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->root == -1)
		return complain(s, "", "directory");
	if ((s->queue = own_directory(s->root, "queue")) == -1)
		return complain(s, "queue", own);
	if (!take_lock(s))
		return false;
	for (unsigned int i = 0; i < SPOOL_DIRS; i++) {
		(void)snprintf(name, sizeof(name), "queue/%02x", i);
		s->dirs[i] = own_directory(s->queue, name + 6);
		if (s->dirs[i] == -1)
			return complain(s, name, own);
	}
	s->dirs[SPOOL_DAMAGED_DIR] = own_directory(s->root, "damaged");
	if (s->dirs[SPOOL_DAMAGED_DIR] == -1)
		return complain(s, "damaged", own);
	/* A predecessor may have made them without coming this far. */
	if (fsync(s->queue) == -1 || fsync(s->root) == -1)
		return complain(s, "queue", "fsync");
	return true;
}

static void
close_if(int fd)
{
	if (fd != -1)
		(void)close(fd); /* directories and a lock: nothing to lose */
}

void
spool_close(struct spool *s)
{
	if (s->syncer != NULL)
		syncer_free(s->syncer);
	for (size_t i = 0; i < SPOOL_READERS; i++)
		if (s->readers[i] != NULL)
			syncer_free(s->readers[i]);
	for (size_t i = 0; i <= SPOOL_DAMAGED_DIR; i++)
		close_if(s->dirs[i]);
	for (size_t i = 0; i < MARKS_MOST; i++)
		close_if(s->marks[i].fd);
	close_if(s->lock);
	close_if(s->queue);
	close_if(s->root);
	while (!LIST_EMPTY(&s->unwritten))
		spool_overlay_drop(s, LIST_FIRST(&s->unwritten)->id);
	while (!RB_EMPTY(&s->memory))
		memory_free(RB_ROOT(&s->memory));
	free(s->path);
	free(s);
}

static bool
start_threads(struct spool *s, struct event_base *base)
{
	s->syncer = syncer_new(base, s->dirs, SPOOL_DIRS + 1);
	for (size_t i = 0; i < SPOOL_READERS; i++)
		s->readers[i] = syncer_new(base, s->dirs, 0);
	for (size_t i = 0; i < SPOOL_READERS; i++)
		if (s->readers[i] == NULL)
			return false;
	return s->syncer != NULL;
}

struct spool *
spool_open(struct event_base *base, const char *path)
{
	struct spool *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	LIST_INIT(&s->unwritten);
	LIST_INIT(&s->copies);
	RB_INIT(&s->memory);
	s->root = s->queue = s->lock = -1;
	for (size_t i = 0; i <= SPOOL_DAMAGED_DIR; i++)
		s->dirs[i] = -1;
	for (size_t i = 0; i < MARKS_MOST; i++)
		s->marks[i].fd = -1;
	if ((s->path = strdup(path)) != NULL && open_all(s)) {
		if (start_threads(s, base))
			return s;
		(void)complain(s, "queue", "helper threads");
	}
	spool_close(s);
	return NULL;
}

size_t
spool_pending(const struct spool *s)
{
	return syncer_pending(s->syncer);
}
