/*
 * msg_job: queued gives an agent work.
 *
 *	queued  --message + descriptor, rcpt..-->  local, pipe, bounce
 *	        <--outcome per recipient---
 *
 *	local, pipe  --forward..., outcome-->  queued
 *
 *	queued  --measure-->  local
 *	        <--measured---
 *
 *	queued  --hop, message + descriptor, rcpt..-->  remote
 *	        <--ready, outcome per recipient---
 *
 * The descriptor is the spool file, read-only; content is size bytes from
 * offset, line ends are LF, and crc must match or the message is damaged.
 * After "message" exactly nrcpt rcpt messages follow before the next "message".
 * "hop" comes once, before all else, and to remote alone: everything it is given
 * is for this one destination.  "ready" comes when a connection was made and
 * introduced, as a sign of life: other hosts may take minutes for the rest.
 *
 * A recipient with mail to be passed on gets no mail itself: local has read a
 * ~/.forward, or pipe an :include: list.  The agent says "forward" for each member, in order, and
 * then the outcome with OUTCOME_FORWARDED.  queued makes another message of
 * that, and the recipient is done with when it is durable.  Members that no
 * outcome follows were not said.
 *
 * "measure" asks whether a message of that size would fit into a mailbox now.
 * It may come before any job and behind it, but not among its messages, and its
 * number is of no job.  It is answered once, by "measured", and nothing else is.
 *
 * Jobs may overlap: an agent answers in any order, once per recipient.  A job
 * is over with its last outcome.  An end of file with outcomes missing means
 * the agent died.
 */
/* clang-format off */
#ifndef COMMON_MSG_JOB_H
#define COMMON_MSG_JOB_H

#include "common/address.h"
#include "common/hop.h"
#include "common/msg.h"
#include "common/via.h"

#define JOB_RCPT_MAX	50	/* recipients of one job */
#define JOB_WINDOW	100	/* recipients an agent may have unanswered */

/* The dsn of outcomes when the content is not what size and crc say. */
#define JOB_DAMAGED	"4.6.0"

/* What bounce is to report about a recipient; 0 in jobs of the others. */
/* The action of RFC 3464 section 2.3.3. */
#define REPORT_FAILED	1u
#define REPORT_DELAYED	2u
#define REPORT_DELIVERED 3u
#define REPORT_RELAYED	4u
#define REPORT_EXPANDED	5u

/* Bits of an outcome of remote. */
#define OUTCOME_RELAYED	1u	/* OUT_OK, and the next host promises no DSN */
/*
 * OUT_TEMP for a reason that any message to this destination would have met now:
 * no host of it could be reached, or greeted us well.
 */
#define OUTCOME_DOWN	2u
/* OUT_TEMP, and the other side asks for fewer connections or messages. */
#define OUTCOME_BUSY	4u
/* OUT_TEMP for a fault of our own, such as a daemon that is not there: soon again. */
#define OUTCOME_OURS	8u
/* queued's own, of no agent: nothing was tried, since the destination is DOWN. */
#define OUTCOME_UNTRIED	16u
/* OUT_OK, of local and pipe: the members said before are its recipients now. */
#define OUTCOME_FORWARDED 32u
#define OUTCOME_AGENT	47u	/* those that an agent may say */

/* Flags of rcpt, for local. */
#define JOB_READ_FORWARD 1u	/* ~/.forward counts */
#define JOB_TAG_FOLDER	2u	/* the folder named by tag, if it is there */
#define JOB_FULL_DEFER	4u	/* over quota is OUT_TEMP, not OUT_PERM */

/* Members that one recipient may lead to. */
#define JOB_FORWARD_MOST 50000

enum job_side { JOB_QUEUED, JOB_AGENT };

enum job_state {
	JOB_ANY	= 1,	/* there is only one */
};

#define JOB_HOP(F, S, B)					\
	S(hop, HOP_MAX)	/* hop.h, canonical */	\
	F(u32, tls)	/* enum hop_tls */	\
	F(u32, credentials)	/* 1: authd may have some for it */ \
	/* 1: the administrator names it, 0: it is the recipients' own domain */ \
	F(u32, routed)	\
	B(leave, HOP_TOKEN)	/* with credentials, for authd: hop_token.h */

#define JOB_MESSAGE(F, S, B)					\
	F(u32, job)	/* queued's number for it */	\
	F(u32, nrcpt)	/* 1 to JOB_RCPT_MAX */	\
	F(u32, crc)	\
	F(u32, ret)	/* DSN_RET_* */	\
	F(u32, flags)	/* INTAKE_* */	\
	F(u64, offset)	\
	F(u64, size)	/* bytes */	\
	F(u64, arrival)	/* seconds since 1970 */	\
	S(id, ID_MAX)	\
	S(sender, ADDR_MAX)	/* "" is the null reverse-path */	\
	S(envid, ENVID_MAX)	/* xtext */	\
	S(client, IP_MAX)	/* where it came from, or "" */

#define JOB_RCPT(F, S, B)					\
	F(u32, job)	\
	F(u32, index)	/* queued's number in the message */	\
	F(u32, report)	/* REPORT_*, bounce only */	\
	F(u32, notify)	/* DSN_* of msg_intake.h */	\
	F(u64, until)	/* bounce, delayed: seconds since 1970 of giving up */ \
	F(u32, code)	/* bounce: as in outcome */	\
	S(mta, DOMAIN_MAX)	/* bounce: as in outcome */	\
	S(addr, ADDR_MAX)	\
	S(orcpt, ORCPT_MAX)	\
	S(mailbox, MBOX_MAX)	/* Maildir, relative to the agent's directory */	\
	F(u32, flags)	/* JOB_*, local only */	\
	S(tag, LOCAL_MAX)	/* what addr has behind the account's name, or "" */	\
	F(u64, quota)	/* of the mailbox, bytes; 0: none.  local only */	\
	F(u64, quota_messages)	/* the same, messages */	\
	S(via, VIA_MAX)	/* via.h: what pipe is to do; M to local; else "" */	\
	S(dsn, DSN_MAX)	/* bounce only: what happened; "": not known */	\
	S(text, TEXT_MAX)	/* bounce only */

#define JOB_OUTCOME(F, S, B)					\
	F(u32, job)	\
	F(u32, index)	\
	F(u32, outcome)	/* enum outcome */	\
	F(u32, flags)	/* OUTCOME_*, remote only */	\
	F(u32, code)	/* of the reply of another host, or 0: text is ours */ \
	S(mta, DOMAIN_MAX)	/* its name, or "" */	\
	S(dsn, DSN_MAX)	\
	S(text, TEXT_MAX)	/* a reply without its codes: printable ASCII */

#define JOB_FORWARD(F, S, B)					\
	F(u32, job)	\
	F(u32, index)	\
	F(u32, kind)	/* enum member_kind of members.h, no INCLUDE of local */	\
	S(text, MEMBER_MAX)	/* an address in its canonical form; see members.h */

#define JOB_MEASURE(F, S, B)					\
	F(u32, serial)	\
	F(u64, size)	/* of the message, bytes as stored; 0: not known */	\
	F(u64, quota)	/* as in rcpt */	\
	F(u64, quota_messages)	\
	S(mailbox, MBOX_MAX)

#define JOB_MEASURED(F, S, B)					\
	F(u32, serial)	\
	F(u32, full)	/* 1: it would not fit */	\
	F(u64, bytes)	/* in the mailbox now; 0 when not known */	\
	F(u64, messages)

/* type, name, fields, sender, states in which it may be sent, next state */
#define JOB_MESSAGES(M)						\
	M(MESSAGE, message, JOB_MESSAGE, JOB_QUEUED, JOB_ANY, 0)	\
	M(RCPT, rcpt, JOB_RCPT, JOB_QUEUED, JOB_ANY, 0)	\
	M(OUTCOME, outcome, JOB_OUTCOME, JOB_AGENT, JOB_ANY, 0)	\
	M(HOP, hop, JOB_HOP, JOB_QUEUED, JOB_ANY, 0)	\
	M(READY, ready, MSG_EMPTY, JOB_AGENT, JOB_ANY, 0)	\
	M(FORWARD, forward, JOB_FORWARD, JOB_AGENT, JOB_ANY, 0)	\
	M(MEASURE, measure, JOB_MEASURE, JOB_QUEUED, JOB_ANY, 0)	\
	M(MEASURED, measured, JOB_MEASURED, JOB_AGENT, JOB_ANY, 0)

enum job_type {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)	JOB_T_##TYPE,
	JOB_MESSAGES(M)
#undef M
	JOB_T_COUNT
};

#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_DECLARE(job_##name, FIELDS)
JOB_MESSAGES(M)
#undef M

union msg_job {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	struct msg_job_##name name;
	JOB_MESSAGES(M)
#undef M
};

extern const struct msg_channel job_channel;

#endif
