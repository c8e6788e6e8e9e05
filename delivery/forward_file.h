/*
 * forward_file: a Unix user's ~/.forward, or ~/.forward+tag.
 */
#ifndef DELIVERY_FORWARD_FILE_H
#define DELIVERY_FORWARD_FILE_H

#include <stdint.h>

#include "common/msg_job.h"
#include "common/sbuf.h"
#include "delivery/failure.h"
#include "common/forward_list.h"

enum forward_found {
	FORWARD_NONE, /* there is none, or it leads to the own mailbox only */
	FORWARD_MEMBERS, /* it leads elsewhere, too */
	FORWARD_LATER    /* it must not be used as it is; see the failure */
};

/* Where the members of a file go to. */
struct forward_list {
	struct sbuf members; /* members.h; FORWARD_MEMBERS only; owned */
	size_t count;
	char name[sizeof(".forward+") + LOCAL_MAX]; /* the file's */
};

/*
 * Looks for the file of recipient r in home, which is the process's user's
 * own: the one with the tag first, as it was written and in lower case.  It must
 * be a regular file of that user or of root that nobody else may write,
 * FORWARD_FILE_MAX bytes at most and most members; a symbolic link may lead to
 * such a file.  Home must be nobody else's to change either, and without
 * the sticky bit, by which its owner says that he is not done.  A breach of any
 * of these, and every mistake in the text, is FORWARD_LATER: nothing is
 * delivered until it is mended.
 *
 * The recipient's own name or address among others becomes a FINAL with r's
 * address, once.
 */
enum forward_found forward_file_read(int home, const struct msg_job_rcpt *r,
    int64_t most, struct forward_list *, struct failure *);

void forward_list_free(struct forward_list *);

#endif
