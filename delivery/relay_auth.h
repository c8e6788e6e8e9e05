/*
 * relay_auth: who we are, told to another host (RFC 4954), with credentials
 * that only authd knows.
 */
#ifndef DELIVERY_RELAY_AUTH_H
#define DELIVERY_RELAY_AUTH_H

#include "delivery/attempt.h"

/*
 * Logs in where the wish says that there are credentials.  Every failure is
 * temporary, as it is the administrator's to mend; a refusal of the credentials
 * is TRY_STOP, so that no account is locked for trying it at every address.
 * Anything but TRY_READY leaves the link to be closed.
 */
enum try relay_auth(struct attempt *);

#endif
