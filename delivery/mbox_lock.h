/*
 * mbox_lock: an mbox is written by nobody else: the two locks that Debian
 * (policy, section 11.6) asks of every program, fcntl(2) and path.lock.
 */
#ifndef DELIVERY_MBOX_LOCK_H
#define DELIVERY_MBOX_LOCK_H

#include <limits.h>

#define MBOX_STALE 300 /* seconds after which path.lock is nobody's */

struct mbox_lock {
	int fd;             /* of the mbox; not owned */
	char dot[PATH_MAX]; /* path.lock */
	int made; /* it, open, so that no other has its number; or -1 */
};

enum mbox_locked {
	MBOX_LOCKED,
	MBOX_BUSY, /* another has one of them */
	MBOX_ERROR /* errno, of the file dot, which is named */
};

/*
 * Tries to have both, waiting for neither, and has none of them if it fails.
 * In a directory that is not ours to write to there is no path.lock, for
 * nobody of our rights, and fcntl(2) has to do.
 */
enum mbox_locked mbox_lock_try(struct mbox_lock *, int fd, const char *path);

void mbox_unlock(struct mbox_lock *);

#endif
