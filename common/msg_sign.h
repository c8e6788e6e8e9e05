/*
 * msg_sign: the private keys' only door.
 *
 *	a connection's tlsd (ASKER)  --sign-->               tlsd's keeper
 *	                             <--signature or refused--
 *
 * One socketpair for each connection.  The keeper signs nothing but what a TLS
 * handshake of version 1.2 or 1.3 has a server sign (tls_tbs.h), with a key
 * that is configured, and no more often on one channel than a handshake needs.
 */
/* clang-format off */
#ifndef COMMON_MSG_SIGN_H
#define COMMON_MSG_SIGN_H

#include "common/msg.h"

#define SIGN_KEY	32	/* SHA-256 of the SubjectPublicKeyInfo */
#define SIGN_TBS	256	/* bytes; 201 are the most that is needed */
#define SIGN_MAX	1024	/* bytes: RSA of 8192 bits */
#define SIGN_WAIT	4	/* seconds for an answer */
#define SIGN_EACH	2	/* signatures that one channel may ask for */

enum sign_side { SIGN_ASKER, SIGN_KEEPER };

enum sign_state {
	SIGN_IDLE	= 1,
	SIGN_ASKED	= 2,
};

#define SIGN_SIGN(F, S, B)					\
	B(key, SIGN_KEY)	\
	F(u32, scheme)	/* SignatureScheme of RFC 8446 section 4.2.3 */	\
	B(tbs, SIGN_TBS)

#define SIGN_SIGNATURE(F, S, B)					\
	B(bytes, SIGN_MAX)

/* type, name, fields, sender, states in which it may be sent, next state */
#define SIGN_MESSAGES(M)						\
	M(SIGN, sign, SIGN_SIGN, SIGN_ASKER, SIGN_IDLE, SIGN_ASKED)	\
	M(SIGNATURE, signature, SIGN_SIGNATURE, SIGN_KEEPER, SIGN_ASKED, SIGN_IDLE) \
	M(REFUSED, refused, MSG_EMPTY, SIGN_KEEPER, SIGN_ASKED, SIGN_IDLE)

enum sign_type {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)	SIGN_T_##TYPE,
	SIGN_MESSAGES(M)
#undef M
	SIGN_T_COUNT
};

#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_DECLARE(sign_##name, FIELDS)
SIGN_MESSAGES(M)
#undef M

union msg_sign {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	struct msg_sign_##name name;
	SIGN_MESSAGES(M)
#undef M
};

extern const struct msg_channel sign_channel;

#endif
