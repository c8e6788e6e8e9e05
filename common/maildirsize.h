/*
 * maildirsize: the sum of a mailbox's messages, as Maildir++ keeps it.
 *
 * A file in the Maildir, which other programs know, too:
 *
 *	1000000S,1000C		the quota: bytes, messages; what is missing: any
 *	350000 20		bytes and messages
 *	2048 1			one more
 *	-4096 -1		and one less
 *
 * The sum of all lines but the first is what is in the mailbox, as far as all
 * who add and remove messages append a line.  Nothing is lost with the file:
 * it is made anew by counting.
 */
#ifndef COMMON_MAILDIRSIZE_H
#define COMMON_MAILDIRSIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/maildir_count.h"

#define MAILDIRSIZE_NAME "maildirsize"
#define MAILDIRSIZE_MOST                                                       \
	5120                /* bytes: a file that has as many is counted anew */
#define MAILDIRSIZE_OLD 900 /* seconds that "full" is believed */
#define MAILDIRSIZE_FRESH 60      /* and that a count is, whatever was added */
#define MAILDIRSIZE_COUNT_MOST 30 /* seconds for a count that has to be */

struct maildirsize {
	struct maildir_use quota; /* 0: any */
	struct maildir_use use;
	size_t lines;   /* that the sum is of */
	time_t written; /* CLOCK_REALTIME */
	time_t made;    /* when it was counted; 0: not known */
};

/*
 * The n bytes of a file, or a beginning of it that ends with a line.  False:
 * not to be believed.
 */
bool maildirsize_parse(const char *, size_t n, struct maildirsize *);

/*
 * Of the Maildir held as dir.  False with errno: ENOENT there is none; EBADMSG
 * it is not to be believed, or no regular file.
 */
bool maildirsize_read(int dir, struct maildirsize *);

/*
 * Whether that much more fits into a quota that has 0 for any.
 */
bool maildirsize_fits(const struct maildir_use *quota,
    const struct maildir_use *use, const struct maildir_use *more);

/* Whether it is one: bytes or messages. */
bool maildirsize_limited(const struct maildir_use *quota);

/*
 * How full it is in percent, rounded down; the larger of bytes and messages, or
 * of one of both alone.  -1: there is no quota.
 */
int64_t maildirsize_percent(
    const struct maildir_use *quota, const struct maildir_use *use);
int64_t maildirsize_percent_of(uint64_t quota, uint64_t use);

/* Whether so much more fits into what a mailbox may hold. */
struct maildir_wish {
	struct maildir_use quota, more;
};

/*
 * What is in the mailbox, for the question whether that much more fits: from
 * the file where that can be believed, else counted, and then the file is made
 * anew.  False with errno when it could not be counted, ETIMEDOUT by the
 * deadline: one that has passed leaves time for a look.  *out is right also
 * when the file could not be written: then *written is false, with errno.
 */
bool maildirsize_use(int dir, const struct maildir_wish *, deadline_t,
    struct maildir_use *out, bool *written);

/* Counts and makes the file anew; as above. */
bool maildirsize_recount(int dir, const struct maildir_use *quota, deadline_t,
    struct maildir_use *out, bool *written);

/* The sum of the lines before one that was appended, whoever else appends. */
struct maildirsize_before {
	bool known; /* the file is to be believed */
	struct maildir_use use;
};

/*
 * Appends a line to the file of the Maildir at path below base, or of base
 * itself, path being NULL; bytes and messages may be less than 0.  Without a
 * file none is made, and one that is to be counted anyway, being long, is left
 * as it is: both are true.  False with errno.
 */
bool maildirsize_add(int base, const char *path, int64_t bytes,
    int64_t messages, struct maildirsize_before *);

#endif
