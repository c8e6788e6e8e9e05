/*
 * conf_stale: text files that are newer than what was compiled of them.
 */
#ifndef QUEUE_CONF_STALE_H
#define QUEUE_CONF_STALE_H

#include <stdbool.h>
#include <time.h>

#include "queue/conf_lines.h"

/*
 * Whether a file that the configuration in dir is read from was changed after
 * that time; path is the first one.  What cannot be looked at was not.
 */
bool conf_stale(
    const char *dir, const struct timespec *since, char path[CONF_PATH_MAX]);

#endif
