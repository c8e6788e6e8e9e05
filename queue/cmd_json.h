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

/* The words of a list, with blanks between them, or "". */
void cmd_json_words(struct json_object *, const char *name, const char *);
/* Puts one object, which is taken over, into another or into an array. */
void cmd_json_add(struct json_object *, const char *name, struct json_object *);
void cmd_json_append(struct json_object *, struct json_object *);

/* Prints to stdout and frees; returns an exit status. */
int cmd_json_print(struct json_object *);

#endif
