/*
 * cmd_mapd: what mapd says of itself.
 */
#ifndef QUEUE_CMD_MAPD_H
#define QUEUE_CMD_MAPD_H

#include <stdbool.h>
#include <stddef.h>

#include "queue/cmd_json.h"

/*
 * As a sentence, and in json unless that is NULL; *warn: an administrator should
 * look at it.  False with the reason as text when it does not answer.
 */
bool mapd_look(const char *run_dir, struct json_object *json, char *text,
    size_t size, bool *warn);

#endif
