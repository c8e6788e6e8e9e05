/*
 * apop_token: APOP (RFC 1939 section 7), as a token of the auth channel.
 */
#ifndef COMMON_APOP_TOKEN_H
#define COMMON_APOP_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define APOP_TIMESTAMP_MAX 510 /* bytes: of a greeting, RFC 2449 section 4 */
#define APOP_NAME_MAX 510      /* bytes: more than a command has */
#define APOP_DIGEST 16         /* bytes: MD5 */

struct apop_token {
	char timestamp[APOP_TIMESTAMP_MAX + 1]; /* with its < and > */
	char name[APOP_NAME_MAX + 1];           /* as it was sent */
	uint8_t digest[APOP_DIGEST];
};

/* Timestamp NUL name NUL 32 hex digits, and nothing else. */
bool apop_token_parse(const uint8_t *token, size_t n, struct apop_token *);

/* Whether it is of this secret; in constant time. */
bool apop_token_matches(const struct apop_token *, const char *secret);

#endif
