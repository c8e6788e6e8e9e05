/*
 * failure: what went wrong with a mailbox: an enhanced status code and a plain
 * sentence for everybody, and path, wanted and found for the log.
 */
#ifndef DELIVERY_FAILURE_H
#define DELIVERY_FAILURE_H

#include "common/msg.h"
#include "common/outcome.h"

struct failure {
	struct diag diag; /* may reach strangers: no path, no uid */
	char path[MBOX_MAX + 5];
	const char *wanted; /* "": there is no more to tell */
	char found[80];
};

#define FAILURE_NONE                                                           \
	{                                                                      \
		DIAG_INIT, "", "", ""                                          \
	}

/*
 * By errno, always temporary: 4.2.2 over quota, 4.3.1 disk full, 4.2.1 not
 * permitted, 4.3.5 a file of the wrong kind, else 4.3.0 (RFC 3463 section 3).
 * The first failure stays.  wanted is a literal.
 */
enum outcome failure_errno(
    struct failure *, const char *path, const char *wanted, int error);

/* 4.3.5 with that text, for what no call reports. */
enum outcome failure_found(struct failure *, const char *text, const char *path,
    const char *wanted, const char *found);

/* 4.2.1: the owner has the mailbox closed for a while. */
enum outcome failure_busy(
    struct failure *, const char *path, const char *wanted, const char *found);

#endif
