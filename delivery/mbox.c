/*
 * mbox: delivery into a file of many messages.
 *
 * Part of pipe, which runs as a Unix user or postrider-pipe; the path was
 * written by that user or the administrator, and others may be able to change
 * what is there.  A process that is killed here leaves a part of a message,
 * which the next one puts an empty line behind; the message comes again.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/deadline.h"
#include "common/fdio.h"
#include "common/log.h"
#include "delivery/mbox.h"
#include "delivery/mbox_lock.h"
#include "delivery/mbox_quote.h"

#define BLOCK 65536    /* bytes read at once */
#define RETRY_FIRST 50 /* milliseconds between attempts to lock */
#define RETRY_MOST 500
#define NEW_MODE (S_IRUSR | S_IWUSR)

struct mbox {
	const char *path;
	struct failure *failure;
	int fd;
	bool created; /* in one of the attempts */
	off_t end;    /* where the file ended */
};

static bool
fail(struct mbox *b, const char *wanted)
{
	failure_errno(b->failure, b->path, wanted, errno);
	return false;
}

static bool
found(struct mbox *b, const char *text, const char *wanted, const char *is)
{
	failure_found(b->failure, text, b->path, wanted, is);
	return false;
}

static bool
check(struct mbox *b, const struct stat *st)
{
	char is[80];

	if (S_ISLNK(st->st_mode)) {
		errno = ELOOP;
		return fail(b, "mbox file");
	}
	if (!S_ISREG(st->st_mode))
		return found(b, "mailbox is no file (see the log)",
		    "regular file", "something else");
	if (st->st_nlink != 1) {
		(void)snprintf(is, sizeof(is), "%ju", (uintmax_t)st->st_nlink);
		return found(b, "mailbox file has other names (see the log)",
		    "1 link", is);
	}
	if (st->st_uid != 0 && st->st_uid != geteuid()) {
		(void)snprintf(
		    is, sizeof(is), "uid %u", (unsigned int)st->st_uid);
		return found(b,
		    "mailbox file belongs to another user (see the log)",
		    "own file or root's", is);
	}
	return true;
}

/*
 * What is there is looked at first: opening a device, or a pipe, does something
 * to it.  MBOX_BUSY if somebody else makes it at this moment.
 */
static enum mbox_locked
open_file(struct mbox *b)
{
	int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	bool create = false;
	struct stat st;

	if (lstat(b->path, &st) == 0) {
		if (!check(b, &st))
			return MBOX_ERROR;
	} else if (errno == ENOENT) {
		flags |= O_CREAT | O_EXCL;
		create = true;
	} else {
		fail(b, "mbox file");
		return MBOX_ERROR;
	}
	b->fd = open(b->path, flags, NEW_MODE);
	if (b->fd == -1 && (create ? errno == EEXIST : errno == ENOENT))
		return MBOX_BUSY;
	if (b->fd == -1 || fstat(b->fd, &st) == -1) {
		fail(b, create ? "new mbox file" : "mbox file");
		return MBOX_ERROR;
	}
	b->created = b->created || create;
	return check(b, &st) ? MBOX_LOCKED : MBOX_ERROR;
}

static void
close_file(struct mbox *b)
{
	if (b->fd != -1)
		(void)close(b->fd); /* what counts was synced */
	b->fd = -1;
}

/* Whether the name is still that of the file: others rename theirs over it. */
static bool
is_current(const struct mbox *b)
{
	struct stat now, st;

	return lstat(b->path, &now) == 0 && fstat(b->fd, &st) == 0 &&
	    now.st_dev == st.st_dev && now.st_ino == st.st_ino;
}

static void
rest(int64_t ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	(void)nanosleep(&t, NULL); /* or a little less */
}

static bool
give_up(struct mbox *b)
{
	(void)strlcpy(b->failure->path, b->path, sizeof(b->failure->path));
	b->failure->wanted = "lock";
	(void)strlcpy(b->failure->found, "held by another program",
	    sizeof(b->failure->found));
	(void)diag_set(
	    &b->failure->diag, "4.2.0", "mailbox is locked by another program");
	return false;
}

/* Open and locked, or neither of them. */
static enum mbox_locked
attempt(struct mbox *b, struct mbox_lock *lock)
{
	enum mbox_locked r = open_file(b);

	if (r == MBOX_LOCKED) {
		r = mbox_lock_try(lock, b->fd, b->path);
		if (r == MBOX_LOCKED && is_current(b))
			return r;
		if (r == MBOX_LOCKED) {
			mbox_unlock(lock);
			r = MBOX_BUSY; /* another file has the name now */
		}
		if (r == MBOX_ERROR)
			fail(b, "lock");
	}
	close_file(b);
	return r;
}

static bool
take(struct mbox *b, struct mbox_lock *lock, int64_t wait)
{
	deadline_t deadline = deadline_in_ms(wait);
	int64_t pause = RETRY_FIRST;
	enum mbox_locked r;

	while ((r = attempt(b, lock)) == MBOX_BUSY) {
		if (deadline_left(deadline) == 0)
			return give_up(b);
		rest(pause);
		pause = pause * 2 < RETRY_MOST ? pause * 2 : RETRY_MOST;
	}
	return r == MBOX_LOCKED;
}

/* Where something else than a message ends, the next begins all the same. */
static bool
begin(struct mbox *b)
{
	char last[2] = { '\n', '\n' };
	struct stat st;
	size_t n;

	if (fstat(b->fd, &st) == -1)
		return fail(b, "mbox file");
	b->end = st.st_size;
	if (lseek(b->fd, 0, SEEK_END) == -1)
		return fail(b, "mbox file");
	n = b->end < 2 ? (size_t)b->end : 2;
	if (n == 0)
		return true;
	if (fd_preadall(b->fd, last + 2 - n, n, b->end - (off_t)n) == -1)
		return fail(b, "mbox file");
	if (last[1] != '\n')
		n = 2;
	else
		n = last[0] != '\n';
	return fd_writeall(b->fd, "\n\n", n) == 0 || fail(b, "message");
}

/* The first line as it is, and all others as lines of a message. */
static bool
copy(struct mbox *b, int letter)
{
	static char in[BLOCK], out[MBOX_QUOTE_ROOM(BLOCK)]; /* large */
	struct mbox_quote q;
	off_t at = 0;
	ssize_t n;
	size_t len;

	mbox_quote_init(&q);
	q.start = false;
	for (;; at += n) {
		n = pread(letter, in, sizeof(in), at);
		if (n == -1)
			return fail(b, "message");
		if (n == 0)
			break;
		len = mbox_quote(&q, in, (size_t)n, out);
		if (fd_writeall(b->fd, out, len) == -1)
			return fail(b, "message");
	}
	len = mbox_quote_end(&q, out);
	out[len++] = '\n';
	return fd_writeall(b->fd, out, len) == 0 || fail(b, "message");
}

/* A new name is to last as the content does. */
static int
sync_name(const struct mbox *b)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(b->path, '/');
	int fd, r;

	(void)snprintf(
	    dir, sizeof(dir), "%.*s/", (int)(slash - b->path), b->path);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1) /* it may be open for writing alone */
		return syncfs(b->fd);
	r = fsync(fd);
	(void)close(fd); /* nothing was written through it */
	return r;
}

static bool
settle(struct mbox *b)
{
	if (fsync(b->fd) == -1 || (b->created && sync_name(b) == -1))
		return fail(b, "synced file");
	return true;
}

/* No part of a message stays. */
static void
take_back(struct mbox *b)
{
	if (ftruncate(b->fd, b->end) == -1 || fsync(b->fd) == -1)
		log_error("-", "path=%s wanted=size-%jd found=%s", b->path,
		    (intmax_t)b->end, strerror(errno));
}

enum outcome
mbox_append(const char *path, int letter, int64_t wait, struct failure *f)
{
	struct mbox b = { .path = path, .failure = f, .fd = -1, .end = -1 };
	struct mbox_lock lock;

	if (strcmp(path, "/dev/null") == 0)
		return OUT_OK;
	if (path[0] != '/')
		(void)found(&b, "mailbox path is relative (see the log)",
		    "absolute path", "relative path");
	else if (take(&b, &lock, wait)) {
		if (!(begin(&b) && copy(&b, letter) && settle(&b)) &&
		    b.end != -1)
			take_back(&b);
		mbox_unlock(&lock);
	}
	close_file(&b);
	return f->diag.outcome;
}
