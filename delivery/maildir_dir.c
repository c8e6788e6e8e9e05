/*
 * maildir_dir: a Maildir's directories, held open.
 *
 * Part of local, which runs as the mailbox owner and with no more than that
 * user's rights.  That user may replace or change any of them at any time:
 * what is held longer than a batch is compared with what the path leads to.
 *
 * A new Maildir has its new/ last of all, so that where new/ is found its
 * elders are on disk.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/beneath.h"
#include "delivery/maildir_clean.h"
#include "delivery/maildir_dir.h"
#include "delivery/ordered.h"

static const char *const names[MAILDIR_DIRS] = { ".", "tmp", "cur", "new" };

static void
set_mark(struct maildir_mark *mark, const struct stat *st)
{
	*mark = (struct maildir_mark){ st->st_dev, st->st_ino, st->st_mode,
		st->st_uid };
}

static bool
same_mark(const struct maildir_mark *mark, const struct stat *st)
{
	return mark->ino == st->st_ino && mark->dev == st->st_dev &&
	    mark->mode == st->st_mode && mark->uid == st->st_uid;
}

/* Ours, a directory, and closed to other writers; else a diag. */
static enum outcome
check_dir(struct maildir *m, int which, int fd, const char *path)
{
	struct failure *d = &m->failure;
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
	set_mark(&m->mark[which], &st);
	return OUT_OK;
}

/* One of tmp, cur, new: opened, made when missing, checked. */
static int
open_sub(struct maildir *m, int dir, int which, bool *made)
{
	const char *sub = names[which];
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
	if (check_dir(m, which, fd, path) != OUT_OK) {
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

	if ((m->tmp = open_sub(m, dir, MAILDIR_TMP, &made)) == -1 ||
	    (cur = open_sub(m, dir, MAILDIR_CUR, &made)) == -1)
		return m->failure.diag.outcome;
	(void)close(cur); /* readers need it, deliveries do not */
	if (made && fsync(dir) == -1)
		return failure_errno(&m->failure, m->path, "sync", errno);
	made = false;
	if ((m->new = open_sub(m, dir, MAILDIR_NEW, &made)) == -1)
		return m->failure.diag.outcome;
	if (made && fsync(dir) == -1)
		return failure_errno(&m->failure, m->path, "sync", errno);
	return OUT_OK;
}

static void
clean(struct maildir *m, const struct maildir_namer *namer)
{
	maildir_clean(m->tmp, namer);
	m->cleaned = deadline_now();
}

enum outcome
maildir_open(struct maildir *m, int base, const char *path,
    const struct maildir_namer *namer)
{
	int dir;

	*m = (struct maildir){ .tmp = -1,
		.new = -1,
		.place = SYNCS_NONE,
		.failure = FAILURE_NONE };
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
	if (check_dir(m, MAILDIR_SELF, dir, path) == OUT_OK &&
	    open_subs(m, dir) == OUT_OK) {
		m->ordered = ordered_names(m->tmp);
		clean(m, namer);
	} else
		maildir_close(m);
	(void)close(dir); /* nothing was written through it */
	return m->failure.diag.outcome;
}

bool
maildir_still(struct maildir *m, int base, const struct maildir_namer *namer)
{
	struct stat st;
	bool same;
	int dir;

	if (m->new == -1 || m->failure.diag.outcome != OUT_OK ||
	    (dir = beneath_open(base, m->path)) == -1)
		return false;
	same = fstat(dir, &st) == 0 && same_mark(&m->mark[MAILDIR_SELF], &st);
	for (int i = MAILDIR_TMP; i < MAILDIR_DIRS && same; i++)
		same = fstatat(dir, names[i], &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    same_mark(&m->mark[i], &st);
	(void)close(dir); /* only looked at */
	if (same && deadline_now() - m->cleaned >= MAILDIR_CLEAN_EVERY)
		clean(m, namer);
	return same;
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
