/*
 * msg_auth: who a client is, and which accounts exist.
 *
 *	smtpd, pop3d (CLIENT)  --start, response..-->  authd
 *	                       <--challenge.., success or failure--
 *	smtpd                  --account-->      <--exists--
 *	pop3d                  --start, response.. + client's socket-->
 *	                       <--challenge.., handed or failure--
 *
 *	remote                 --relay, prompt..-->  authd
 *	                       <--reply.., or refused--
 *	                       --verdict-->  <--done or refused--
 *
 * Relay is the other way round: authd is the client of another host's SASL, with
 * the credentials of a next hop, which only authd can read.  Remote is believed
 * what it says of the hop and its policy by queued's token, and of TLS by tlsd's
 * witness.  The first reply is the mechanism and the initial response; each prompt
 * is a 334 of the other host; verdict its 235 or refusal, and "done" says that
 * authd, too, is content: with SCRAM the other host has proved that it knows the
 * password.
 *
 * Tokens are the decoded bytes of SASL (RFC 4422); APOP, for pop3d, is a
 * mechanism with one: timestamp NUL name NUL digest in hex.  A challenge may
 * come that is answered by an empty response (RFC 4954 section 4).  A failure
 * may come late on purpose: delays against guessing are authd's.  With service
 * "pop3" the client's socket comes with each token that may be the last: if it
 * is, and the login is good, authd gives the socket to pop3-mailbox and says
 * "handed" in the place of success; the sender must not touch it again.  With
 * any other answer authd has let go of it.  The channel's socket is
 * run-dir/auth; the peer must be postrider-net, or postrider-out, who may
 * send relay and what follows it and nothing else.
 */
/* clang-format off */
#ifndef COMMON_MSG_AUTH_H
#define COMMON_MSG_AUTH_H

#include "common/hop.h"
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
	AUTH_LOGGING	= 16,	/* relay: authd has the word */
	AUTH_TOLD	= 32,	/* relay: the other host has it */
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

#define AUTH_RELAY(F, S, B)					\
	S(hop, HOP_MAX)	/* canonical */	\
	F(u32, tls)	/* enum hop_tls: the policy that holds for it */ \
	B(leave, HOP_TOKEN)	/* queued's word for both: hop_token.h */ \
	S(mechs, OFFERED_MAX)	/* of the other host that we know, by spaces */ \
	/* What tlsd said of the line (msg_tls.h, ready); empty without TLS: */ \
	S(name, DOMAIN_MAX)	/* that it was asked for */	\
	F(u32, verified)	/* 1: by TLS_VERIFY_NAME; else by nothing */ \
	B(exporter, TLS_DIGEST)	\
	B(witness, TLS_WITNESS)

#define AUTH_REPLY(F, S, B)					\
	S(mech, MECH_MAX)	/* in the first; else "" */	\
	F(u32, last)	/* 1: nothing is expected but the verdict */	\
	B(token, TOKEN_MAX)

#define AUTH_VERDICT(F, S, B)					\
	F(u32, good)	/* 1: the other host said 235 */	\
	B(token, TOKEN_MAX)	/* what came with it (RFC 4954 section 4) */

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
	M(HANDED, handed, MSG_EMPTY, AUTH_SERVER, AUTH_WORKING, AUTH_IDLE)	\
	M(RELAY, relay, AUTH_RELAY, AUTH_CLIENT, AUTH_IDLE, AUTH_LOGGING)	\
	M(REPLY, reply, AUTH_REPLY, AUTH_SERVER, AUTH_LOGGING, AUTH_TOLD)	\
	M(PROMPT, prompt, AUTH_TOKEN, AUTH_CLIENT, AUTH_TOLD, AUTH_LOGGING)	\
	M(VERDICT, verdict, AUTH_VERDICT, AUTH_CLIENT, AUTH_TOLD, AUTH_LOGGING)	\
	M(DONE, done, MSG_EMPTY, AUTH_SERVER, AUTH_LOGGING, AUTH_IDLE)	\
	M(REFUSED, refused, AUTH_FAILURE, AUTH_SERVER, AUTH_LOGGING, AUTH_IDLE)

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
