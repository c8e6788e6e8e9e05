/*
 * route: who delivers to a recipient.
 */
#ifndef QUEUE_ROUTE_H
#define QUEUE_ROUTE_H

#include <stdbool.h>

#include "common/outcome.h"
#include "common/resolve.h"
#include "queue/spool_envelope.h"

#define ROUTE_VIRTUAL "@virtual" /* the pool for all virtual users */

struct route {
	bool alias;                  /* the rest is empty: readdress() it */
	char pool[LOGIN_MAX + 1];    /* a Unix user's name, or ROUTE_VIRTUAL */
	char account[LOGIN_MAX + 1]; /* that the agent is asked for */
	char mailbox[MBOX_MAX + 1];  /* below the agent's directory */
};

/* OUT_OK and the route, or why there is none. */
enum outcome route_find(struct tables *, const char *mail_name,
    const char *addr, struct route *, struct diag *);

/*
 * A number for the destination of a message's first recipient that is still
 * to be delivered: the account, or another host's domain.
 */
uint32_t route_destination(
    struct tables *, const char *mail_name, const struct envelope *);

#endif
