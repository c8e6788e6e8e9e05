/*
 * srs_key: the keys of srs.h, in a file that stays.
 */
#ifndef QUEUE_SRS_KEY_H
#define QUEUE_SRS_KEY_H

#include <stdbool.h>

#include "queue/srs.h"

#define SRS_KEY_FILE ".srs-key" /* in spool-dir/queue */

/*
 * Reads the keys from SRS_KEY_FILE in the directory, which is opened by path;
 * lines of 64 hexadecimal digits, the newest first.  Makes the file with one
 * random key, durably, when it is missing.  It must be a regular file of this
 * user, unless that is root, which nobody else may read or write.  False with a line in the log and no
 * keys.
 */
bool srs_load(struct srs *, const char *dir);

/* The same, making nothing; one that cannot be opened is not logged. */
bool srs_read(struct srs *, const char *dir);

#endif
