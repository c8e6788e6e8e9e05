/*
 * conf_passwords: the file passwords.
 */
#ifndef QUEUE_CONF_PASSWORDS_H
#define QUEUE_CONF_PASSWORDS_H

#include "queue/conf.h"

void conf_passwords_read(struct conf *);

#endif
