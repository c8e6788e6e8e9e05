/*
 * msg_tls: a connection goes through tlsd.
 *
 *	smtpd, pop3d, remote (SESSION)  --start + socket-->  tlsd
 *	                                <--accepted or failed--
 *	                                --go-->
 *	                                <--ready + plain socket, or failed--
 *
 *	smtpd, pop3d, remote (SESSION)  --now + socket-->  tlsd
 *	                                <--begun or failed--
 *	                                <--ready + plain socket, or failed--
 *
 * Between accepted and go the session says "220" or "+OK" on the socket, in
 * plaintext; tlsd touches it only after go, and the session never again.  Who
 * hears failed, or nothing, instead of accepted goes on in plaintext or not at
 * all: no byte of TLS has crossed the line.  "now" is start and go at once, for
 * implicit TLS and for clients: whoever says it has no plaintext to go back to.
 * Begun comes before the handshake, and says that there is somebody to wait for.  The plain socket is a stream of what is in the
 * TLS records; its end of file is the end of the connection, both ways.  The
 * channel is of no use after ready or failed.
 *
 * The channel's socket is run-dir/tls; the peer must be postrider-net, or root
 * to ask for the state.
 */
/* clang-format off */
#ifndef COMMON_MSG_TLS_H
#define COMMON_MSG_TLS_H

#include "common/address.h"
#include "common/msg.h"
#include "common/options.h"

#define TLS_ANSWER	5	/* seconds for accepted, begun and state */
#define TLS_HANDSHAKE	30	/* seconds from go or begun to ready */

/* Flags of start and now. */
#define TLS_CONNECT	1u	/* be the client; else the server */

/* How a server's certificate is judged; of TLS_CONNECT. */
#define TLS_VERIFY_NONE	0u	/* encryption against listeners only */
#define TLS_VERIFY_NAME	1u	/* by a CA, for name (RFC 6125) */
#define TLS_VERIFY_PINS	2u	/* one of pins, whatever the name and dates */

/* A pin: one of these bytes, then a SHA-256 (RFC 6698: 3 0 1 and 3 1 1). */
#define TLS_PIN_CERTIFICATE	0u	/* of the certificate, DER */
#define TLS_PIN_KEY		1u	/* of its SubjectPublicKeyInfo, DER */
#define TLS_PIN_LEN	33
#define TLS_PINS	16	/* at most */

#define TLS_DIGEST	32	/* bytes: SHA-256, and what the exporter gives */
#define WITNESS_NONCE	16	/* bytes */
#define TLS_WITNESS	(WITNESS_NONCE + TLS_DIGEST)

/* Flags of ready. */
#define TLS_RESUMED	1u	/* by a ticket */
#define TLS_VERIFIED	2u	/* the peer's certificate, as was wanted; of a
				   client: by tls-client-ca */

enum tls_side { TLS_SESSION, TLS_SERVER };

enum tls_state {
	TLS_IDLE	= 1,
	TLS_ASKED	= 2,	/* tlsd has the word, and not touched it */
	TLS_OFFERED	= 4,	/* the session has it */
	TLS_WORKING	= 8,	/* the handshake */
	TLS_OVER	= 16,
	TLS_LOOKED	= 32,	/* state asked */
	TLS_BEGUN	= 64,	/* tlsd has the word, and may touch it */
};

#define TLS_START(F, S, B)					\
	F(u32, flags)	/* TLS_CONNECT */	\
	S(service, 15)	/* "smtp" or "pop3": for ALPN */	\
	S(profile, PROFILE_MAX)	/* whose options hold, and whose tickets */ \
	S(peer, IP_MAX)	/* for limits and the log */	\
	/* of TLS_CONNECT: */	\
	F(u32, verify)	/* TLS_VERIFY_* */	\
	S(name, DOMAIN_MAX)	/* for SNI and TLS_VERIFY_NAME; may be "" */ \
	B(pins, TLS_PINS * TLS_PIN_LEN)

#define TLS_READY(F, S, B)					\
	F(u32, flags)	\
	S(version, 15)	/* "TLSv1.3" */	\
	S(cipher, 63)	/* IANA's name, TLS_AES_256_GCM_SHA384 */	\
	F(u32, bits)	/* of the cipher's key */	\
	S(sni, DOMAIN_MAX)	/* what the client asked for, or "" */	\
	B(exporter, TLS_DIGEST)	/* RFC 9266, or none */	\
	/* the peer's certificate, if any: */	\
	B(certificate, TLS_DIGEST)	/* SHA-256 of its DER */	\
	S(subject, TEXT_MAX)	/* for the log: printable ASCII */	\
	S(email, ADDR_MAX)	/* a client's, when verified; else "" */ \
	B(witness, TLS_WITNESS)	/* common/witness.h */

/* The reason for a client whose handshakes fail again and again. */
#define TLS_PENALTY	"too many failed handshakes"

#define TLS_FAILED(F, S, B)					\
	S(reason, TEXT_MAX)	/* for the log: printable ASCII, no secret */

#define TLS_STATE(F, S, B)					\
	F(u32, certificates)	/* that can be used */	\
	F(u32, connections)	/* now */	\
	F(u64, handshakes)	/* since the start, good ones */	\
	F(u64, failures)	\
	F(u64, expires)	/* seconds since 1970; the first to end; 0: none */ \
	F(u32, refused)	/* names in tls-dir whose newest files cannot be used */ \
	F(u32, stalled)	/* seconds without a word of the keeper, when too many */

/* type, name, fields, sender, states in which it may be sent, next state */
#define TLS_MESSAGES(M)							\
	M(START, start, TLS_START, TLS_SESSION, TLS_IDLE, TLS_ASKED)	\
	M(NOW, now, TLS_START, TLS_SESSION, TLS_IDLE, TLS_BEGUN)	\
	M(ACCEPTED, accepted, MSG_EMPTY, TLS_SERVER, TLS_ASKED, TLS_OFFERED) \
	M(GO, go, MSG_EMPTY, TLS_SESSION, TLS_OFFERED, TLS_WORKING)	\
	M(READY, ready, TLS_READY, TLS_SERVER, TLS_WORKING, TLS_OVER)	\
	M(FAILED, failed, TLS_FAILED, TLS_SERVER, TLS_ASKED | TLS_BEGUN | TLS_WORKING, TLS_OVER) \
	M(STATUS, status, MSG_EMPTY, TLS_SESSION, TLS_IDLE, TLS_LOOKED)	\
	M(STATE, state, TLS_STATE, TLS_SERVER, TLS_LOOKED, TLS_IDLE)	\
	M(BEGUN, begun, MSG_EMPTY, TLS_SERVER, TLS_BEGUN, TLS_WORKING)

enum tls_type {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)	TLS_T_##TYPE,
	TLS_MESSAGES(M)
#undef M
	TLS_T_COUNT
};

#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_DECLARE(tls_##name, FIELDS)
TLS_MESSAGES(M)
#undef M

union msg_tls {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	struct msg_tls_##name name;
	TLS_MESSAGES(M)
#undef M
};

extern const struct msg_channel tls_channel;

#endif
