/*
 * maildir: messages into Maildirs, many at a time.
 *
 * For each message, and one step for all before the next step: create, write
 * to its fd, and flow; settle; syncs_wait(); publish; sync; syncs_wait();
 * synced.  Only after that is any of them delivered.  maildir_drop() ends
 * each, whatever happened.
 */
#ifndef DELIVERY_MAILDIR_H
#define DELIVERY_MAILDIR_H

#include <stdbool.h>
#include <stdint.h>

#include "delivery/maildir_dir.h"
#include "delivery/syncs.h"

/* A message on its way. */
struct maildir_file {
	struct maildir *dir; /* not owned */
	int fd;              /* -1 when there is none */
	size_t place;        /* in a struct syncs */
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
/*
 * Has what was written be on disk: where the Maildir is ordered when this
 * returns, elsewhere after the next syncs_wait().
 */
enum outcome maildir_settle(
    struct maildir_file *, struct syncs *, struct failure *);
/*
 * Moves it to new/ under its final name, if it has settled; never over another
 * file.
 */
enum outcome maildir_publish(struct maildir_file *, struct maildir_namer *,
    const struct syncs *, struct failure *);
/* Has file and name last after the next syncs_wait(); only if published. */
void maildir_sync(struct maildir_file *, struct syncs *);
/* Whether they do.  A name that does not fails all of the Maildir's files. */
enum outcome maildir_synced(
    struct maildir_file *, const struct syncs *, struct failure *);
/*
 * Closes the file.  With delivered false nothing of it stays behind, neither
 * in tmp/ nor, as far as no reader has moved it, in new/.
 */
void maildir_drop(struct maildir_file *, bool delivered);

#endif
