/*
 * sasl_exchange: one exchange, as the files of sasl_server share it.
 */
#ifndef COMMON_SASL_EXCHANGE_H
#define COMMON_SASL_EXCHANGE_H

#include <gsasl.h>

#include "common/apop_token.h"
#include "common/sasl_server.h"

struct mechanism;

struct sasl {
	const struct mechanism *mech;
	struct sasl_client client;
	Gsasl_session
	    *session; /* NULL: a mechanism that is not the library's */
	unsigned int round;
	bool has_password;
	char password[PASSWORD_MAX + 1];
	/* Proofs: */
	bool looked; /* the name's account was asked for */
	bool later;  /* and could not be told */
	bool own;    /* it has what the mechanism compares with */
	bool right;  /* the client's proof is that */
	struct sasl_account account;
	struct credential_scram scram;
	struct apop_token apop;
	char *final; /* of the library, or NULL */
	size_t final_len;
};

/* Answers what the library asks; a Gsasl_callback_function. */
int sasl_property(Gsasl *, Gsasl_session *, Gsasl_property);

/* One token, which says it all. */
enum sasl_result sasl_apop(struct sasl *, const uint8_t *, size_t);

/* Why the proof is not good, for the log; NULL when it is. */
const char *sasl_proof_fault(const struct sasl *);

/* Wipes what the library was told. */
void sasl_proof_wipe(struct sasl *);

#endif
