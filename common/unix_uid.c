/*
 * unix_uid: which Unix users may have mail.  In postriderd and authd; pure.
 */
#include "common/unix_uid.h"

bool
unix_uid_allowed(uid_t uid, int64_t min_uid, bool user_mode, uid_t self)
{
	if (uid == 0)
		return false;
	if (user_mode)
		return uid == self;
	return uid >= min_uid && uid != UID_NOBODY;
}
