/*
 * compile_targets: commands and files that lists name.
 */
#ifndef QUEUE_COMPILE_TARGETS_H
#define QUEUE_COMPILE_TARGETS_H

#include <sys/types.h>

#include <stdbool.h>

#include "common/members.h"

#define TARGET_WHY 300 /* bytes of a text, with NUL */

/* Whose rights they are used with. */
struct target_user {
	uid_t uid;
	gid_t gid;
};

/*
 * Whether a command, a file or an include list can be used, as far as can be
 * seen; else what was wanted, and found.
 */
bool compile_target(
    const struct member *, const struct target_user *, char why[TARGET_WHY]);

#endif
