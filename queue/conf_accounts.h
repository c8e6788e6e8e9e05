/*
 * conf_accounts: the file users.
 */
#ifndef QUEUE_CONF_ACCOUNTS_H
#define QUEUE_CONF_ACCOUNTS_H

#include "queue/conf.h"

void conf_users_read(struct conf *);

/*
 * An account with its Maildir; false after a mistake: the address or the
 * Maildir is another's.
 */
bool conf_account_add(struct conf *, const struct conf_lines *, const char *key,
    const char *maildir);

#endif
