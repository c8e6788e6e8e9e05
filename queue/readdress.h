/*
 * readdress: a recipient that became an alias after its message was accepted.
 */
#ifndef QUEUE_READDRESS_H
#define QUEUE_READDRESS_H

#include "queue/message.h"

/*
 * Makes a new message for what the alias of recipient i leads to; the outcome
 * of the recipient comes later.  False with why not, and none will come.
 */
bool readdress(struct message *, size_t i, struct diag *);

#endif
