/*
 * compile_targets: commands and files that lists name.
 */
#ifndef QUEUE_COMPILE_TARGETS_H
#define QUEUE_COMPILE_TARGETS_H

#include <stdbool.h>

#include "common/members.h"

#define TARGET_WHY 200 /* bytes of a text, with NUL */

/*
 * Whether a command, a file or an include list can be used, as far as can be
 * seen; else why not.  everybody: by any user, not by the caller alone.
 */
bool compile_target(
    const struct member *, bool everybody, char why[TARGET_WHY]);

#endif
