/*
 * maildrop_index: the index of a maildrop, in its Maildir.  In pop3-mailbox,
 * as the mailbox owner, while the mailbox is locked; reads and replaces one
 * file of our own name.
 *
 * Nothing is synced: a crash leaves the old file, the new one, or a broken one
 * that is not believed.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/crc32c.h"
#include "common/fdio.h"
#include "pop3d/maildrop_index.h"

#define BUFFER 262144

/* Messages, or their sixteenth part, that are worth an index. */
#define WORTH_FILES 64
#define WORTH_SHARE 16
#define WORTH_BYTES (UINT64_C(1) << 20) /* or bytes that were read */
#define WORTH_EACH 64                   /* and as many for each message */

/* What is not a file of ours alone, as far as that can be seen; or NULL. */
static const char *
kind(const struct stat *st)
{
	if (S_ISLNK(st->st_mode))
		return "a link";
	if (S_ISDIR(st->st_mode))
		return "a directory";
	return S_ISREG(st->st_mode) ? NULL : "no regular file";
}

static bool
is_ours(struct old_index *old, const struct stat *st)
{
	const char *other = kind(st);
	char *to = old->found;
	size_t n = sizeof(old->found);

	if (other != NULL)
		(void)strlcpy(to, other, n);
	else if (st->st_uid != geteuid())
		(void)snprintf(to, n, "owner uid %ju", (uintmax_t)st->st_uid);
	else if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		(void)snprintf(to, n, "mode %04o", st->st_mode & 07777);
	else if (st->st_nlink != 1)
		(void)snprintf(to, n, "%ju names", (uintmax_t)st->st_nlink);
	else if (st->st_size <= INDEX_HEAD || st->st_size > INDEX_BYTES_MAX)
		(void)snprintf(to, n, "length %jd", (intmax_t)st->st_size);
	else
		return true;
	return false;
}

static bool
not_fit(struct old_index *old, const char *found)
{
	(void)strlcpy(old->found, found, sizeof(old->found));
	return false;
}

/* That says nothing of the index: another session may be able to. */
static bool
not_now(struct old_index *old, int error)
{
	old->later = true;
	return not_fit(old, strerror(error));
}

static bool
read_entries(struct old_index *old, int fd)
{
	const char *found;

	old->text = malloc(old->head.bytes);
	old->messages = calloc(old->head.count, sizeof(*old->messages));
	if (old->text == NULL || old->messages == NULL ||
	    fd_preadall(fd, old->text, old->head.bytes, INDEX_HEAD) == -1)
		return not_now(old, errno);
	found = index_get_entries(&old->head, old->text, old->messages);
	return found == NULL || not_fit(old, found);
}

static bool
read_all(struct old_index *old, int fd)
{
	char head[INDEX_HEAD];
	const char *found;
	struct stat st;

	if (fstat(fd, &st) == -1)
		return not_now(old, errno);
	if (!is_ours(old, &st))
		return false;
	if (fd_preadall(fd, head, sizeof(head), 0) == -1)
		return not_now(old, errno);
	if ((found = index_get_head(&old->head, head)) != NULL)
		return not_fit(old, found);
	if (old->head.bytes == (uint64_t)st.st_size - INDEX_HEAD)
		return read_entries(old, fd);
	(void)snprintf(old->found, sizeof(old->found),
	    "length %jd instead of %ju", (intmax_t)st.st_size,
	    (uintmax_t)old->head.bytes + INDEX_HEAD);
	return false;
}

/* A name that cannot be opened; what it is tells more than the error. */
static bool
not_open(const struct maildrop *md, struct old_index *old)
{
	int e = errno;
	struct stat st;

	if (fstatat(md->root, MAILDROP_INDEX, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !is_ours(old, &st))
		return false;
	return not_now(old, e);
}

bool
old_index_read(struct maildrop *md, struct old_index *old)
{
	bool ok;
	int fd;

	memset(old, 0, sizeof(*old));
	fd = openat(md->root, MAILDROP_INDEX,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT)
		return false;
	md->index.exists = true;
	ok = fd == -1 ? not_open(md, old) : read_all(old, fd);
	if (fd != -1)
		(void)close(fd); /* nothing was written through it */
	md->index.unfit = !ok && !old->later;
	if (!ok)
		maildrop_complain(
		    md, MAILDROP_INDEX, "an index of this mailbox", old->found);
	return ok;
}

void
old_index_free(struct old_index *old)
{
	free(old->messages);
	free(old->text);
	old->messages = NULL;
	old->text = NULL;
}

const char *
maildrop_index_use(const struct maildrop *md)
{
	if (md->index.fresh)
		return "used";
	return md->index.read ? "sizes" : "none";
}

/* Entries on their way to the file. */
struct writer {
	int fd;
	bool failed;
	const char *name; /* of what it is working at */
	struct index_head head;
	size_t n;
	char buf[BUFFER];
};

static void
drain(struct writer *w)
{
	w->head.crc = crc32c(w->head.crc, w->buf, w->n);
	w->head.bytes += w->n;
	if (!w->failed)
		w->failed = fd_writeall(w->fd, w->buf, w->n) == -1;
	w->n = 0;
}

static void
write_entry(struct writer *w, const struct message *m)
{
	size_t n;

	if (w->n > sizeof(w->buf) - INDEX_ENTRY_MAX)
		drain(w);
	n = index_put_entry(m, w->buf + w->n);
	w->head.count += n > 0;
	/* Without one of its messages the list is not whole. */
	if (n == 0 || m->twin)
		w->head.settled = false;
	w->n += n;
}

static bool
write_all(const struct maildrop *md, struct writer *w)
{
	char head[INDEX_HEAD] = { 0 };

	if (fd_writeall(w->fd, head, sizeof(head)) == -1)
		return false;
	for (size_t i = 0; i < md->count; i++)
		if (!md->messages[i].removed)
			write_entry(w, &md->messages[i]);
	drain(w);
	index_put_head(&w->head, head);
	if (w->failed)
		return false;
	if (w->head.bytes + INDEX_HEAD > INDEX_BYTES_MAX) {
		errno = EFBIG;
		return false;
	}
	return fd_pwriteall(w->fd, head, sizeof(head), 0) == 0;
}

/* False with errno, and nothing left behind. */
static bool
replace(struct maildrop *md, struct writer *w)
{
	bool ok;
	int saved;

	/* One may be left of a session that was killed. */
	(void)unlinkat(md->root, MAILDROP_INDEX_NEW, 0);
	w->fd = openat(md->root, MAILDROP_INDEX_NEW,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (w->fd == -1)
		return false;
	ok = write_all(md, w);
	saved = errno;
	if (close(w->fd) == -1 && ok) {
		ok = false;
		saved = errno;
	}
	if (ok) {
		w->name = MAILDROP_INDEX;
		if (renameat(md->root, MAILDROP_INDEX_NEW, md->root, w->name) ==
		    0)
			return true;
		saved = errno;
	}
	(void)unlinkat(md->root, MAILDROP_INDEX_NEW, 0);
	errno = saved;
	return false;
}

static bool
save(struct maildrop *md)
{
	struct writer *w = malloc(sizeof(*w));
	bool ok;

	if (w == NULL)
		return false;
	w->n = 0;
	w->failed = false;
	w->name = MAILDROP_INDEX_NEW;
	w->head = (struct index_head){ .settled = md->index.settled };
	memcpy(w->head.dir, md->index.dir, sizeof(w->head.dir));
	ok = replace(md, w);
	/* What is in the way has been logged already. */
	if (!ok && !md->index.unfit && errno != ENOSPC && errno != EDQUOT)
		maildrop_complain(md, w->name, "to write it", strerror(errno));
	free(w);
	return ok;
}

/* Whether the next session is spared more than writing costs. */
static bool
is_worth_it(const struct maildrop *md)
{
	const struct maildrop_index *x = &md->index;
	uint64_t share = WORTH_FILES + md->count / WORTH_SHARE;

	if (x->untrue || x->learned >= share ||
	    x->learned_bytes >= WORTH_BYTES + md->count * WORTH_EACH)
		return true;
	/* The same list again, and its times can be believed now. */
	return x->read && !x->fresh &&
	    (x->drift >= share || (x->drift == 0 && x->settled));
}

void
maildrop_index_save(struct maildrop *md)
{
	const struct maildrop_index *x = &md->index;
	size_t left = 0;

	if (!x->due)
		return;
	md->index.due = false;
	for (size_t i = 0; i < md->count; i++)
		left += !md->messages[i].removed;
	if (left > 0 && is_worth_it(md) && save(md))
		return;
	/* Sizes that are known to be wrong must not be listed again. */
	if (x->exists && (left == 0 || x->unfit || x->untrue))
		(void)unlinkat(md->root, MAILDROP_INDEX, 0);
}
