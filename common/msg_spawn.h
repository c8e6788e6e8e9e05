/*
 * msg_spawn: asking the one root process to start an agent.
 *
 *	queued, authd (ASKER)  --start-->  postriderd
 *	                       <--started + descriptor-- or <--failed--
 *	                       --stop-->
 *
 * postriderd looks the account up itself and refuses uid 0 and system uids.
 * "started" brings the other end of the agent's channel (msg_job.h,
 * msg_mailbox.h).  An asker that is done with an agent says stop: what runs as
 * a user may stay when its channel is closed, and takes a place until it ends.
 * Each daemon has one such socket, a socketpair from its start, on descriptor
 * 3; its end of file tells the daemon to stop.
 */
/* clang-format off */
#ifndef COMMON_MSG_SPAWN_H
#define COMMON_MSG_SPAWN_H

#include "common/msg.h"
#include "common/options.h"

/* Programs that may be asked for. */
#define SPAWN_LOCAL	1u	/* by queued: deliveries of one uid */
#define SPAWN_BOUNCE	2u	/* by queued: reports, as postrider */
#define SPAWN_MAILBOX	3u	/* by authd: POP3 sessions of one uid */
#define SPAWN_REMOTE	4u	/* by queued: one destination, as postrider-out */
/*
 * By queued: commands, mbox files and lists of addresses, as a Unix user with
 * account, and as postrider-pipe without.
 */
#define SPAWN_PIPE	5u

/* The dsn of failed when there is no place now: ask again soon. */
#define SPAWN_BUSY	"4.3.2"

#define SPAWN_FD	3	/* where a daemon finds its end */

enum spawn_side { SPAWN_ASKER, SPAWN_MASTER };

enum spawn_state {
	SPAWN_ANY	= 1,	/* there is only one */
};

#define SPAWN_START(F, S, B)					\
	F(u32, serial)	/* the asker's, comes back in the answer */	\
	F(u32, program)	/* SPAWN_* */	\
	S(account, LOGIN_MAX)	/* address or Unix user; "" for bounce, remote, and pipe for aliases */

#define SPAWN_STARTED(F, S, B)					\
	F(u32, serial)

#define SPAWN_FAILED(F, S, B)					\
	F(u32, serial)	\
	S(dsn, DSN_MAX)	\
	S(text, TEXT_MAX)

#define SPAWN_STOP(F, S, B)					\
	F(u32, serial)	/* that of start; one that has ended is no error */ \
	F(u32, grace)	/* milliseconds until it is killed */

/* type, name, fields, sender, states in which it may be sent, next state */
#define SPAWN_MESSAGES(M)						\
	M(START, start, SPAWN_START, SPAWN_ASKER, SPAWN_ANY, 0)	\
	M(STARTED, started, SPAWN_STARTED, SPAWN_MASTER, SPAWN_ANY, 0)	\
	M(FAILED, failed, SPAWN_FAILED, SPAWN_MASTER, SPAWN_ANY, 0)	\
	M(STOP, stop, SPAWN_STOP, SPAWN_ASKER, SPAWN_ANY, 0)

enum spawn_type {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)	SPAWN_T_##TYPE,
	SPAWN_MESSAGES(M)
#undef M
	SPAWN_T_COUNT
};

#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_DECLARE(spawn_##name, FIELDS)
SPAWN_MESSAGES(M)
#undef M

union msg_spawn {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	struct msg_spawn_##name name;
	SPAWN_MESSAGES(M)
#undef M
};

extern const struct msg_channel spawn_channel;

#endif
