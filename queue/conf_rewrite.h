/*
 * conf_rewrite: the file rewrite.
 */
#ifndef QUEUE_CONF_REWRITE_H
#define QUEUE_CONF_REWRITE_H

#include "queue/conf.h"

void conf_rewrite_read(struct conf *);

#endif
