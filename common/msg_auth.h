/*
 * msg_auth: who a client is, and which accounts exist.
 *
 *	smtpd, pop3d (CLIENT)  --start, response..-->  authd
 *	                       <--challenge.., success or failure--
 *	smtpd                  --account-->      <--exists--
 *	pop3d                  --start, response.. + client's socket-->
 *	                       <--challenge.., handed or failure--
 *
 * Tokens are the decoded bytes of SASL (RFC 4422); APOP, for pop3d, is a
 * mechanism with one: timestamp NUL name NUL digest in hex.  A challenge may
 * come that is answered by an empty response (RFC 4954 section 4).  A failure
 * may come late on purpose: delays against guessing are authd's.  With service
 * "pop3" the client's socket comes with each token that may be the last: if it
 * is, and the login is good, authd gives the socket to pop3-mailbox and says
 * "handed" in the place of success; the sender must not touch it again.  With
 * any other answer authd has let go of it.  The channel's socket is
 * run-dir/auth; the peer must be postrider-net.
 */
/* clang-format off */
#ifndef COMMON_MSG_AUTH_H
#define COMMON_MSG_AUTH_H

#include "common/msg.h"
#include "common/msg_tls.h"
#include "common/options.h"

#define MECH_MAX	20	/* RFC 4422 section 3.1 */
#define TOKEN_MAX	9216	/* 12 288 bytes of base64, RFC 4954 section 4 */

/* Flags of start. */
#define AUTH_TLS	1u	/* the client's line is encrypted */
#define AUTH_INITIAL	2u	/* token, even if empty, is a response */

/* Kinds of exists. */
#define ACCOUNT_NONE	0u
#define ACCOUNT_YES	1u
#define ACCOUNT_LATER	2u	/* cannot be told now */

enum auth_side { AUTH_CLIENT, AUTH_SERVER };

enum auth_state {
	AUTH_IDLE	= 1,	/* nobody yet */
	AUTH_WORKING	= 2,	/* authd has the word */
	AUTH_ASKED	= 4,	/* the client has it */
	AUTH_LOOKUP	= 8,	/* account asked */
};

/*
 * Exporter, certificate, email and witness are what tlsd said of the client's
 * connection (msg_tls.h, ready); empty without TLS.
 */
#define AUTH_START(F, S, B)					\
	F(u32, flags)	\
	S(service, 15)	/* "smtp" or "pop3" */	\
	S(mech, MECH_MAX)	\
	S(client, IP_MAX)	\
	S(profile, PROFILE_MAX)	/* pop3: whose options hold afterwards */ \
	B(exporter, TLS_DIGEST)	\
	B(certificate, TLS_DIGEST)	\
	S(email, ADDR_MAX)	\
	B(witness, TLS_WITNESS)	\
	S(offered, OFFERED_MAX)	/* mechanisms; of pop3 also afterwards */ \
	B(token, TOKEN_MAX)

#define AUTH_TOKEN(F, S, B)					\
	B(token, TOKEN_MAX)

#define AUTH_SUCCESS(F, S, B)					\
	S(login, LOGIN_MAX)	/* canonical: the account's address or name */

#define AUTH_FAILURE(F, S, B)					\
	S(dsn, DSN_MAX)	/* 5.7.8, 4.7.0: RFC 4954 section 6; else: no mailbox */ \
	S(text, TEXT_MAX)

#define AUTH_ACCOUNT(F, S, B)					\
	S(name, LOGIN_MAX)	/* a Unix user name */

#define AUTH_EXISTS(F, S, B)					\
	F(u32, kind)	/* ACCOUNT_* */

/* type, name, fields, sender, states in which it may be sent, next state */
#define AUTH_MESSAGES(M)						\
	M(START, start, AUTH_START, AUTH_CLIENT, AUTH_IDLE, AUTH_WORKING)	\
	M(CHALLENGE, challenge, AUTH_TOKEN, AUTH_SERVER, AUTH_WORKING, AUTH_ASKED)	\
	M(RESPONSE, response, AUTH_TOKEN, AUTH_CLIENT, AUTH_ASKED, AUTH_WORKING)	\
	M(CANCEL, cancel, MSG_EMPTY, AUTH_CLIENT, AUTH_ASKED, AUTH_IDLE)	\
	M(SUCCESS, success, AUTH_SUCCESS, AUTH_SERVER, AUTH_WORKING, AUTH_IDLE)	\
	M(FAILURE, failure, AUTH_FAILURE, AUTH_SERVER, AUTH_WORKING, AUTH_IDLE)	\
	M(ACCOUNT, account, AUTH_ACCOUNT, AUTH_CLIENT, AUTH_IDLE, AUTH_LOOKUP)	\
	M(EXISTS, exists, AUTH_EXISTS, AUTH_SERVER, AUTH_LOOKUP, AUTH_IDLE)	\
	M(HANDED, handed, MSG_EMPTY, AUTH_SERVER, AUTH_WORKING, AUTH_IDLE)

enum auth_type {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)	AUTH_T_##TYPE,
	AUTH_MESSAGES(M)
#undef M
	AUTH_T_COUNT
};

#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_DECLARE(auth_##name, FIELDS)
AUTH_MESSAGES(M)
#undef M

union msg_auth {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	struct msg_auth_##name name;
	AUTH_MESSAGES(M)
#undef M
};

extern const struct msg_channel auth_channel;

#endif
