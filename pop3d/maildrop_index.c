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
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/crc32c.h"
#include "common/fdio.h"
#include "pop3d/maildrop_index.h"

#define BUFFER 262144

/* Messages, or their sixteenth part, that are worth an index. */
#define WORTH_FILES 64
#define WORTH_SHARE 16
#define WORTH_BYTES (UINT64_C(1) << 20) /* or bytes that were read */
#define WORTH_EACH 64                   /* and as many for each message */

/* Ours alone, as far as that can be seen. */
static bool
is_ours(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_uid == geteuid() &&
	    st->st_nlink == 1 && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0 &&
	    st->st_size > INDEX_HEAD && st->st_size <= INDEX_BYTES_MAX;
}

static bool
read_all(struct old_index *old, int fd)
{
	char head[INDEX_HEAD];
	struct stat st;

	if (fstat(fd, &st) == -1 || !is_ours(&st) ||
	    fd_preadall(fd, head, sizeof(head), 0) == -1 ||
	    !index_get_head(&old->head, head) ||
	    old->head.bytes != (uint64_t)st.st_size - INDEX_HEAD)
		return false;
	old->text = malloc(old->head.bytes);
	old->messages = calloc(old->head.count, sizeof(*old->messages));
	return old->text != NULL && old->messages != NULL &&
	    fd_preadall(fd, old->text, old->head.bytes, INDEX_HEAD) == 0 &&
	    index_get_entries(&old->head, old->text, old->messages);
}

bool
old_index_read(struct maildrop *md, struct old_index *old)
{
	bool ok = false;
	int fd;

	memset(old, 0, sizeof(*old));
	fd = openat(md->root, MAILDROP_INDEX,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT)
		return false;
	md->index.exists = true;
	if (fd != -1) {
		ok = read_all(old, fd);
		(void)close(fd); /* nothing was written through it */
	}
	if (!ok)
		maildrop_complain(md, MAILDROP_INDEX,
		    "an index of this mailbox", "something else");
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
	return !w->failed && w->head.bytes + INDEX_HEAD <= INDEX_BYTES_MAX &&
	    fd_pwriteall(w->fd, head, sizeof(head), 0) == 0;
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
	if (ok &&
	    renameat(md->root, MAILDROP_INDEX_NEW, md->root, MAILDROP_INDEX) ==
		0)
		return true;
	if (ok)
		saved = errno;
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
	w->head = (struct index_head){ .settled = md->index.settled };
	memcpy(w->head.dir, md->index.dir, sizeof(w->head.dir));
	ok = replace(md, w);
	if (!ok && errno != ENOSPC && errno != EDQUOT)
		maildrop_complain(
		    md, MAILDROP_INDEX, "to write it", strerror(errno));
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
	if (x->exists && (left == 0 || !x->read || x->untrue))
		(void)unlinkat(md->root, MAILDROP_INDEX, 0);
}
