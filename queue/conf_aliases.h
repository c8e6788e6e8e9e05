/*
 * conf_aliases: the files aliases, aliases.d/DOMAIN, and that of option
 * system-aliases.
 */
#ifndef QUEUE_CONF_ALIASES_H
#define QUEUE_CONF_ALIASES_H

#include "queue/conf.h"

#define CONF_ALIASES_DIR "aliases.d"

void conf_aliases_read(struct conf *);

/* The file of option system-aliases, if one is to be read; or NULL. */
const char *conf_system_aliases(const struct conf *);

#endif
