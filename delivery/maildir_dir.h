/*
 * maildir_dir: a Maildir's directories, held open.
 */
#ifndef DELIVERY_MAILDIR_DIR_H
#define DELIVERY_MAILDIR_DIR_H

#include <sys/stat.h>
#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "common/deadline.h"
#include "common/msg.h"
#include "delivery/failure.h"
#include "delivery/maildir_name.h"
#include "delivery/syncs.h"

enum { MAILDIR_SELF, MAILDIR_TMP, MAILDIR_CUR, MAILDIR_NEW, MAILDIR_DIRS };

/* Milliseconds after which tmp/ of an open Maildir is looked through again. */
#define MAILDIR_CLEAN_EVERY 600000

/* What a directory was when it was found good. */
struct maildir_mark {
	dev_t dev;
	ino_t ino;
	mode_t mode;
	uid_t uid;
};

struct maildir {
	char path[MBOX_MAX + 1]; /* for texts */
	int tmp, new;            /* held directories; -1 when not open */
	struct maildir_mark mark[MAILDIR_DIRS];
	bool ordered;           /* see maildir_settle() */
	deadline_t cleaned;     /* when tmp/ was looked through */
	size_t place;           /* of new/ in a struct syncs */
	struct failure failure; /* why it is not open, or not synced */
};

/*
 * Opens the Maildir at path below base; makes it and its three directories
 * where they are missing.  All must belong to the process's user, and nobody
 * else may write there.  Removes what dead deliveries left in tmp/.  The
 * outcome is also in m->failure.
 */
enum outcome maildir_open(
    struct maildir *, int base, const char *path, const struct maildir_namer *);

/*
 * Whether the path still leads, without a symbolic link, to the directories
 * that are open, and these have the owner and the mode that they had.  Cleans
 * tmp/ when it is time.  When false it is to be closed and opened again.
 */
bool maildir_still(struct maildir *, int base, const struct maildir_namer *);

void maildir_close(struct maildir *);

#endif
