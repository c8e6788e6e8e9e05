/*
 * mailbox: one POP3 session after login.
 */
#ifndef POP3D_MAILBOX_H
#define POP3D_MAILBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "common/msg.h"

struct mailbox_session {
	char account[LOGIN_MAX + 1], client[IP_MAX + 1]; /* for the log */
	char offered[OFFERED_MAX + 1]; /* mechanisms, before the login */
	char maildir[MBOX_MAX + 1];    /* below the working directory */
	int64_t timeout, rate, junk;   /* options of the client's profile */
};

/*
 * Serves the client on fd to its end; it hears +OK or -ERR in answer to its
 * login.  For a process that has no other client before or after it.
 */
void mailbox_serve(const struct mailbox_session *, int fd);

/*
 * What is said without a session, by a process that reads no answer: that the
 * mailbox is in use, or cannot be opened now.
 */
void mailbox_refuse(const struct mailbox_session *, int fd, bool in_use);

#endif
