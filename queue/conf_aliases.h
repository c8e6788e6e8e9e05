/*
 * conf_aliases: the files aliases, aliases.d/DOMAIN, and that of option
 * system-aliases.
 */
#ifndef QUEUE_CONF_ALIASES_H
#define QUEUE_CONF_ALIASES_H

#include <dirent.h>

#include "queue/conf.h"

#define CONF_ALIASES_DIR "aliases.d"

void conf_aliases_read(struct conf *);

/* The file of option system-aliases, if one is to be read; or NULL. */
const char *conf_system_aliases(const struct conf *);

/* Whether it is a file of CONF_ALIASES_DIR that counts; as scandir(3) asks. */
int conf_aliases_is_file(const struct dirent *);

#endif
