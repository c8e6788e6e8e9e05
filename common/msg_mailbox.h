/*
 * msg_mailbox: POP3 clients that have logged in, on their way to a mailbox.
 *
 *	authd  --open + client's socket-->  pop3-mailbox
 *	       <--opened or refused--
 *	       <--running--
 *
 * Opens are answered in their order.  Before "opened" is sent nothing has been
 * done for the client, afterwards it is served: an end of the channel with
 * opens unanswered means that these clients may be taken elsewhere.  A process
 * of a Unix user serves his account alone, one of postrider-mail all virtual
 * users'.  It ends when the channel does, and after its last session.
 */
/* clang-format off */
#ifndef COMMON_MSG_MAILBOX_H
#define COMMON_MSG_MAILBOX_H

#include "common/msg.h"
#include "common/options.h"

#define MAILBOX_FD	3	/* where pop3-mailbox finds its end */

enum mailbox_side { MAILBOX_AUTHD, MAILBOX_AGENT };

enum mailbox_state {
	MAILBOX_ANY	= 1,	/* there is only one */
};

#define MAILBOX_OPEN(F, S, B)					\
	F(u32, serial)	/* authd's, comes back in the answer */	\
	S(account, LOGIN_MAX)	/* address or Unix user */	\
	S(client, IP_MAX)	/* for the log */	\
	S(profile, PROFILE_MAX)	/* whose options hold */	\
	S(offered, OFFERED_MAX)	/* mechanisms that CAPA has listed */

/* Running: sessions of this process at that moment. */
#define MAILBOX_OPENED(F, S, B)					\
	F(u32, serial)	\
	F(u32, running)	/* with this one */

#define MAILBOX_REFUSED(F, S, B)				\
	F(u32, serial)	\
	S(dsn, DSN_MAX)	\
	S(text, TEXT_MAX)	/* for the client: no path, no uid */

#define MAILBOX_RUNNING(F, S, B)				\
	F(u32, running)	/* told some time after it fell */

/* type, name, fields, sender, states in which it may be sent, next state */
#define MAILBOX_MESSAGES(M)						\
	M(OPEN, open, MAILBOX_OPEN, MAILBOX_AUTHD, MAILBOX_ANY, 0)	\
	M(OPENED, opened, MAILBOX_OPENED, MAILBOX_AGENT, MAILBOX_ANY, 0)	\
	M(REFUSED, refused, MAILBOX_REFUSED, MAILBOX_AGENT, MAILBOX_ANY, 0)	\
	M(RUNNING, running, MAILBOX_RUNNING, MAILBOX_AGENT, MAILBOX_ANY, 0)

enum mailbox_type {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)	MAILBOX_T_##TYPE,
	MAILBOX_MESSAGES(M)
#undef M
	MAILBOX_T_COUNT
};

#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_DECLARE(mailbox_##name, FIELDS)
MAILBOX_MESSAGES(M)
#undef M

union msg_mailbox {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	struct msg_mailbox_##name name;
	MAILBOX_MESSAGES(M)
#undef M
};

extern const struct msg_channel mailbox_channel;

#endif
