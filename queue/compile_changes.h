/*
 * compile_changes: options whose new values running programs do not see.
 */
#ifndef QUEUE_COMPILE_CHANGES_H
#define QUEUE_COMPILE_CHANGES_H

#include "common/tables.h"
#include "queue/conf.h"

/*
 * Warns, in the report of conf, of each option that now has another value
 * than before and for which a program must be started anew (option_starts).
 */
void compile_changes(struct conf *, struct tables *before, struct tables *now);

#endif
