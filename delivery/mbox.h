/*
 * mbox: messages at the end of a file, each with a "From " line before it and
 * an empty line behind it (RFC 4155).
 */
#ifndef DELIVERY_MBOX_H
#define DELIVERY_MBOX_H

#include <stdint.h>

#include "common/outcome.h"
#include "delivery/failure.h"

#define MBOX_WAIT 30000 /* milliseconds for locks that others hold */

/*
 * Appends what a letter (pipe_letter.h) holds to the file of that absolute
 * path, made with mode 0600 when it is not there.  OUT_OK when it is on the
 * disk; otherwise the file is as long as it was.  All other failures are told
 * as of mailboxes (failure.h), and 4.2.0 when its locks were not to be had in
 * wait milliseconds.
 *
 * It must be a regular file with one link that belongs to us or to root, and no
 * symbolic link.  /dev/null takes everything.
 */
enum outcome mbox_append(
    const char *path, int letter, int64_t wait, struct failure *);

#endif
