/*
 * hello: from a fresh connection to one that is introduced: greeting, EHLO or
 * LHLO, STARTTLS and EHLO again.
 */
#ifndef DELIVERY_HELLO_H
#define DELIVERY_HELLO_H

#include "delivery/attempt.h"

/* Anything but TRY_READY leaves the link to be closed. */
enum try hello(struct attempt *);

#endif
