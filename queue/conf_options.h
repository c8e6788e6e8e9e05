/*
 * conf_options: postrider.conf.
 */
#ifndef QUEUE_CONF_OPTIONS_H
#define QUEUE_CONF_OPTIONS_H

#include "queue/conf.h"

/* Fills options and profiles; mistakes go into the report. */
void conf_options_read(struct conf *);

#endif
