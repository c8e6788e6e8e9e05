/*
 * conf_limits: what may stand behind an account in the file users.
 */
#ifndef QUEUE_CONF_LIMITS_H
#define QUEUE_CONF_LIMITS_H

#include "common/limits.h"
#include "common/sbuf.h"
#include "queue/conf.h"

#define CONF_LIMITS_WANTED "quota=SIZE, messages=NUMBER or tags=yes|no"

/*
 * The words of rest as TABLES_LIMITS has them, in its order; "" if there are
 * none.  False with a text of what was wanted, and the word that is not it.
 */
bool conf_limits(char *rest, char out[LIMITS_TEXT], char wanted[TABLES_ERR],
    const char **found);

/* The other way round: words as a line of the file has them; "" for "". */
void conf_limits_words(const char *limits, char out[LIMITS_TEXT]);

#endif
