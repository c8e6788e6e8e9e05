/*
 * dial: a connection to one address.
 */
#ifndef DELIVERY_DIAL_H
#define DELIVERY_DIAL_H

#include <stdbool.h>

#include "delivery/remote_config.h"
#include "delivery/targets.h"

enum dial {
	DIAL_OK,
	DIAL_UNREACHED, /* they are not there, or not to be reached */
	DIAL_TROUBLE    /* it is our own: no descriptor, a wrong source */
};

/*
 * Connects to a target, or to the Unix socket at path if its ip is "", within
 * config->connect seconds.  *fd is a blocking close-on-exec descriptor, the
 * caller's, without delay for small writes; else -1, and text says why.
 */
enum dial dial(int *fd, const struct target *, const char *path,
    const struct remote_config *, char text[DIAG_TEXT + 1]);

#endif
