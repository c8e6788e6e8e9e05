/*
 * privs: giving up root, once, for good.
 */
#ifndef COMMON_PRIVS_H
#define COMMON_PRIVS_H

#include <sys/types.h>

#include <stdbool.h>

/*
 * Returns when the process has this uid and gid, no other group, and cannot
 * become root again.  Root itself is refused.  Every failure ends the process
 * with EX_CONFIG or EX_OSERR and a line in the log: it must not go on with the
 * wrong rights.
 */
void privs_become(uid_t, gid_t, const char *name);

/* The same, keeping one group besides its own: authd's right to read shadow. */
void privs_become_with(uid_t, gid_t, gid_t extra, const char *name);

#endif
