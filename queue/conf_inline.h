/*
 * conf_inline: "inline:{key=value, key=value}", rows in a line of
 * postrider.conf.
 */
#ifndef QUEUE_CONF_INLINE_H
#define QUEUE_CONF_INLINE_H

#include "common/tables.h"
#include "queue/conf.h"

#define CONF_INLINE "inline:{"

/*
 * Takes the rows behind CONF_INLINE at *rest, which ends up behind the "}".
 * False after mistakes; kind is the word of the space, for these.
 */
bool conf_inline(struct conf *, const struct conf_lines *, enum tables_space,
    const char *kind, char **rest);

/* Accounts that were given so must be in a virtual domain. */
void conf_inline_check(struct conf *, const char *path);

#endif
