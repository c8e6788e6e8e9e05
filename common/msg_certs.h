/*
 * msg_certs: what tlsd's two lasting processes tell each other.
 *
 *	tlsd's acceptor (TAKER)  <--certificates + memory file--  tlsd's keeper
 *	                         <--alive--
 *	                         --child + socket-->
 *	                         --again-->
 *
 * The memory file holds all that is public of the certificates
 * (tls_identity.h); it is sealed.  An acceptor that had no descriptor left for
 * it asks for it again.  A child's socket is one end of a sign channel
 * (msg_sign.h); where the keeper has no room for it, that handshake fails.
 * Either end of file ends the other process.
 */
/* clang-format off */
#ifndef COMMON_MSG_CERTS_H
#define COMMON_MSG_CERTS_H

#include "common/msg.h"

#define CERTS_ALIVE	2	/* seconds between two words of the keeper */
#define CERTS_SILENCE	6	/* seconds without one: it hangs */

enum certs_side { CERTS_TAKER, CERTS_KEEPER };

#define CERTS_CERTIFICATES(F, S, B)					\
	F(u32, refused)	/* as in msg_tls.h's state */

enum certs_state {
	CERTS_ANY	= 1,	/* there is only one */
};

/* type, name, fields, sender, states in which it may be sent, next state */
#define CERTS_MESSAGES(M)						\
	M(CERTIFICATES, certificates, CERTS_CERTIFICATES, CERTS_KEEPER, CERTS_ANY, 0) \
	M(CHILD, child, MSG_EMPTY, CERTS_TAKER, CERTS_ANY, 0)	\
	M(ALIVE, alive, MSG_EMPTY, CERTS_KEEPER, CERTS_ANY, 0)	\
	M(AGAIN, again, MSG_EMPTY, CERTS_TAKER, CERTS_ANY, 0)

enum certs_type {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)	CERTS_T_##TYPE,
	CERTS_MESSAGES(M)
#undef M
	CERTS_T_COUNT
};

#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_DECLARE(certs_##name, FIELDS)
CERTS_MESSAGES(M)
#undef M

union msg_certs {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	struct msg_certs_##name name;
	CERTS_MESSAGES(M)
#undef M
};

extern const struct msg_channel certs_channel;

#endif
