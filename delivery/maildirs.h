/*
 * maildirs: Maildirs that stay open from one batch to the next.
 */
#ifndef DELIVERY_MAILDIRS_H
#define DELIVERY_MAILDIRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "delivery/maildir_dir.h"

#define MAILDIRS_MOST 100 /* at once, two descriptors each */

/* Large; one per process. */
struct maildirs {
	int base; /* the directory that they lie beneath; not owned */
	uint64_t turn;
	size_t count;
	struct held {
		uint64_t turn; /* of its last use */
		struct maildir maildir;
	} held[MAILDIRS_MOST];
};

void maildirs_init(struct maildirs *, int base);

/* A new batch: each Maildir is looked at again before it is used. */
void maildirs_turn(struct maildirs *);

/*
 * The Maildir at path, open, or with its failure; the same one for the rest of
 * this batch, in which at most MAILDIRS_MOST are asked for.  What was used
 * least lately makes room.
 */
struct maildir *maildirs_get(
    struct maildirs *, const char *path, const struct maildir_namer *);

/*
 * The folder of the Maildir at path that the tag names, as Maildir++ has it: a
 * directory ".tag" in it, in the tag's own spelling, in lower case, or with a
 * capital.  False when there is none: it is made by whoever reads the mail, and
 * never here.  out is its path below base.
 */
bool maildirs_folder(const struct maildirs *, const char *path, const char *tag,
    char out[MBOX_MAX + 1]);

void maildirs_close(struct maildirs *);

#endif
