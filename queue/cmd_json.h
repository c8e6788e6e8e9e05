/*
 * cmd_json: json-c with its failures looked at once, at the end.
 */
#ifndef QUEUE_CMD_JSON_H
#define QUEUE_CMD_JSON_H

#include <json-c/json.h>
#include <stdint.h>

/* Add a member; what does not fit in memory is missing from the output. */
void cmd_json_string(struct json_object *, const char *name, const char *);
void cmd_json_number(struct json_object *, const char *name, int64_t);
void cmd_json_bool(struct json_object *, const char *name, int);

/* Prints to stdout and frees; returns an exit status. */
int cmd_json_print(struct json_object *);

#endif
