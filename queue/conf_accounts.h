/*
 * conf_accounts: the files domains and users.
 */
#ifndef QUEUE_CONF_ACCOUNTS_H
#define QUEUE_CONF_ACCOUNTS_H

#include "common/address.h"
#include "queue/conf.h"

void conf_domains_read(struct conf *);
void conf_users_read(struct conf *);

/* A domain name in lower case and A-labels; false when it is none. */
bool conf_fold_domain(const char *name, char out[DOMAIN_MAX + 1]);

#endif
