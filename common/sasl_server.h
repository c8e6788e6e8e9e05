/*
 * sasl_server: the server's side of SASL exchanges (RFC 4422), over GNU SASL.
 *
 * Mechanisms are rows of one table.  All end in credentials that somebody else
 * must judge: a password to verify, or a proof that was right or wrong, which
 * only this can tell.
 */
#ifndef COMMON_SASL_SERVER_H
#define COMMON_SASL_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/credential.h"
#include "common/login_account.h"
#include "common/msg_auth.h"
#include "common/sasl_decoy.h"

enum sasl_result {
	SASL_CHALLENGE,   /* send the token, wait for a response */
	SASL_CREDENTIALS, /* the client has said it all; judge it */
	SASL_REFUSED,     /* not what the mechanism wants */
	SASL_LATER        /* the tables cannot tell now */
};

enum sasl_kind {
	SASL_PASSWORD,   /* sent as it is */
	SASL_PROOF,      /* of a secret, which was not sent */
	SASL_CERTIFICATE /* a proof by TLS */
};

/* Of SASL_CREDENTIALS; strings live until sasl_free(). */
struct sasl_credentials {
	const char *login;    /* who proves it, at most TOKEN_MAX bytes */
	const char *authzid;  /* who he wants to be; "" for the same */
	const char *password; /* never empty, as the client sent it; or NULL: */
	enum sasl_kind kind;
	const char *account; /* whose proof it is; "" for nobody */
	/* NULL when the proof is good; else why, for logs; lives for ever. */
	const char *fault;
	bool final; /* there is something for sasl_final() */
};

/* Whose secret a proof is compared with. */
struct sasl_account {
	struct login_account who;
	struct credential words; /* empty when there are none */
};

/*
 * Finds a name's account, asked once in an exchange; false when that cannot
 * be told now.
 */
typedef bool sasl_find(void *arg, const char *login, struct sasl_account *);

/* What an exchange needs besides the client's words; copied. */
struct sasl_client {
	sasl_find *find;
	void *arg;
	const struct sasl_decoy *decoy;
	/* What its TLS is bound by (RFC 9266), if PLUS is offered. */
	bool has_exporter;
	uint8_t exporter[TLS_DIGEST];
	/* Who its certificate stands for; "" without one. */
	char certificate[LOGIN_MAX + 1];
};

struct sasl_library;
struct sasl;

/* NULL when the library cannot be used. */
struct sasl_library *sasl_open(void);
/* After the last sasl_free(), or where no exchange goes on any more. */
void sasl_close(struct sasl_library *);

bool sasl_offers(const char *mech);
/* mech must be one that sasl_offers(); NULL without memory. */
struct sasl *sasl_new(
    struct sasl_library *, const char *mech, const struct sasl_client *);
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

/*
 * What the client must hear before it hears of success, as a last challenge
 * whose response is empty (RFC 4954 section 4, RFC 5034 section 4); false when
 * there is nothing.  Not before the credentials were judged: it tells that the
 * proof is right.
 */
bool sasl_final(const struct sasl *, uint8_t *token, uint32_t *n);

#endif
