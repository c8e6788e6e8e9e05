/*
 * maildirs: Maildirs that stay open from one batch to the next.
 *
 * Part of local, which runs as the mailbox owner.  To open a Maildir, check
 * its directories and look through tmp/ costs more than to write a small
 * message.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/address.h"
#include "common/beneath.h"
#include "delivery/maildirs.h"

void
maildirs_init(struct maildirs *c, int base)
{
	c->base = base;
	c->turn = 0;
	c->count = 0;
}

void
maildirs_turn(struct maildirs *c)
{
	c->turn++;
}

static struct held *
find(struct maildirs *c, const char *path)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->held[i].maildir.path, path) == 0)
			return &c->held[i];
	return NULL;
}

/* A place for another; nothing of this batch makes room. */
static struct held *
make_room(struct maildirs *c)
{
	struct held *oldest = &c->held[0];

	if (c->count < MAILDIRS_MOST)
		return &c->held[c->count++];
	for (size_t i = 1; i < c->count; i++)
		if (c->held[i].turn < oldest->turn)
			oldest = &c->held[i];
	if (oldest->turn == c->turn)
		abort();
	maildir_close(&oldest->maildir);
	return oldest;
}

struct maildir *
maildirs_get(
    struct maildirs *c, const char *path, const struct maildir_namer *namer)
{
	struct held *h = find(c, path);

	if (h != NULL) {
		if (h->turn == c->turn)
			return &h->maildir;
		h->turn = c->turn;
		if (maildir_still(&h->maildir, c->base, namer))
			return &h->maildir;
		maildir_close(&h->maildir);
	} else
		h = make_room(c);
	h->turn = c->turn;
	/* Its outcome is in the Maildir, too. */
	(void)maildir_open(&h->maildir, c->base, path, namer);
	return &h->maildir;
}

/*
 * A name that is one folder and nothing else: a dot is between a folder and one
 * below it, so none stands alone.
 */
static bool
is_folder_name(const char *tag)
{
	size_t n = strlen(tag);

	if (n == 0 || n > LOCAL_MAX || tag[0] == '.' || tag[n - 1] == '.' ||
	    strstr(tag, "..") != NULL)
		return false;
	for (; *tag != '\0'; tag++)
		if (*tag < ' ' || *tag > '~' || *tag == '/')
			return false;
	return true;
}

static bool
has(int dir, const char *name, mode_t type)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    (st.st_mode & S_IFMT) == type;
}

/* What is missing of one that says it is a folder, maildir_open() makes. */
static bool
is_folder(const struct maildirs *c, const char *path)
{
	int dir = beneath_open(c->base, path);
	bool is;

	if (dir == -1)
		return false;
	is = has(dir, "maildirfolder", S_IFREG) ||
	    (has(dir, "tmp", S_IFDIR) && has(dir, "cur", S_IFDIR) &&
		has(dir, "new", S_IFDIR));
	(void)close(dir); /* only looked at */
	return is;
}

static char
upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool
maildirs_folder(const struct maildirs *c, const char *path, const char *tag,
    char out[MBOX_MAX + 1])
{
	char name[LOCAL_MAX + 1];
	int n;

	if (!is_folder_name(tag))
		return false;
	(void)strlcpy(name, tag, sizeof(name)); /* no longer */
	for (int spelling = 0; spelling < 3; spelling++) {
		for (char *p = name; spelling == 1 && *p != '\0'; p++)
			*p = lower(*p);
		if (spelling == 2)
			name[0] = upper(name[0]);
		n = snprintf(out, MBOX_MAX + 1, "%s/.%s", path, name);
		if (n <= MBOX_MAX && is_folder(c, out))
			return true;
	}
	return false;
}

void
maildirs_close(struct maildirs *c)
{
	while (c->count > 0)
		maildir_close(&c->held[--c->count].maildir);
}
