/*
 * order: the order of the messages of a maildrop.
 */
#ifndef POP3D_ORDER_H
#define POP3D_ORDER_H

#include <stddef.h>

#include "pop3d/maildrop.h"

/*
 * By filename_compare() of the bases, then new/ before cur/, then by info.
 * n is at most MESSAGES_MAX.
 */
void order_messages(struct message *, size_t n);

#endif
