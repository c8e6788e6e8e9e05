/*
 * scan: the list of files in new/ and cur/.
 */
#ifndef POP3D_SCAN_H
#define POP3D_SCAN_H

#include <stdbool.h>

#include "pop3d/maildrop.h"

/* Fills an empty list, in the order of arrival; false with errno. */
bool scan_first(struct maildrop *);

/*
 * Looks again and gives every message its present name and directory.
 * Messages that are not seen keep what they had: a file renamed just now may
 * be missed.  False with errno when it was not done; EAGAIN: too soon after
 * the last time, unless it must be.
 */
bool scan_again(struct maildrop *, bool must);

#endif
