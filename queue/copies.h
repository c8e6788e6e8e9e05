/*
 * copies: how often, and how widely, one message that was accepted may be made
 * anew for lists and forward files.
 *
 * Depth alone bounds nothing: two users whose files name each other 100 times
 * make 100 messages of one, and 10000 of those.  So a message has a share, and
 * each of its recipients that may be made anew has the same part of what is left.
 */
#ifndef QUEUE_COPIES_H
#define QUEUE_COPIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/outcome.h"

#define COPIES_DEPTH 20 /* times that a message is made anew */
/* Recipients that may be made anew, in all that comes of one message, */
#define COPIES_MOST 100000
/* and of one that a user's ~/.forward has passed on. */
#define COPIES_USER 500

/*
 * Flags (INTAKE_*) of a message become those of the new one that is made for a
 * recipient of it, which leads to n that may be made anew in their turn.  by_user:
 * his ~/.forward says so.  False with 5.4.6 when that is too often, or too many.
 */
bool copies_count(uint32_t *flags, bool by_user, size_t n, struct diag *);

#endif
