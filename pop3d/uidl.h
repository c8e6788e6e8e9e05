/*
 * uidl: the unique-ids of a maildrop (RFC 1939 section 7).
 */
#ifndef POP3D_UIDL_H
#define POP3D_UIDL_H

#include <stdbool.h>

#include "pop3d/maildrop.h"

/*
 * Fills md->uidls, once: Dovecot's id for messages that Dovecot has listed,
 * else what the base name gives.  No two are equal.  False without memory.
 */
bool uidl_build(struct maildrop *);

#endif
