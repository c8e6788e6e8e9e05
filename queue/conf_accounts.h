/*
 * conf_accounts: the files domains and users.
 */
#ifndef QUEUE_CONF_ACCOUNTS_H
#define QUEUE_CONF_ACCOUNTS_H

#include "common/address.h"
#include "queue/conf.h"

void conf_domains_read(struct conf *);
void conf_users_read(struct conf *);

/*
 * The Maildir of the address by the option virtual-maildir: below
 * virtual-root, each component safe.  False with a text of what was wanted.
 */
bool conf_maildir(const char *format, const struct address *, char *out,
    size_t size, const char **wanted);
/* A domain name in lower case and A-labels; false when it is none. */
bool conf_fold_domain(const char *name, char out[DOMAIN_MAX + 1]);

/* Whether a relative path holds only safe components. */
bool conf_path_safe(const char *);

#endif
