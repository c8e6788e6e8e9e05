/*
 * sasl: the lines of AUTH (RFC 4954, and LOGIN as clients expect it), to and
 * from the tokens that authd sees.
 */
#ifndef SMTPD_SASL_H
#define SMTPD_SASL_H

#include "common/base64.h"
#include "common/msg_auth.h"

#define SASL_LINE_MAX 12288 /* bytes with CRLF, RFC 4954 section 4 */
#define SASL_MECHS "PLAIN LOGIN"

enum sasl {
	SASL_OK,
	SASL_SYNTAX,  /* not AUTH mechanism [initial-response] */
	SASL_UNKNOWN, /* no such mechanism */
	SASL_BASE64,  /* not base64, or over TOKEN_MAX */
	SASL_CANCEL   /* "*" */
};

/* AUTH's argument; fills flags, mech and token. */
enum sasl sasl_start(const char *arg, struct msg_auth_start *);

/* A line that answers a challenge. */
enum sasl sasl_response(const char *line, struct msg_auth_response *);

/* "334 " and the challenge, with CRLF and NUL; the length. */
#define SASL_CHALLENGE_MAX (BASE64_LEN(TOKEN_MAX) + 7)
size_t sasl_challenge(
    const struct msg_auth_challenge *, char out[SASL_CHALLENGE_MAX]);

#endif
