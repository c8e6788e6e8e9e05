/*
 * maildir: messages into Maildirs, many at a time.
 *
 * Part of local, which runs as the mailbox owner and with no more than that
 * user's rights.  Talks to nobody but the file system.
 *
 * What holds, and why:
 *
 *  - A name appears in new/ only when its bytes are on disk.  On most file
 *    systems fsync(2) of the file comes before the rename.  An ordered one (see
 *    ordered.c) cannot have the name on disk without what was done to the
 *    file before, so that to wait for its data is enough (a commit has the disk
 *    empty its cache first), and the file's inode and its name share one
 *    commit of the journal instead of having one each.
 *  - Delivered is said only when fsync(2) of the file and of new/ have both
 *    returned; on every file system, whatever its order.
 *  - No message is ever overwritten: O_EXCL in tmp/, RENAME_NOREPLACE to new/.
 *  - Every end but a crash leaves tmp/ as it was.  What a crash leaves is
 *    unlocked, and the next delivery removes it (maildir_clean).
 *  - A crash between rename and outcome delivers twice, never not at all.
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

#include "delivery/failure.h"
#include "delivery/maildir.h"

#define FILE_FLAGS (O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)
#define WAIT                                                                   \
	(SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |                 \
	    SYNC_FILE_RANGE_WAIT_AFTER)
#define TRIES 8 /* names, before a collision is taken to be a fault */

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

	*f = (struct maildir_file){ .dir = m, .fd = -1, .place = SYNCS_NONE };
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
maildir_settle(struct maildir_file *f, struct syncs *syncs, struct failure *d)
{
	if (!f->dir->ordered)
		f->place = syncs_add(syncs, f->fd);
	else if (sync_file_range(f->fd, 0, 0, WAIT) == -1)
		return failure_errno(d, f->dir->path, "sync", errno);
	return OUT_OK;
}

/* The answer of a sync that was asked for. */
static enum outcome
take_answer(size_t *place, const struct syncs *syncs, const struct maildir *m,
    struct failure *d)
{
	int error = syncs_error(syncs, *place);

	*place = SYNCS_NONE;
	return error == 0 ? OUT_OK : failure_errno(d, m->path, "sync", error);
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
maildir_publish(struct maildir_file *f, struct maildir_namer *namer,
    const struct syncs *syncs, struct failure *d)
{
	char name[MAILDIR_NAME];

	if (take_answer(&f->place, syncs, f->dir, d) != OUT_OK)
		return d->diag.outcome;
	for (int i = 0; i < TRIES; i++) {
		maildir_name_final(namer, &f->facts, name);
		if (move(f, name) == 0) {
			strlcpy(f->name, name, sizeof(f->name));
			f->published = true;
			return OUT_OK;
		}
		if (errno != EEXIST)
			break;
	}
	return failure_errno(d, f->dir->path, "name in new", errno);
}

void
maildir_sync(struct maildir_file *f, struct syncs *syncs)
{
	struct maildir *m = f->dir;

	if (m->ordered)
		f->place = syncs_add(syncs, f->fd);
	if (m->place == SYNCS_NONE)
		m->place = syncs_add(syncs, m->new);
}

enum outcome
maildir_synced(
    struct maildir_file *f, const struct syncs *syncs, struct failure *d)
{
	struct maildir *m = f->dir;

	/* The first of the Maildir's files hears for all. */
	(void)take_answer(&m->place, syncs, m, &m->failure);
	if (m->failure.diag.outcome != OUT_OK)
		*d = m->failure;
	else
		(void)take_answer(&f->place, syncs, m, d);
	return d->diag.outcome;
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
