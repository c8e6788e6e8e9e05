/*
 * quota_warning: tells the owner of a mailbox that it is nearly full.
 */
#ifndef DELIVERY_QUOTA_WARNING_H
#define DELIVERY_QUOTA_WARNING_H

#include <stddef.h>

#include "delivery/maildirs.h"
#include "delivery/quota.h"

#define QUOTA_TEXT 4096 /* bytes of a whole message */

/* A number of bytes as people read it: "999 bytes", "1.5 KiB", "20 MiB". */
#define QUOTA_SIZE 24 /* bytes, with NUL */
void quota_size(uint64_t, char out[QUOTA_SIZE]);

/*
 * The message, from the mail system of that host, with LF line ends; when and
 * number tell its Message-ID from others.  Its length, or 0 when the address does
 * not fit into a header.
 */
size_t quota_warning_text(const struct quota_warning *, const char *host,
    int64_t when, uint64_t number, char out[QUOTA_TEXT]);

/* What delivering one needs. */
struct quota_mailer {
	const char *host;
	struct maildirs *maildirs;
	struct maildir_namer *namer;
	struct syncs *syncs;
};

/*
 * Delivers all warnings of the quota, whatever the quota says, and forgets them;
 * one that cannot be delivered is logged.
 */
void quota_warn(struct quota *, const struct quota_mailer *);

#endif
