/*
 * maildir: messages into Maildirs, many at a time.
 *
 * For each message: maildir_create(), write to its fd, maildir_flow(),
 * maildir_settle(), maildir_publish(); then maildir_sync() once for all of them.  Only after that
 * is any of them delivered.  maildir_drop() ends each, whatever happened.
 */
#ifndef DELIVERY_MAILDIR_H
#define DELIVERY_MAILDIR_H

#include <stdbool.h>
#include <stdint.h>

#include "common/msg.h"
#include "delivery/failure.h"
#include "delivery/maildir_name.h"

struct maildir {
	char path[MBOX_MAX + 1]; /* for texts */
	int tmp, new;            /* held directories; -1 when not open */
	bool unsynced;           /* new/ has names that may not last */
	struct failure failure;  /* why it is not open, or not synced */
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
 * Makes the names in new/ last; does nothing when there are no fresh ones.
 * The outcome is also in m->failure.
 */
enum outcome maildir_sync(struct maildir *);
void maildir_close(struct maildir *);

/* A message on its way. */
struct maildir_file {
	struct maildir *dir; /* not owned */
	int fd;              /* -1 when there is none */
	bool published;
	struct maildir_facts facts; /* size and wire are the writer's to set */
	char name[MAILDIR_NAME];    /* in tmp/, or in new/ when published */
};

/* A new file of mode 0600 in tmp/, locked while it is there. */
enum outcome maildir_create(struct maildir_file *, struct maildir *,
    struct maildir_namer *, struct failure *);
/*
 * Starts writing to disk without waiting.  After that has been said of all
 * files of a batch, one commit of the file system settles many.
 */
void maildir_flow(struct maildir_file *);
/* Waits until what was written is on disk. */
enum outcome maildir_settle(struct maildir_file *, struct failure *);
/* Moves it to new/ under its final name; never over another file. */
enum outcome maildir_publish(
    struct maildir_file *, struct maildir_namer *, struct failure *);
/*
 * Closes the file.  With delivered false nothing of it stays behind, neither
 * in tmp/ nor, as far as no reader has moved it, in new/.
 */
void maildir_drop(struct maildir_file *, bool delivered);

#endif
