/*
 * cmd_json: json-c with its failures looked at once, at the end.
 *
 * In postrider(8), with the caller's rights.
 */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "queue/cmd.h"
#include "queue/cmd_json.h"

void
cmd_json_add(struct json_object *o, const char *name, struct json_object *value)
{
	if (json_object_object_add(o, name, value) == -1)
		err(EX_OSERR, "memory");
}

void
cmd_json_append(struct json_object *array, struct json_object *value)
{
	if (json_object_array_add(array, value) == -1)
		err(EX_OSERR, "memory");
}

/* Strings come from envelopes, so bytes that are not UTF-8 become "?". */
void
cmd_json_string(struct json_object *o, const char *name, const char *value)
{
	char *copy = strdup(value);

	if (copy == NULL)
		err(EX_OSERR, "memory");
	for (char *p = copy; *p != '\0'; p++)
		if ((unsigned char)*p >= 127)
			*p = '?';
	cmd_json_add(o, name, json_object_new_string(copy));
	free(copy);
}

void
cmd_json_number(struct json_object *o, const char *name, int64_t value)
{
	cmd_json_add(o, name, json_object_new_int64(value));
}

void
cmd_json_bool(struct json_object *o, const char *name, int value)
{
	cmd_json_add(o, name, json_object_new_boolean(value));
}

void
cmd_json_words(struct json_object *o, const char *name, const char *words)
{
	struct json_object *list = json_object_new_array();
	size_t n;

	for (; *words != '\0'; words += n + (words[n] == ' ')) {
		n = strcspn(words, " ");
		if (n > 0)
			cmd_json_append(
			    list, json_object_new_string_len(words, (int)n));
	}
	cmd_json_add(o, name, list);
}

int
cmd_json_print(struct json_object *o)
{
	const char *text = json_object_to_json_string_ext(o,
	    JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
		JSON_C_TO_STRING_NOSLASHESCAPE);

	if (text == NULL)
		err(EX_OSERR, "memory");
	(void)puts(text); /* cmd_flush() looks */
	(void)json_object_put(o);
	return cmd_flush();
}
