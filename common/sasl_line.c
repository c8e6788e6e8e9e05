/*
 * sasl_line: the lines of AUTH, to and from the tokens that authd sees.
 *
 * In smtpd and pop3d, as postrider-net; pure functions.  Passwords pass
 * through: nothing here keeps one, and callers wipe what they give.
 */
#include <string.h>
#include <strings.h>

#include <bsd/string.h>

#include "common/sasl_line.h"

static enum sasl_line
decode(const char *s, uint8_t *token, uint32_t *len)
{
	size_t n;

	if (!base64_decode(s, token, TOKEN_MAX, &n))
		return SASL_BASE64;
	*len = (uint32_t)n;
	return SASL_OK;
}

/* A word of a list, as it is written there. */
static bool
find_mech(const char *list, const char *s, size_t n, char mech[MECH_MAX + 1])
{
	size_t len;

	for (; *list != '\0'; list += len + (list[len] == ' ')) {
		len = strcspn(list, " ");
		if (len != n || len > MECH_MAX || strncasecmp(list, s, n) != 0)
			continue;
		memcpy(mech, list, len);
		mech[len] = '\0';
		return true;
	}
	return false;
}

enum sasl_line
sasl_start(const char *arg, const char *offered, struct msg_auth_start *m)
{
	size_t n = strcspn(arg, " ");
	const char *initial = arg + n + strspn(arg + n, " ");
	size_t len = strcspn(initial, " ");

	if (n == 0 || initial[len + strspn(initial + len, " ")] != '\0')
		return SASL_SYNTAX;
	if (!find_mech(offered, arg, n, m->mech))
		return SASL_UNKNOWN;
	m->token_len = 0;
	m->flags &= ~AUTH_INITIAL;
	if (len == 0)
		return SASL_OK;
	m->flags |= AUTH_INITIAL;
	/* "=" is a response that is there and empty. */
	if (strcmp(initial, "=") == 0)
		return SASL_OK;
	return decode(initial, m->token, &m->token_len);
}

enum sasl_line
sasl_response(const char *line, struct msg_auth_response *m)
{
	m->token_len = 0;
	if (strcmp(line, "*") == 0)
		return SASL_CANCEL;
	return decode(line, m->token, &m->token_len);
}

void
sasl_challenge(const char *before, const struct msg_auth_challenge *m,
    char out[SASL_CHALLENGE_MAX])
{
	size_t n = BASE64_LEN((size_t)m->token_len), at;

	at = strlcpy(out, before, 5);
	base64_encode(m->token, m->token_len, out + at);
	memcpy(out + at + n, "\r\n", 3);
}
