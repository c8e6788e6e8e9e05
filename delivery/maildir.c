/*
 * maildir: messages into Maildirs, many at a time.
 *
 * Part of local, which runs as the mailbox owner and with no more than that
 * user's rights.  Talks to nobody but the file system.
 *
 * What holds, and why:
 *
 *  - A name appears in new/ only when its bytes are on disk: fsync(2) of the
 *    file comes before the rename.
 *  - Delivered is said only when that name is on disk: fsync(2) of new/ comes
 *    before the outcome.  One sync serves all names of a batch.
 *  - No message is ever overwritten: O_EXCL in tmp/, RENAME_NOREPLACE to new/.
 *  - Every end but a crash leaves tmp/ as it was.  What a crash leaves is
 *    unlocked, and the next delivery removes it (maildir_clean).
 *  - A crash between rename and outcome delivers twice, never not at all.
 *  - A new Maildir has its new/ last of all, so that where new/ is found its
 *    elders are on disk.
 */
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/beneath.h"
#include "delivery/failure.h"
#include "delivery/maildir.h"
#include "delivery/maildir_clean.h"

#define FILE_FLAGS (O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)
#define TRIES 8 /* names, before a collision is taken to be a fault */

/* Ours, a directory, and closed to other writers; else a diag. */
static enum outcome
check_dir(int fd, const char *path, struct failure *d)
{
	char found[40];
	struct stat st;

	if (fstat(fd, &st) == -1)
		return failure_errno(d, path, "directory", errno);
	if (st.st_uid != geteuid()) {
		(void)snprintf(
		    found, sizeof(found), "owner %ju", (uintmax_t)st.st_uid);
		return failure_found(d,
		    "mailbox directory belongs to another user (see the log)",
		    path, "own directory", found);
	}
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		(void)snprintf(found, sizeof(found), "mode %04o",
		    (unsigned int)(st.st_mode & 07777));
		return failure_found(d,
		    "mailbox directory may be changed by others (see the log)",
		    path, "no write permission for others", found);
	}
	return OUT_OK;
}

/* One of tmp, cur, new: opened, made when missing, checked. */
static int
open_sub(int dir, const char *sub, bool *made, struct maildir *m)
{
	char path[MBOX_MAX + 5];
	int fd = beneath_open(dir, sub);

	(void)snprintf(path, sizeof(path), "%s/%s", m->path, sub);
	if (fd == -1 && errno == ENOENT) {
		if (mkdirat(dir, sub, 0700) == 0 || errno == EEXIST)
			fd = beneath_open(dir, sub);
		*made = true;
	}
	if (fd == -1) {
		failure_errno(&m->failure, path, "directory", errno);
		return -1;
	}
	if (check_dir(fd, path, &m->failure) != OUT_OK) {
		(void)close(fd); /* only looked at */
		return -1;
	}
	return fd;
}

static enum outcome
open_subs(struct maildir *m, int dir)
{
	bool made = false;
	int cur;

	if ((m->tmp = open_sub(dir, "tmp", &made, m)) == -1 ||
	    (cur = open_sub(dir, "cur", &made, m)) == -1)
		return m->failure.diag.outcome;
	(void)close(cur); /* readers need it, deliveries do not */
	if (made && fsync(dir) == -1)
		return failure_errno(&m->failure, m->path, "sync", errno);
	made = false;
	if ((m->new = open_sub(dir, "new", &made, m)) == -1)
		return m->failure.diag.outcome;
	if (made && fsync(dir) == -1)
		return failure_errno(&m->failure, m->path, "sync", errno);
	return OUT_OK;
}

enum outcome
maildir_open(struct maildir *m, int base, const char *path,
    const struct maildir_namer *namer)
{
	int dir;

	*m = (struct maildir){ .tmp = -1, .new = -1, .failure = FAILURE_NONE };
	strlcpy(m->path, path, sizeof(m->path));
	if (!beneath_path_valid(path))
		return failure_found(&m->failure,
		    "mailbox path leads outside (see the log)", path,
		    "relative path", "another");
	dir = beneath_open(base, path);
	if (dir == -1 && errno == ENOENT)
		dir = beneath_make(base, path);
	if (dir == -1)
		return failure_errno(&m->failure, path, "directory", errno);
	if (check_dir(dir, path, &m->failure) == OUT_OK &&
	    open_subs(m, dir) == OUT_OK)
		maildir_clean(m->tmp, namer);
	else
		maildir_close(m);
	(void)close(dir); /* nothing was written through it */
	return m->failure.diag.outcome;
}

enum outcome
maildir_sync(struct maildir *m)
{
	if (m->unsynced && fsync(m->new) == -1)
		failure_errno(&m->failure, m->path, "sync", errno);
	m->unsynced = false;
	return m->failure.diag.outcome;
}

void
maildir_close(struct maildir *m)
{
	if (m->tmp != -1)
		(void)close(m->tmp); /* directories hold nothing back */
	if (m->new != -1)
		(void)close(m->new);
	m->tmp = m->new = -1;
}

/*
 * A file in tmp/ is in use while it is locked.  Between its creation and the
 * lock a cleaner may take it for a dead one: then the lock is not to be had,
 * or the file has lost its name, and another is made.  0, or -1 with errno.
 */
static int
lock(struct maildir_file *f)
{
	struct stat st;

	if (flock(f->fd, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK)
		return -1; /* other errors: no locks here, for cleaners too */
	if (fstat(f->fd, &st) == -1)
		return -1;
	if (st.st_nlink == 0) {
		errno = EWOULDBLOCK;
		return -1;
	}
	f->facts.dev = st.st_dev;
	f->facts.ino = st.st_ino;
	return 0;
}

enum outcome
maildir_create(struct maildir_file *f, struct maildir *m,
    struct maildir_namer *namer, struct failure *d)
{
	int error = 0;

	*f = (struct maildir_file){ .dir = m, .fd = -1 };
	for (int i = 0; i < TRIES; i++) {
		/* Cannot fail with this clock and a valid pointer. */
		(void)clock_gettime(CLOCK_REALTIME, &f->facts.when);
		maildir_name_tmp(namer, &f->facts.when, f->name);
		f->fd = openat(m->tmp, f->name, FILE_FLAGS, 0600);
		if (f->fd != -1 && lock(f) == 0)
			return OUT_OK;
		error = errno;
		maildir_drop(f, false);
		if (error != EEXIST && error != EWOULDBLOCK)
			break;
	}
	return failure_errno(d, m->path, "file in tmp", error);
}

void
maildir_flow(struct maildir_file *f)
{
	/* Only a hint; maildir_settle() hears of errors. */
	(void)sync_file_range(f->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

enum outcome
maildir_settle(struct maildir_file *f, struct failure *d)
{
	if (fsync(f->fd) == -1)
		return failure_errno(d, f->dir->path, "sync", errno);
	return OUT_OK;
}

/*
 * Some network file systems have no RENAME_NOREPLACE; there link(2) refuses
 * to overwrite just as well.
 */
static int
move(struct maildir_file *f, const char *name)
{
	struct maildir *m = f->dir;

	if (renameat2(m->tmp, f->name, m->new, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (linkat(m->tmp, f->name, m->new, name, 0) == -1)
		return -1;
	/* When this fails a cleaner does it later. */
	(void)unlinkat(m->tmp, f->name, 0);
	return 0;
}

enum outcome
maildir_publish(
    struct maildir_file *f, struct maildir_namer *namer, struct failure *d)
{
	char name[MAILDIR_NAME];

	for (int i = 0; i < TRIES; i++) {
		maildir_name_final(namer, &f->facts, name);
		if (move(f, name) == 0) {
			strlcpy(f->name, name, sizeof(f->name));
			f->published = true;
			f->dir->unsynced = true;
			return OUT_OK;
		}
		if (errno != EEXIST)
			break;
	}
	return failure_errno(d, f->dir->path, "name in new", errno);
}

void
maildir_drop(struct maildir_file *f, bool delivered)
{
	int dir;

	if (f->fd == -1)
		return;
	dir = f->published ? f->dir->new : f->dir->tmp;
	/* Gone already, or left to the next cleaner. */
	if (!delivered)
		(void)unlinkat(dir, f->name, 0);
	(void)close(f->fd); /* fsync has told what there was to tell */
	f->fd = -1;
}
