/*
 * mbox_lock: the locks of an mbox.
 *
 * Part of pipe, which runs as a Unix user or postrider-pipe.  The one that
 * there may be already is never waited for while we hold the other: whoever
 * takes them in the other order is not kept from going on.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/fdio.h"
#include "common/log.h"
#include "delivery/mbox_lock.h"

static int
set_lock(int fd, short type)
{
	struct flock f = { .l_type = type, .l_whence = SEEK_SET };

	return fcntl(fd, F_SETLK, &f);
}

/*
 * Removes a lock that its holder has left; whoever works for longer renews it.
 * We have the other lock, so that nobody does this at the same time who takes
 * both.
 */
static void
remove_stale(const char *dot)
{
	struct stat st;
	time_t age;

	if (lstat(dot, &st) == -1 || !S_ISREG(st.st_mode))
		return;
	age = time(NULL) - st.st_mtime;
	if (age >= MBOX_STALE && unlink(dot) == 0)
		log_event(
		    "-", "unlocked", "path=%s age=%jd", dot, (intmax_t)age);
}

/* As others write it: the number of the process, for who looks. */
static void
sign(int fd)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%jd\n", (intmax_t)getpid());

	(void)fd_writeall(fd, text, (size_t)n); /* that it is there counts */
}

static enum mbox_locked
make_dot(struct mbox_lock *l)
{
	l->made = open(
	    l->dot, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (l->made != -1) {
		sign(l->made);
		return MBOX_LOCKED;
	}
	if (errno == EEXIST) {
		remove_stale(l->dot);
		return MBOX_BUSY; /* for the next attempt */
	}
	return errno == EACCES || errno == EPERM ? MBOX_LOCKED : MBOX_ERROR;
}

enum mbox_locked
mbox_lock_try(struct mbox_lock *l, int fd, const char *path)
{
	enum mbox_locked r;
	int error;

	l->fd = fd;
	if ((size_t)snprintf(l->dot, sizeof(l->dot), "%s.lock", path) >=
	    sizeof(l->dot)) {
		errno = ENAMETOOLONG;
		return MBOX_ERROR;
	}
	if (set_lock(fd, F_WRLCK) == -1)
		return errno == EACCES || errno == EAGAIN ? MBOX_BUSY
							  : MBOX_ERROR;
	if ((r = make_dot(l)) == MBOX_LOCKED)
		return r;
	error = errno;
	(void)set_lock(fd, F_UNLCK); /* at the latest by close(2) */
	errno = error;
	return r;
}

/* Somebody may have taken it for stale. */
static bool
is_ours(const struct mbox_lock *l)
{
	struct stat now, st;

	return lstat(l->dot, &now) == 0 && fstat(l->made, &st) == 0 &&
	    now.st_dev == st.st_dev && now.st_ino == st.st_ino;
}

void
mbox_unlock(struct mbox_lock *l)
{
	if (l->made != -1) {
		if (is_ours(l))
			(void)unlink(l->dot); /* if it stays, it is stale */
		(void)close(l->made);         /* its text counts for nothing */
	}
	(void)set_lock(l->fd, F_UNLCK); /* at the latest by close(2) */
}
