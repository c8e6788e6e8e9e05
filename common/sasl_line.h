/*
 * sasl_line: the lines of AUTH (RFC 4954, RFC 5034, and LOGIN as clients expect
 * it), to and from the tokens that authd sees.
 */
#ifndef COMMON_SASL_LINE_H
#define COMMON_SASL_LINE_H

#include "common/base64.h"
#include "common/msg_auth.h"

#define SASL_LINE_MAX 12288 /* bytes with CRLF, RFC 4954 section 4 */

enum sasl_line {
	SASL_OK,
	SASL_SYNTAX,  /* not AUTH mechanism [initial-response] */
	SASL_UNKNOWN, /* a mechanism that is not offered */
	SASL_BASE64,  /* not base64, or over TOKEN_MAX */
	SASL_CANCEL   /* "*" */
};

/*
 * AUTH's argument; fills flags, mech (as offered writes it) and token.  offered
 * are words with single spaces between, see mechs.h.
 */
enum sasl_line sasl_start(
    const char *arg, const char *offered, struct msg_auth_start *);

/* A line that answers a challenge. */
enum sasl_line sasl_response(const char *line, struct msg_auth_response *);

/* What goes before it, "334 " or "+ ", and the challenge, with CRLF and NUL. */
#define SASL_CHALLENGE_MAX (BASE64_LEN(TOKEN_MAX) + 7)
void sasl_challenge(const char *before, const struct msg_auth_challenge *,
    char out[SASL_CHALLENGE_MAX]);

#endif
