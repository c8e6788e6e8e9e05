/*
 * conf_aliases: the file aliases.
 */
#ifndef QUEUE_CONF_ALIASES_H
#define QUEUE_CONF_ALIASES_H

#include "queue/conf.h"

void conf_aliases_read(struct conf *);

#endif
