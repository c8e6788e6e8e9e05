/*
 * expand_owner: who is told of mail that an alias could not be delivered with.
 */
#ifndef QUEUE_EXPAND_OWNER_H
#define QUEUE_EXPAND_OWNER_H

#include "common/address.h"
#include "common/resolve.h"
#include "queue/expand.h"

enum owner { OWNER_NONE, OWNER_IS, OWNER_BROKEN /* the tables are */ };

/*
 * The address "owner-NAME" in the domain of an alias NAME, if that is an alias
 * or a virtual user, too; out may be NULL.  r is of kind RESOLVE_ALIAS.
 */
enum owner expand_owner(
    const struct expander *, const struct resolved *r, char out[ADDR_MAX + 1]);

#endif
