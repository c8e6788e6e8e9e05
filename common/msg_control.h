/*
 * msg_control: looking at the queue and steering it.
 *
 *	postrider, mailq (TOOL)  --list-->  queued
 *	                         <--item, rcpt.., end--	(one id)
 *	                         <--pack.., end--	(all)
 *	                         --act-->   <--end or error--
 *	                         --stats--> <--stat.., end--
 *	                         --dests--> <--dest.., end--
 *
 * Root (and the suite's own user) may do everything.  Anybody else may list and
 * show what he submitted himself.  The socket is run-dir/control.
 */
/* clang-format off */
#ifndef COMMON_MSG_CONTROL_H
#define COMMON_MSG_CONTROL_H

#include "common/address.h"
#include "common/hop.h"
#include "common/msg.h"
#include "common/via.h"

/* What act does. */
#define CONTROL_HOLD	1u
#define CONTROL_RELEASE	2u
#define CONTROL_RETRY	3u	/* due now */
#define CONTROL_DROP	4u	/* remove without a bounce */

/* States of an item. */
#define ITEM_ACTIVE	1u	/* being delivered, or due */
#define ITEM_DEFERRED	2u
#define ITEM_HELD	3u
#define ITEM_DAMAGED	4u	/* set aside; see spool(5) */

/* Marks of an item. */
#define ITEM_MEMORY	1u	/* in no file: its client has no answer */
#define ITEM_TO_HOLD	2u	/* as soon as no agent has it any more */
#define ITEM_TO_DROP	4u

/* Flags of list. */
#define LIST_RCPTS	1u	/* send the recipients too */
#define LIST_CONTENT	2u	/* one id only: pass the file's descriptor */

enum control_side { CONTROL_TOOL, CONTROL_SERVER };

enum control_state {
	CONTROL_IDLE	= 1,	/* the tool may ask */
	CONTROL_BUSY	= 2,	/* queued answers */
};

#define CONTROL_LIST(F, S, B)					\
	F(u32, flags)	\
	S(id, ID_MAX)	/* one message, or "" for all */	\
	/* with "": those with a waiting recipient of this domain; "": all */ \
	S(domain, DOMAIN_MAX)

#define CONTROL_ITEM(F, S, B)					\
	F(u64, arrival)	/* seconds since 1970 */	\
	F(u64, next)	/* next attempt, seconds since 1970 */	\
	F(u64, size)	/* content bytes */	\
	F(u64, offset)	/* of the content in the file */	\
	F(u32, state)	/* ITEM_* */	\
	F(u32, marks)	/* the others, or'ed */	\
	F(u32, attempts)	\
	F(u32, nrcpt)	\
	F(u32, uid)	\
	F(u32, ret)	/* DSN_RET_* of msg_intake.h */	\
	S(id, ID_MAX)	\
	S(sender, ADDR_MAX)	\
	S(envid, ENVID_MAX)	/* xtext */	\
	S(login, LOGIN_MAX)	\
	S(client, IP_MAX)	\
	S(reason, TEXT_MAX)	/* of the last failure */

#define CONTROL_RCPT(F, S, B)					\
	F(u32, status)	/* a letter, see spool(5) */	\
	F(u32, notify)	/* DSN_* of msg_intake.h */	\
	S(addr, ADDR_MAX)	\
	S(orcpt, ORCPT_MAX)	/* "rfc822;xtext" or "" */ \
	S(via, VIA_MAX)	/* via.h; to others than root its letter alone */

/*
 * Items and recipients as they come, many at once: of each its length (u16, of
 * what follows), type and fields as in a message of its own.
 */
#define PACK_MAX	15000
#define CONTROL_PACK(F, S, B)					\
	B(bytes, PACK_MAX)

#define CONTROL_ACT(F, S, B)					\
	F(u32, what)	/* CONTROL_* */	\
	S(id, ID_MAX)	/* one message, or "" for all */	\
	/* with "": those with a waiting recipient of this domain; "": all */ \
	S(domain, DOMAIN_MAX)

/* Classes of a destination. */
#define DEST_NEW	1u	/* nothing was tried yet */
#define DEST_GOOD	2u	/* the last connection was well */
#define DEST_DOWN	3u	/* it could not be reached */

#define DEST_POLICY_MAX	7	/* bytes of "encrypt" */

#define CONTROL_DEST(F, S, B)					\
	S(name, HOP_MAX)	/* a next hop */	\
	S(policy, DEST_POLICY_MAX)	/* TLS, when not the usual; or "" */ \
	F(u32, state)	/* DEST_* */	\
	F(u32, agents)	/* connections, or on the way to one */	\
	F(u32, most)	/* as many as it may have now */	\
	F(u64, waiting)	/* recipients' messages in memory for it */	\
	F(u64, next)	/* DOWN: seconds since 1970; 0: with the next message */ \
	S(reason, TEXT_MAX)	/* DOWN */

#define CONTROL_STAT(F, S, B)					\
	S(name, 63)	\
	F(u64, value)

/*
 * pending, of act: so many that agents have, done only if these fail; of list: 1 when the spool is still being read and there may be more.
 */
#define CONTROL_END(F, S, B)					\
	F(u32, count)	/* messages listed or acted on */	\
	F(u32, pending)

#define CONTROL_NO_SUCH	"no such message"	/* text of an error */
#define CONTROL_ERROR(F, S, B)					\
	S(text, TEXT_MAX)

/* type, name, fields, sender, states in which it may be sent, next state */
#define CONTROL_MESSAGES(M)						\
	M(LIST, list, CONTROL_LIST, CONTROL_TOOL, CONTROL_IDLE, CONTROL_BUSY)	\
	M(ITEM, item, CONTROL_ITEM, CONTROL_SERVER, CONTROL_BUSY, 0)	\
	M(RCPT, rcpt, CONTROL_RCPT, CONTROL_SERVER, CONTROL_BUSY, 0)	\
	M(PACK, pack, CONTROL_PACK, CONTROL_SERVER, CONTROL_BUSY, 0)	\
	M(ACT, act, CONTROL_ACT, CONTROL_TOOL, CONTROL_IDLE, CONTROL_BUSY)	\
	M(STATS, stats, MSG_EMPTY, CONTROL_TOOL, CONTROL_IDLE, CONTROL_BUSY)	\
	M(STAT, stat, CONTROL_STAT, CONTROL_SERVER, CONTROL_BUSY, 0)	\
	M(END, end, CONTROL_END, CONTROL_SERVER, CONTROL_BUSY, CONTROL_IDLE)	\
	M(DESTS, dests, MSG_EMPTY, CONTROL_TOOL, CONTROL_IDLE, CONTROL_BUSY)	\
	M(DEST, dest, CONTROL_DEST, CONTROL_SERVER, CONTROL_BUSY, 0)	\
	M(ERROR, error, CONTROL_ERROR, CONTROL_SERVER, CONTROL_BUSY, CONTROL_IDLE)

enum control_type {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)	CONTROL_T_##TYPE,
	CONTROL_MESSAGES(M)
#undef M
	CONTROL_T_COUNT
};

#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_DECLARE(control_##name, FIELDS)
CONTROL_MESSAGES(M)
#undef M

union msg_control {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	struct msg_control_##name name;
	CONTROL_MESSAGES(M)
#undef M
};

extern const struct msg_channel control_channel;

#endif
