/*
 * privs: giving up root, once, for good.  Library code of every program that
 * may be started as root, called before the first foreign byte is read.
 */
#include <err.h>
#include <grp.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/privs.h"

void
privs_become(uid_t uid, gid_t gid, const char *name)
{
	privs_become_with(uid, gid, gid, name);
}

void
privs_become_with(uid_t uid, gid_t gid, gid_t extra, const char *name)
{
	const gid_t groups[2] = { gid, extra };

	if (uid == 0 || gid == 0 || extra == 0)
		errx(EX_CONFIG,
		    "user %s: wanted an unprivileged user, "
		    "found root",
		    name);
	if (setgroups(gid == extra ? 1 : 2, groups) == -1 ||
	    setresgid(gid, gid, gid) == -1 || setresuid(uid, uid, uid) == -1)
		err(EX_OSERR, "cannot become user %s", name);
	if (setuid(0) != -1 || seteuid(0) != -1)
		errx(EX_OSERR, "user %s: still able to become root", name);
}
