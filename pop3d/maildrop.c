/*
 * maildrop: one mailbox, opened and locked for one session.  In pop3-mailbox,
 * started by postriderd in the base directory of the mailbox, as its owner.
 * The directory belongs to a user who may put anything there; nothing below it
 * is trusted and no symbolic link is followed.
 */
#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/beneath.h"
#include "common/log.h"
#include "common/msg.h"
#include "pop3d/maildrop.h"
#include "pop3d/maildrop_index.h"
#include "pop3d/scan.h"

#define LOCK_STEP 50 /* ms between two tries */

const char *const subdir_names[SUB_COUNT] = { "new", "cur" };

void
maildrop_complain(const struct maildrop *md, const char *name,
    const char *wanted, const char *found)
{
	char path[MBOX_MAX + 300];

	(void)snprintf(path, sizeof(path), "%s%s%s", md->path,
	    *name != '\0' ? "/" : "", name);
	log_error("-", "account=%s path=%s wanted=%s found=%s", md->account,
	    path, wanted, found);
}

static enum maildrop_result
judge(int error)
{
	switch (error) {
	case ELOOP:
	case ENOTDIR:
	case EXDEV:
	case EACCES:
	case EPERM:
	case EROFS:
		return MAILDROP_PERM;
	default:
		return MAILDROP_TEMP;
	}
}

static enum maildrop_result
failed(const struct maildrop *md, const char *name, const char *wanted)
{
	int e = errno;

	maildrop_complain(
	    md, name, wanted, e == ELOOP ? "a symbolic link" : strerror(e));
	return judge(e);
}

/* A directory below at, made durably when it is missing. */
static int
enter(int at, const char *path)
{
	int fd = beneath_open(at, path);

	if (fd == -1 && errno == ENOENT)
		fd = beneath_make(at, path);
	return fd;
}

/* The Maildir itself, below the working directory. */
static int
enter_root(const char *path)
{
	int base = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC), fd, saved;

	if (base == -1)
		return -1;
	fd = enter(base, path);
	saved = errno;
	(void)close(base); /* a directory, only walked through */
	errno = saved;
	return fd;
}

/* Nobody else may be able to put mail here or take it away. */
static enum maildrop_result
check_owner(const struct maildrop *md, int fd, const char *name)
{
	char wanted[80], found[80];
	struct stat st;

	if (fstat(fd, &st) == -1)
		return failed(md, name, "fstat");
	if (st.st_uid == geteuid() && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return MAILDROP_OPEN;
	(void)snprintf(wanted, sizeof(wanted),
	    "uid %ju, not writable by group or others", (uintmax_t)geteuid());
	(void)snprintf(found, sizeof(found), "uid %ju, mode %04o",
	    (uintmax_t)st.st_uid, st.st_mode & 07777);
	maildrop_complain(md, name, wanted, found);
	return MAILDROP_PERM;
}

static enum maildrop_result
open_dirs(struct maildrop *md)
{
	enum maildrop_result r;

	if ((md->root = enter_root(md->path)) == -1)
		return failed(md, "", "a directory");
	if ((r = check_owner(md, md->root, "")) != MAILDROP_OPEN)
		return r;
	for (int i = 0; i < SUB_COUNT; i++) {
		md->dir[i] = enter(md->root, subdir_names[i]);
		if (md->dir[i] == -1)
			return failed(md, subdir_names[i], "a directory");
		r = check_owner(md, md->dir[i], subdir_names[i]);
		if (r != MAILDROP_OPEN)
			return r;
	}
	/* Other programs expect it; ours make it themselves. */
	(void)mkdirat(md->root, "tmp", 0700);
	return MAILDROP_OPEN;
}

/* flock(2) that waits a little: 0, or -1 with EWOULDBLOCK or another errno. */
static int
lock_soon(int fd, int *tries)
{
	int r;

	while ((r = flock(fd, LOCK_EX | LOCK_NB)) == -1 &&
	    (errno == EINTR || (errno == EWOULDBLOCK && *tries > 0))) {
		if (errno == EWOULDBLOCK) {
			(*tries)--;
			(void)poll(NULL, 0, LOCK_STEP);
		}
	}
	return r;
}

/*
 * Two locks: the directory itself, because a user over quota must still be
 * able to open his mailbox and delete; and a file, because network file
 * systems do not lock directories.
 */
static enum maildrop_result
take_lock(struct maildrop *md)
{
	int tries = LOCK_WAIT / LOCK_STEP;
	bool have;

	have = lock_soon(md->root, &tries) == 0;
	if (!have && errno == EWOULDBLOCK)
		return MAILDROP_IN_USE;
	md->lock = openat(md->root, MAILDROP_LOCK,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
	    0600);
	if (md->lock == -1 && have && (errno == ENOSPC || errno == EDQUOT))
		return MAILDROP_OPEN;
	if (md->lock == -1)
		return failed(md, MAILDROP_LOCK, "a file to lock");
	if (lock_soon(md->lock, &tries) == 0)
		return MAILDROP_OPEN;
	if (errno == EWOULDBLOCK)
		return MAILDROP_IN_USE;
	return failed(md, MAILDROP_LOCK, "a lock");
}

enum maildrop_result
maildrop_open(struct maildrop *md, const char *account, const char *path)
{
	enum maildrop_result r;

	memset(md, 0, sizeof(*md));
	md->account = account;
	md->path = path;
	md->root = md->lock = md->dir[SUB_NEW] = md->dir[SUB_CUR] = -1;
	if ((r = open_dirs(md)) != MAILDROP_OPEN ||
	    (r = take_lock(md)) != MAILDROP_OPEN)
		return r;
	if (!scan_first(md))
		return failed(md, "", "a list of messages");
	return MAILDROP_OPEN;
}

static void
let_go(int *fd)
{
	if (*fd != -1)
		(void)close(*fd); /* nothing was written through it */
	*fd = -1;
}

void
maildrop_unlock(struct maildrop *md)
{
	maildrop_index_save(md);
	if (md->root != -1)
		(void)flock(md->root, LOCK_UN); /* closing does it too */
	let_go(&md->lock);
}

void
maildrop_close(struct maildrop *md)
{
	for (size_t i = 0; i < md->count; i++)
		free(md->messages[i].renamed);
	free(md->messages);
	free(md->uidls);
	free(md->text);
	arena_free(&md->names);
	md->messages = NULL;
	md->uidls = NULL;
	md->text = NULL;
	md->count = md->room = 0;
	let_go(&md->dir[SUB_NEW]);
	let_go(&md->dir[SUB_CUR]);
	let_go(&md->lock);
	let_go(&md->root);
}
