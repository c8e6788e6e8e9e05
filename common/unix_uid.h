/*
 * unix_uid: which Unix users may have mail.
 */
#ifndef COMMON_UNIX_UID_H
#define COMMON_UNIX_UID_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#define UID_NOBODY 65534 /* who owns what nobody owns */

/*
 * Never root and never nobody; from min_uid on.  In user mode only the
 * invoking user, who is self.
 */
bool unix_uid_allowed(uid_t, int64_t min_uid, bool user_mode, uid_t self);

#endif
