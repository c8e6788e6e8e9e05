/*
 * mailbox_pool: the process that takes clients for mailboxes, and the sessions
 * that it forks, one for each client.
 */
#ifndef POP3D_MAILBOX_POOL_H
#define POP3D_MAILBOX_POOL_H

#include "common/chan.h"
#include "pop3d/mailbox_place.h"

/*
 * Serves until the other end of the channel (msg_mailbox.h) is closed or breaks
 * its rules, or the place is not current any more; then until its last session
 * has ended.  Returns EX_OK, or another of sysexits(3) with the error logged.
 */
int mailbox_pool_run(struct chan *, struct mailbox_place *);

#endif
