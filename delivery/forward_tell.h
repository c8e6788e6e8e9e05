/*
 * forward_tell: where a Unix user's ~/.forward has his mail go, in words.
 */
#ifndef DELIVERY_FORWARD_TELL_H
#define DELIVERY_FORWARD_TELL_H

#include <stdint.h>
#include <stdio.h>

#include "delivery/forward_file.h"

/*
 * Writes "mailbox", when nothing leads elsewhere; or "file NAME" and a line
 * "member " with each member as members.h compiles it; or "later DSN" with path,
 * wanted and found.  addr is the recipient's address, tag is "" without one.
 * An exit status of sysexits(3).
 */
int forward_tell(
    int home, const char *addr, const char *tag, int64_t most, FILE *);

#endif
