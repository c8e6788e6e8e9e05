/*
 * account_path: where an account's Maildir is, below virtual-root.
 */
#ifndef COMMON_ACCOUNT_PATH_H
#define COMMON_ACCOUNT_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "common/address.h"

/*
 * The Maildir of the address by the option virtual-maildir: below
 * virtual-root, each component safe.  False with a text of what was wanted.
 */
bool account_maildir(const char *format, const struct address *, char *out,
    size_t size, const char **wanted);

/* Whether a relative path holds only safe components. */
bool account_path_safe(const char *);

#endif
