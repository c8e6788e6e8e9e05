/*
 * msg_map: asking mapd.
 *
 *	smtpd, queued, authd, pop3-mailbox,
 *	postriderd (ASKER)                   --ask-->     mapd
 *	                                     <--answer--
 *
 * Questions may overlap, MAP_WINDOW at once; an answer carries the serial of
 * its question.  It comes within MAP_SOON milliseconds, and says "later" when
 * nobody has said anything by then: mapd goes on asking, and knows it the next
 * time.  The channel's socket is run-dir/map; the peer must be
 * postrider-net, postrider, postrider-auth, postrider-mail or root.
 */
/* clang-format off */
#ifndef COMMON_MSG_MAP_H
#define COMMON_MSG_MAP_H

#include "common/map_source.h"
#include "common/msg.h"

#define MAP_WINDOW	16	/* questions without answer */
#define MAP_SOON	150	/* ms at most until the answer */
#define MAP_SLOW	10	/* ms that are long for one */

enum map_status {
	MAP_FOUND,
	MAP_NONE,	/* the server says that there is none */
	MAP_LATER	/* no answer now: text says why */
};

enum map_side { MAP_ASKER, MAP_SERVER };

enum map_state {
	MAP_ANY	= 1,	/* there is only one */
};

#define MAP_M_ASK(F, S, B)					\
	F(u32, serial)	/* the asker's */	\
	S(source, MAP_SOURCE_MAX)	/* one of those of the tables */	\
	S(key, MAP_KEY_MAX)

#define MAP_M_ANSWER(F, S, B)					\
	F(u32, serial)	\
	F(u32, status)	/* enum map_status */	\
	S(value, MAP_VALUE_MAX)	/* of FOUND: as the server said it */	\
	S(text, TEXT_MAX)	/* of LATER: why, printable ASCII */

#define MAP_M_STATE(F, S, B)					\
	F(u64, questions)	/* since the start */	\
	F(u64, cached)	/* of them answered from the cache */	\
	F(u64, later)	/* of them not answered */	\
	F(u32, open)	/* now */	\
	F(u32, servers)	/* of socketmap sources, each once */	\
	F(u32, down)	/* of them */	\
	S(trouble, TEXT_MAX)	/* of one of those: which, and why */

/* type, name, fields, sender, states in which it may be sent, next state */
#define MAP_MESSAGES(M)							\
	M(ASK, ask, MAP_M_ASK, MAP_ASKER, MAP_ANY, 0)	\
	M(ANSWER, answer, MAP_M_ANSWER, MAP_SERVER, MAP_ANY, 0)	\
	M(STATUS, status, MSG_EMPTY, MAP_ASKER, MAP_ANY, 0)	\
	M(STATE, state, MAP_M_STATE, MAP_SERVER, MAP_ANY, 0)

enum map_type {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)	MAP_T_##TYPE,
	MAP_MESSAGES(M)
#undef M
	MAP_T_COUNT
};

#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_DECLARE(map_##name, FIELDS)
MAP_MESSAGES(M)
#undef M

union msg_map {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	struct msg_map_##name name;
	MAP_MESSAGES(M)
#undef M
};

extern const struct msg_channel map_channel;

#endif
