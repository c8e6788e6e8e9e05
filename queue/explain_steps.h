/*
 * explain_steps: what "postrider explain" found out, in order, as words or as
 * JSON.
 */
#ifndef QUEUE_EXPLAIN_STEPS_H
#define QUEUE_EXPLAIN_STEPS_H

#include <stdio.h>

#include "common/tables.h"
#include "queue/cmd_json.h"

/*
 * A step is an object with "step" and strings: pairs of a name and a value,
 * closed by NULL.  A value NULL is null, and "none" in words.
 */
void steps_add(struct json_object *list, const char *step, ...)
    __attribute__((sentinel));

/* The table as "lookup" lines of postrider.conf call it; NULL: not to be told. */
const char *steps_table(enum tables_space);

struct steps_looks {
	struct json_object *list; /* of steps; the caller's */
	struct json_object *seen; /* an object that has them as names; owned */
};

/*
 * A look into tables: the trace of struct tables, with a struct steps_looks.
 * The same look is told once.
 */
void steps_trace(void *looks, const struct tables_look *);

/*
 * One line for each step: its name, its first value, and the others with their
 * names, but for a second one that is the last.
 */
void steps_print(struct json_object *list, FILE *);

#endif
