/*
 * conf_forwards: the file forwards.
 */
#ifndef QUEUE_CONF_FORWARDS_H
#define QUEUE_CONF_FORWARDS_H

#include "queue/conf.h"

#define CONF_FORWARDS "forwards" /* the file's name */

void conf_forwards_read(struct conf *);

#endif
