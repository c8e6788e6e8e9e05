/*
 * scan: the list of files in new/ and cur/.  In pop3-mailbox, as the mailbox
 * owner.  Other programs deliver, rename and remove while it reads; every
 * outcome of such a race leaves numbers that stand for one message each.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/deadline.h"
#include "pop3d/dirlist.h"
#include "pop3d/maildrop_index.h"
#include "pop3d/mailfile.h"
#include "pop3d/order.h"
#include "pop3d/scan.h"
#include "pop3d/strmap.h"

#define SCANS_FREE 16 /* rescans before they are limited to one a second */
#define COMPLAINTS_MAX 10

/* A walk through one of the directories. */
struct walk {
	struct maildrop *md;
	enum subdir sub;
	/* False with errno ends it; entry's name is cut at base bytes. */
	bool (*visit)(struct walk *, const struct dirlist_entry *, size_t base);
	const struct strmap *map; /* of relocate() */
	unsigned int complaints;
};

static void
complain(const struct walk *w, const char *name)
{
	char path[MAILFILE_NAME_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s", subdir_names[w->sub], name);
	maildrop_complain(w->md, path, "a regular file", "something else");
}

/* By its type; counts what it logs. */
static bool
is_file(struct walk *w, const struct dirlist_entry *e)
{
	struct stat st;

	if (e->type == DT_REG)
		return true;
	if (e->type == DT_UNKNOWN &&
	    fstatat(w->md->dir[w->sub], e->name, &st, AT_SYMLINK_NOFOLLOW) ==
		0 &&
	    S_ISREG(st.st_mode))
		return true;
	if (w->complaints++ < COMPLAINTS_MAX)
		complain(w, e->name);
	/* The index knows nothing of it, and it must be logged again. */
	w->md->index.settled = false;
	return false;
}

static bool
visit(void *arg, const struct dirlist_entry *e)
{
	struct walk *w = arg;
	const char *colon = memchr(e->name, ':', e->len);

	return !is_file(w, e) ||
	    w->visit(w, e, colon != NULL ? (size_t)(colon - e->name) : e->len);
}

/*
 * new/ first: a message that moves to cur/ meanwhile is then seen twice, not
 * missed.
 */
static bool
walk(struct walk *w)
{
	for (int i = 0; i < SUB_COUNT; i++) {
		w->sub = i == 0 ? SUB_NEW : SUB_CUR;
		w->complaints = 0;
		if (!dirlist_read(w->md->dir[w->sub], visit, w))
			return false;
	}
	return true;
}

/* "BASE\0INFO\0" in n + 2 bytes at s. */
static void
split_name(char *s, const struct dirlist_entry *e, size_t base)
{
	memcpy(s, e->name, base);
	s[base] = '\0';
	memcpy(s + base + 1, e->name + base, e->len - base + 1);
}

static bool
grow(struct maildrop *md)
{
	size_t room = md->room == 0 ? 64 : md->room * 2;
	struct message *m;

	if (md->count >= MESSAGES_MAX) {
		errno = E2BIG;
		return false;
	}
	m = reallocarray(md->messages, room, sizeof(*m));
	if (m == NULL)
		return false;
	md->messages = m;
	md->room = room;
	return true;
}

static bool
add(struct walk *w, const struct dirlist_entry *e, size_t base)
{
	struct maildrop *md = w->md;
	struct message *m;
	char *s;

	if (md->count == md->room && !grow(md))
		return false;
	if ((s = arena_get(&md->names, e->len + 2)) == NULL)
		return false;
	split_name(s, e, base);
	m = &md->messages[md->count++];
	memset(m, 0, sizeof(*m));
	m->sub = w->sub;
	m->ino = e->ino;
	m->base = s;
	m->info = s + base + 1;
	m->size = mailfile_promised_size(s);
	return true;
}

/*
 * Two names with one base: the same message, renamed while we read, or two
 * files.  Decides whether a is to be dropped for b.
 */
static bool
is_superseded(struct maildrop *md, struct message *a, struct message *b)
{
	struct stat sa, sb;

	if (mailfile_stat(md, a, &sa) == -1)
		return true;
	if (mailfile_stat(md, b, &sb) == 0 &&
	    (sa.st_dev != sb.st_dev || sa.st_ino != sb.st_ino)) {
		a->twin = b->twin = true;
		return false;
	}
	/* b is gone, or a link to the same file: a stands for both. */
	b->base = NULL;
	return false;
}

static void
drop_doubles(struct maildrop *md)
{
	struct message *m = md->messages;
	size_t kept = 0;

	for (size_t i = 1; i < md->count; i++) {
		if (strcmp(m[kept].base, m[i].base) != 0) {
			m[++kept] = m[i];
			continue;
		}
		if (is_superseded(md, &m[kept], &m[i]))
			m[kept] = m[i];
		else if (m[i].base != NULL)
			m[++kept] = m[i];
	}
	if (md->count > 0)
		md->count = kept + 1;
}

static bool
look(const struct maildrop *md, struct stamp dir[SUB_COUNT])
{
	struct stat st;

	for (int i = 0; i < SUB_COUNT; i++) {
		if (fstat(md->dir[i], &st) == -1)
			return false;
		index_stamp(&dir[i], &st);
	}
	return true;
}

static bool
is_unchanged(const struct maildrop *md, const struct stamp dir[SUB_COUNT])
{
	return memcmp(md->index.dir, dir, sizeof(md->index.dir)) == 0;
}

static bool
look_first(struct maildrop *md)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now) == -1 ||
	    !look(md, md->index.dir))
		return false;
	md->index.settled = true;
	for (int i = 0; i < SUB_COUNT; i++)
		if (!index_settled(&md->index.dir[i], &now))
			md->index.settled = false;
	return true;
}

static bool
read_dirs(struct maildrop *md)
{
	struct walk w = { .md = md, .visit = add };
	struct stamp after[SUB_COUNT];

	if (!walk(&w))
		return false;
	order_messages(md->messages, md->count);
	drop_doubles(md);
	if (!look(md, after) || !is_unchanged(md, after))
		md->index.settled = false;
	return true;
}

/* The directories are as they were when the index was made: its list holds. */
static void
adopt(struct maildrop *md, struct old_index *old)
{
	md->messages = old->messages;
	md->text = old->text;
	md->count = md->room = old->head.count;
	md->index.fresh = true;
	old->messages = NULL;
	old->text = NULL;
}

bool
scan_first(struct maildrop *md)
{
	struct old_index old;
	bool ok = true;

	if (!look_first(md))
		return false;
	md->index.read = old_index_read(md, &old);
	if (md->index.read && old.head.settled &&
	    is_unchanged(md, old.head.dir))
		adopt(md, &old);
	else
		ok = read_dirs(md);
	if (ok && md->index.read && !md->index.fresh)
		md->index.drift = index_merge(md, old.messages, old.head.count);
	md->index.due = ok;
	old_index_free(&old);
	return ok;
}

static bool
relocate(struct walk *w, const struct dirlist_entry *e, size_t base)
{
	char name[MAILFILE_NAME_MAX], *renamed;
	struct message *m;
	size_t i;

	if (e->len + 2 > sizeof(name))
		return true; /* longer than any that was found before */
	split_name(name, e, base);
	if (!strmap_get(w->map, name, &i))
		return true; /* came later */
	m = &w->md->messages[i];
	m->sub = w->sub;
	if (strcmp(m->info, name + base + 1) == 0)
		return true;
	if ((renamed = strdup(name + base + 1)) == NULL)
		return false;
	free(m->renamed);
	m->renamed = renamed;
	m->info = renamed;
	return true;
}

static bool
too_soon(struct maildrop *md)
{
	if (md->scans++ < SCANS_FREE || deadline_left(md->next_scan) == 0)
		return false;
	errno = EAGAIN;
	return true;
}

bool
scan_again(struct maildrop *md, bool must)
{
	struct strmap map;
	struct walk w = { .md = md, .visit = relocate, .map = &map };
	bool ok;

	if (too_soon(md) && !must)
		return false;
	if (!strmap_init(&map, md->count)) {
		errno = ENOMEM;
		return false;
	}
	for (size_t i = 0; i < md->count; i++)
		if (!md->messages[i].twin)
			/* Always new: drop_doubles() left no equal bases. */
			(void)strmap_put(&map, md->messages[i].base, i);
	ok = walk(&w);
	strmap_free(&map);
	md->next_scan = deadline_in(1);
	return ok;
}
