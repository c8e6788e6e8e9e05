/*
 * maildir_count: how much is in a mailbox, by looking.
 */
#ifndef COMMON_MAILDIR_COUNT_H
#define COMMON_MAILDIR_COUNT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "common/deadline.h"

/* What is in a mailbox, or may be. */
struct maildir_use {
	uint64_t bytes, messages;
};

#define MAILDIR_USE_MOST INT64_MAX /* what is more is counted as this */

/*
 * Maildir++: all files in new/ and cur/ of the Maildir held as dir and of its
 * folders (directories that begin with a dot), but for the folder Trash and
 * those below it.  A file has the size that its name promises (,S=bytes), or the
 * one that it has.  *latest is when a directory of them changed last, before it was
 * read.  Follows no symbolic link.  False with errno; ETIMEDOUT when it was not
 * done at the deadline.
 */
bool maildir_count(
    int dir, deadline_t, struct maildir_use *, struct timespec *latest);

/* The latter alone: when *latest is later than that was, what was counted may
 * not be what is there. */
bool maildir_changed(int dir, deadline_t, struct timespec *latest);

/* Whether a folder of that name, with its dot, is not counted. */
bool maildir_is_trash(const char *);

/* The size that a name promises: false when it does not. */
bool maildir_name_size(const char *name, uint64_t *size);

#endif
