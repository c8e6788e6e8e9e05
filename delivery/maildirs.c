/*
 * maildirs: Maildirs that stay open from one batch to the next.
 *
 * Part of local, which runs as the mailbox owner.  To open a Maildir, check
 * its directories and look through tmp/ costs more than to write a small
 * message.
 */
#include <stdlib.h>
#include <string.h>

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

void
maildirs_close(struct maildirs *c)
{
	while (c->count > 0)
		maildir_close(&c->held[--c->count].maildir);
}
