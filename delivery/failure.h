/*
 * failure: what went wrong with a mailbox, as an enhanced status code and a
 * text that names path, wanted and found.
 */
#ifndef DELIVERY_FAILURE_H
#define DELIVERY_FAILURE_H

#include "common/outcome.h"

/*
 * By errno, always temporary: 4.2.2 over quota, 4.3.1 disk full, 4.2.1 not
 * permitted, 4.3.5 a file of the wrong kind, else 4.3.0 (RFC 3463 section 3).
 */
enum outcome failure_errno(
    struct diag *, const char *path, const char *wanted, int error);

/* 4.3.5 with the same text, for what no call reports. */
enum outcome failure_found(
    struct diag *, const char *path, const char *wanted, const char *found);

#endif
