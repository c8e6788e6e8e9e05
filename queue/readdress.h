/*
 * readdress: a recipient that is others, as was found out when it was his turn.
 */
#ifndef QUEUE_READDRESS_H
#define QUEUE_READDRESS_H

#include "queue/message.h"

/*
 * Makes a new message for what recipient i leads to: list, or NULL for what the
 * tables say; the outcome of the recipient comes later.  False with why not, and
 * none will come.
 *
 * It begins with a field Delivered-To and keeps the sender; how many there may be
 * is in copies.h; but a list with an
 * owner (expand_owner.h) has him as the sender, and parameters of its own (RFC
 * 3461 section 5.2.7.1).
 */
bool readdress(
    struct message *, size_t i, const struct expand_list *, struct diag *);

#endif
