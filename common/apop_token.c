/*
 * apop_token: a client's digest of a timestamp and a secret.  In authd, as
 * postrider-auth; pure functions.  The timestamp is pop3d's, made for one
 * connection: authd has to take its word that it is fresh.
 */
#include <md5.h>
#include <string.h>

#include "common/apop_token.h"
#include "common/num.h"
#include "common/secret.h"

/* The bytes up to a NUL, as a string of less than size; NULL: not there. */
static const uint8_t *
take(const uint8_t *p, const uint8_t *end, char *out, size_t size)
{
	const uint8_t *nul = memchr(p, '\0', (size_t)(end - p));
	size_t n;

	if (nul == NULL || nul == p || (n = (size_t)(nul - p)) >= size)
		return NULL;
	memcpy(out, p, n + 1);
	return nul + 1;
}

static bool
take_digest(const uint8_t *p, const uint8_t *end, uint8_t out[APOP_DIGEST])
{
	char two[3] = "";
	uint64_t v;

	if (end - p != 2 * APOP_DIGEST)
		return false;
	for (size_t i = 0; i < APOP_DIGEST; i++) {
		memcpy(two, p + 2 * i, 2);
		if (!num_parse_hex(two, 2, &v))
			return false;
		out[i] = (uint8_t)v;
	}
	return true;
}

bool
apop_token_parse(const uint8_t *token, size_t n, struct apop_token *a)
{
	const uint8_t *p, *end = token + n;

	memset(a, 0, sizeof(*a));
	return (p = take(token, end, a->timestamp, sizeof(a->timestamp))) !=
	    NULL &&
	    (p = take(p, end, a->name, sizeof(a->name))) != NULL &&
	    take_digest(p, end, a->digest);
}

bool
apop_token_matches(const struct apop_token *a, const char *secret)
{
	uint8_t made[APOP_DIGEST];
	MD5_CTX c;
	bool match;

	MD5Init(&c);
	MD5Update(&c, (const uint8_t *)a->timestamp, strlen(a->timestamp));
	MD5Update(&c, (const uint8_t *)secret, strlen(secret));
	MD5Final(made, &c);
	match = secret_equal(made, a->digest, sizeof(made));
	explicit_bzero(&c, sizeof(c));
	explicit_bzero(made, sizeof(made));
	return match;
}
