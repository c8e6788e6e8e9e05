/*
 * sasl_server: the server's side of SASL exchanges (RFC 4422), over GNU SASL.
 *
 * Mechanisms are rows of one table.  Those that carry a password end in
 * credentials that somebody else must verify.
 */
#ifndef COMMON_SASL_SERVER_H
#define COMMON_SASL_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/msg_auth.h"

#define PASSWORD_MAX 511 /* bytes; what crypt(3) takes */

enum sasl_result {
	SASL_CHALLENGE,   /* send the token, wait for a response */
	SASL_CREDENTIALS, /* the client has said it all; verify it */
	SASL_REFUSED      /* not what the mechanism wants */
};

/* Of SASL_CREDENTIALS; strings live until sasl_free(). */
struct sasl_credentials {
	const char *login;    /* who proves it, at most TOKEN_MAX bytes */
	const char *authzid;  /* who he wants to be; "" for the same */
	const char *password; /* never empty, as the client sent it */
};

struct sasl_library;
struct sasl;

/* NULL when the library cannot be used. */
struct sasl_library *sasl_open(void);
/* After the last sasl_free(). */
void sasl_close(struct sasl_library *);

bool sasl_offers(const char *mech);
/* mech must be one that sasl_offers(); NULL without memory. */
struct sasl *sasl_new(struct sasl_library *, const char *mech);
/* Wipes what the client sent. */
void sasl_free(struct sasl *);

/*
 * One step.  in is NULL when the client has sent nothing yet.  An initial
 * response to a mechanism in which the server speaks first answers its first
 * challenge.  token has *n bytes of TOKEN_MAX for SASL_CHALLENGE.
 */
enum sasl_result sasl_step(struct sasl *, const uint8_t *in, size_t inlen,
    uint8_t *token, uint32_t *n);
void sasl_get(const struct sasl *, struct sasl_credentials *);

#endif
