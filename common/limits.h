/*
 * limits: what an account's mailbox may hold.
 */
#ifndef COMMON_LIMITS_H
#define COMMON_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/maildir_count.h"
#include "common/tables.h"

/*
 * TABLES_LIMITS holds what the line of an account in the file users says, any
 * of these words with one space between them, each at most once:
 *
 *	bytes=N messages=N tags=yes|no
 *
 * N is a number in digits; 0: as much as one likes.  Sources may also say
 * quota=SIZE in place of bytes=N, as the file users does.  What is not said there is
 * as the options quota, quota-messages and tag-folders say.
 */
#define LIMITS_TEXT 80 /* bytes of a value, with NUL */

struct account_limits {
	uint64_t bytes;    /* 0: any */
	uint64_t messages; /* 0: any */
	bool tags; /* mail with a tag may go into the folder of that name */
};

/*
 * account: an address or a Unix user's name, lower case, as resolve_address()
 * gives it.  False when the tables are damaged, or hold something else than the
 * above; *out is then without limits.
 */
bool limits_get(
    struct tables *, const char *account, struct account_limits *out);

/* Takes the words of such a text; what it does not say stays as it is. */
bool limits_parse(const char *, struct account_limits *);

/* The quota among them, as a mailbox is compared with it. */
struct maildir_use limits_quota(const struct account_limits *);

#endif
