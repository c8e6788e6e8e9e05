/*
 * mailbox_place: which mailboxes a pop3-mailbox process may open, and how.
 */
#ifndef POP3D_MAILBOX_PLACE_H
#define POP3D_MAILBOX_PLACE_H

#include <sys/types.h>

#include "common/msg_mailbox.h"
#include "common/outcome.h"
#include "common/tables_fresh.h"
#include "pop3d/mailbox.h"

struct mailbox_place {
	struct tables_fresh tables;
	const char *user;         /* the Unix user; NULL: all virtual users */
	char dir[FRESH_PATH + 1]; /* the working directory */
	dev_t dev;
	ino_t ino;
};

/*
 * For the working directory, which must be where the mailboxes lie by what the
 * tables say now.  False with the error logged.
 */
bool mailbox_place_init(
    struct mailbox_place *, const char *tables, const char *user);

/* Whether it is still the place; else another process must be asked. */
bool mailbox_place_current(struct mailbox_place *);

/*
 * By the tables as they are now: fills the session and *most, the sessions
 * that may be open at once.  Otherwise than OUT_OK the diag, which must have
 * been empty, says why, and the log says more.
 */
enum outcome mailbox_place_find(struct mailbox_place *,
    const struct msg_mailbox_open *, struct mailbox_session *, int64_t *most,
    struct diag *);

#endif
