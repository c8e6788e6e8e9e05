/*
 * maildir_clean: what dead deliveries left in tmp/.
 */
#ifndef DELIVERY_MAILDIR_CLEAN_H
#define DELIVERY_MAILDIR_CLEAN_H

#include "delivery/maildir_name.h"

#define MAILDIR_CLEAN_MAX 500         /* entries looked at in one call */
#define MAILDIR_CLEAN_AGE (36 * 3600) /* seconds, the Maildir convention */

/*
 * Removes from the directory tmp the regular files that
 *
 *  - bear a name that this suite gives on this host, and are not locked: their
 *    process is gone;
 *  - bear another name, and were not read, written or changed for 36 hours.
 *
 * Failures are of no consequence: the next delivery tries again.
 */
void maildir_clean(int tmp, const struct maildir_namer *);

#endif
