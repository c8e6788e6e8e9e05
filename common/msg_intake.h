/*
 * msg_intake: how a message enters the queue.
 *
 *	smtpd, bounce (SOURCE)  --open, rcpt.., body-->   queued
 *	                        <--file + descriptor---
 *	                        --commit-->
 *	                        <--queued---
 *
 * The descriptor is a spool file or, for what can perhaps be delivered at once,
 * a memory file.  Into a spool file the source writes content and trailer
 * (trailer.h) and syncs it before it commits; into a memory file the content
 * only.  "queued" is sent when the message is durable, in the spool or in every
 * mailbox, and only then may anyone be told that it was accepted.
 *
 * A source whose content is over the limit of a memory file says "grown", and
 * queued may answer a commit in memory with "file": the source then copies what
 * it has written into the spool file that comes with it, and goes on from
 * there, after a commit with trailer, sync and the same commit once more.
 *
 * Before a transaction a session may ask of a recipient what the tables do not
 * know: "ask", which is answered with "answer".  queued verifies a rewritten
 * sender of ours (srs.h), and asks local whether the mailbox is full.
 *
 * "refused" ends the transaction; after it, and after abort, the next open may
 * follow.  The socket is run-dir/intake; the peer must be postrider-net or
 * postrider.
 */
/* clang-format off */
#ifndef COMMON_MSG_INTAKE_H
#define COMMON_MSG_INTAKE_H

#include "common/msg.h"

/* Flags of open. */
#define INTAKE_8BIT	1u	/* BODY=8BITMIME was declared */
#define INTAKE_UTF8	2u	/* SMTPUTF8 was given (RFC 6531) */
/*
 * From bounce: a report of a failure.  When it cannot be delivered either, the
 * postmaster is told, by a message without this.
 */
#define INTAKE_REPORT	4u

/*
 * BODY=BINARYMIME was declared, and content is more than text: it is the bytes
 * that came, with CRLF, and not lines that end in LF.
 */
#define INTAKE_BINARY	8u

/* From a client of this host: local, logged in or in relay-clients. */
#define INTAKE_OWN	16u

/*
 * Of queued alone: how often the message was made anew, for an alias or a
 * forward list, and to how many it may lead yet (copies.h).  From others these
 * bits are ignored.
 */
#define INTAKE_COPIES_SHIFT 16
#define INTAKE_COPIES	(255u << INTAKE_COPIES_SHIFT)
#define INTAKE_SHARE_SHIFT 24
#define INTAKE_SHARE	(255u << INTAKE_SHARE_SHIFT)

/* RET of RFC 3461 section 4.3. */
#define DSN_RET_NONE	0u
#define DSN_RET_FULL	1u
#define DSN_RET_HDRS	2u

/* NOTIFY of RFC 3461 section 4.1; 0 when not given. */
#define DSN_NEVER	1u
#define DSN_SUCCESS	2u
#define DSN_FAILURE	4u
#define DSN_DELAY	8u

enum intake_side { INTAKE_SOURCE, INTAKE_SERVER };

enum intake_state {
	INTAKE_IDLE	= 1,	/* no transaction */
	INTAKE_ENVELOPE	= 2,	/* recipients come */
	INTAKE_ASKED	= 4,	/* a file was asked for */
	INTAKE_WRITING	= 8,	/* the source writes */
	INTAKE_SAID	= 16,	/* committed, not answered */
	INTAKE_QUESTION	= 32,	/* asked of a recipient */
};

#define INTAKE_OPEN(F, S, B)					\
	F(u32, flags)	\
	F(u64, size)	/* as SIZE= declared, bytes; 0: not declared */	\
	F(u32, uid)	/* of a local submitter, else MSG_NO_UID */	\
	F(u32, ret)	/* DSN_RET_* */	\
	S(sender, ADDR_MAX)	/* "" is the null reverse-path */	\
	S(envid, ENVID_MAX)	/* xtext */	\
	S(client, IP_MAX)	/* "" for local submission */	\
	S(login, LOGIN_MAX)	/* authenticated as, or "" */

#define INTAKE_RCPT(F, S, B)					\
	F(u32, notify)	/* DSN_* */	\
	S(addr, ADDR_MAX)	\
	S(orcpt, ORCPT_MAX)	/* "rfc822;xtext" or "" */

#define INTAKE_FILE(F, S, B)					\
	S(id, ID_MAX)	/* the message id from here on */	\
	F(u32, memory)	/* 1: a memory file, 0: a spool file */	\
	F(u64, offset)	/* content starts here; descriptor is there */	\
	F(u64, limit)	/* content bytes at most */	\
	F(u32, envcrc)	/* of the envelope, for the trailer */

#define INTAKE_COMMIT(F, S, B)					\
	F(u64, size)	/* content bytes, as stored */	\
	F(u64, lines)	/* line ends in it */	\
	F(u32, crc)	/* CRC-32C of the content */

#define INTAKE_QUEUED(F, S, B)					\
	S(id, ID_MAX)

#define INTAKE_REFUSED(F, S, B)					\
	S(dsn, DSN_MAX)	/* class 4 or 5 */	\
	S(text, TEXT_MAX)

#define INTAKE_ASK(F, S, B)					\
	F(u64, size)	/* as SIZE= declared, bytes; 0: not declared */	\
	S(addr, ADDR_MAX)	/* complete */

#define INTAKE_ANSWER(F, S, B)					\
	S(dsn, DSN_MAX)	/* class 2: nothing against it; else 4 or 5 */	\
	S(text, TEXT_MAX)

/* type, name, fields, sender, states in which it may be sent, next state */
#define INTAKE_MESSAGES(M)						\
	M(OPEN, open, INTAKE_OPEN, INTAKE_SOURCE, INTAKE_IDLE, INTAKE_ENVELOPE)	\
	M(RCPT, rcpt, INTAKE_RCPT, INTAKE_SOURCE, INTAKE_ENVELOPE, 0)	\
	M(BODY, body, MSG_EMPTY, INTAKE_SOURCE, INTAKE_ENVELOPE, INTAKE_ASKED)	\
	M(FILE, file, INTAKE_FILE, INTAKE_SERVER, INTAKE_ASKED | INTAKE_SAID, INTAKE_WRITING)	\
	M(GROWN, grown, MSG_EMPTY, INTAKE_SOURCE, INTAKE_WRITING, INTAKE_ASKED)	\
	M(COMMIT, commit, INTAKE_COMMIT, INTAKE_SOURCE, INTAKE_WRITING, INTAKE_SAID)	\
	M(QUEUED, queued, INTAKE_QUEUED, INTAKE_SERVER, INTAKE_SAID, INTAKE_IDLE)	\
	M(REFUSED, refused, INTAKE_REFUSED, INTAKE_SERVER, INTAKE_ASKED | INTAKE_SAID, INTAKE_IDLE)	\
	M(ABORT, abort, MSG_EMPTY, INTAKE_SOURCE, INTAKE_ENVELOPE | INTAKE_WRITING, INTAKE_IDLE)	\
	M(ASK, ask, INTAKE_ASK, INTAKE_SOURCE, INTAKE_IDLE, INTAKE_QUESTION)	\
	M(ANSWER, answer, INTAKE_ANSWER, INTAKE_SERVER, INTAKE_QUESTION, INTAKE_IDLE)

enum intake_type {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)	INTAKE_T_##TYPE,
	INTAKE_MESSAGES(M)
#undef M
	INTAKE_T_COUNT
};

#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_DECLARE(intake_##name, FIELDS)
INTAKE_MESSAGES(M)
#undef M

union msg_intake {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	struct msg_intake_##name name;
	INTAKE_MESSAGES(M)
#undef M
};

extern const struct msg_channel intake_channel;

#endif
