/*
 * privs: giving up root, once, for good.  Library code of every program that
 * may be started as root, called before the first foreign byte is read.
 */
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"
#include "common/privs.h"

static _Noreturn void
fail(int status, const char *name, const char *found)
{
	log_error("-", "user=%s wanted=unprivileged found=%s", name, found);
	exit(status);
}

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
		fail(EX_CONFIG, name, "root");
	if (setgroups(gid == extra ? 1 : 2, groups) == -1 ||
	    setresgid(gid, gid, gid) == -1 || setresuid(uid, uid, uid) == -1)
		fail(EX_OSERR, name, strerror(errno));
	if (setuid(0) != -1 || seteuid(0) != -1)
		fail(EX_OSERR, name, "able-to-become-root");
}
