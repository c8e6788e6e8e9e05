/*
 * sasl_client: the client's side of SASL exchanges (RFC 4422), over GNU SASL,
 * for logging in at other hosts.
 *
 * The best mechanism that the other host offers and the line allows:
 * SCRAM-SHA-256-PLUS, SCRAM-SHA-256, PLAIN, LOGIN, CRAM-MD5.  What lets a
 * listener have the password or guess at it is for a line that is encrypted and
 * verified, unless the administrator has allowed less.
 */
#ifndef COMMON_SASL_CLIENT_H
#define COMMON_SASL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/credential.h"
#include "common/msg_auth.h"
#include "common/sasl_server.h"

/* Flags of an exchange. */
#define RELAY_TLS 1u      /* the line is encrypted */
#define RELAY_VERIFIED 2u /* and the certificate was good for the name */
#define RELAY_EXPOSED 4u  /* the policy allows what is less than that */

enum sasl_client_result {
	SASL_CLIENT_REPLY,  /* send the token */
	SASL_CLIENT_HASH,   /* see sasl_client_salted() */
	SASL_CLIENT_REFUSED /* not what the mechanism wants; see why */
};

/* What an exchange is given; copied. */
struct sasl_client_start {
	const char *mechs; /* words that the other host offers */
	uint32_t flags;    /* RELAY_* */
	/* What the TLS is bound by (RFC 9266), or NULL. */
	const uint8_t *exporter; /* TLS_DIGEST bytes */
	bool unbound;            /* PLUS has failed there before */
	const char *name, *password;
};

struct sasl_out;

/* The fewest and most iterations of SCRAM that another host may ask for. */
#define SASL_CLIENT_ITERATIONS_MIN CREDENTIAL_ITERATIONS_MIN
#define SASL_CLIENT_ITERATIONS_MAX 200000

/*
 * NULL with why, which lives for ever: no mechanism that may be used, or no
 * memory.
 */
struct sasl_out *sasl_client_new(
    struct sasl_library *, const struct sasl_client_start *, const char **why);
/* Wipes. */
void sasl_client_free(struct sasl_out *);

const char *sasl_client_mech(const struct sasl_out *);
/* Of SASL_CLIENT_REFUSED, and of a proof that is none; lives for ever. */
const char *sasl_client_why(const struct sasl_out *);

/*
 * One step.  in is NULL in the first, which gives the initial response, empty
 * for a mechanism without one.  token has *n bytes of TOKEN_MAX.
 */
enum sasl_client_result sasl_client_step(struct sasl_out *, const uint8_t *in,
    size_t inlen, uint8_t *token, uint32_t *n);

/*
 * After SASL_CLIENT_HASH: what is to be hashed, which costs what the other host
 * likes and so is not done here: SaltedPassword of RFC 5802 section 3, by
 * SHA-256.  The strings live until the next step.
 */
struct sasl_client_hash {
	const char *password;
	const char *salt; /* base64 */
	unsigned int iterations;
};
void sasl_client_hash(const struct sasl_out *, struct sasl_client_hash *);
/* Goes on with it. */
enum sasl_client_result sasl_client_salted(struct sasl_out *,
    const uint8_t salted[CREDENTIAL_KEY], uint8_t *token, uint32_t *n);

/* Whether nothing is expected but the other host's word that it is content. */
bool sasl_client_said_all(const struct sasl_out *);

/*
 * The other host is content, and has said in so what may be its last token.
 * Whether it has proved, where the mechanism is so, that it knows the password.
 */
bool sasl_client_proved(struct sasl_out *, const uint8_t *in, size_t n);

#endif
