/*
 * conf_rewrite: the file rewrite.
 */
#ifndef QUEUE_CONF_REWRITE_H
#define QUEUE_CONF_REWRITE_H

#include "common/msg.h"
#include "queue/conf.h"

void conf_rewrite_read(struct conf *);

/* An address, "@domain" or ".domain", as it is looked up; false: none. */
bool conf_rewrite_key(const char *, char out[ADDR_MAX + 1]);

#endif
