/*
 * conf_accounts: the file users.
 */
#ifndef QUEUE_CONF_ACCOUNTS_H
#define QUEUE_CONF_ACCOUNTS_H

#include "queue/conf.h"

void conf_users_read(struct conf *);

#endif
