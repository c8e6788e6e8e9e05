/*
 * targets_tell: the addresses that remote would try for a next hop, in words.
 */
#ifndef DELIVERY_TARGETS_TELL_H
#define DELIVERY_TARGETS_TELL_H

#include <stdio.h>

#include "delivery/targets.h"

/*
 * Writes a line "target HOST ADDRESS PORT secure" or "... insecure" for each,
 * with "-" for what there is none of; or one line "none DSN TEXT".  wish->hop is filled in
 * from text.  An exit status of sysexits(3).
 */
int targets_tell(const char *text, struct targets_wish *, FILE *);

#endif
