/*
 * sasl_server: the server's side of SASL exchanges.  In authd, as
 * postrider-auth; the first to look into clients' tokens.
 *
 * GNU SASL drives the exchange and checks the names.  Passwords go round it:
 * it is given "*" in their place.  It would prepare them (RFC 4013), while
 * verifiers are made from passwords as they were typed, and it would leave
 * copies in freed memory.
 */
#include <stdlib.h>
#include <string.h>

#include <gsasl.h>

#include "common/sasl_server.h"

#define ROUNDS_MAX 8 /* no mechanism takes more */

struct mechanism {
	const char *name;
	/* What old clients know, instead of the library's words. */
	const char *words[2];
	bool server_first;
	/* Where in the token the password begins; n or more: nowhere. */
	size_t (*password)(unsigned int round, const uint8_t *, size_t n);
};

struct sasl {
	const struct mechanism *mech;
	Gsasl_session *session;
	unsigned int round;
	bool has_password;
	char password[PASSWORD_MAX + 1];
};

/* RFC 4616: authzid NUL authcid NUL password. */
static size_t
plain_password(unsigned int round, const uint8_t *token, size_t n)
{
	const uint8_t *nul = memrchr(token, '\0', n);

	(void)round;
	return nul == NULL ? SIZE_MAX : (size_t)(nul + 1 - token);
}

/* draft-murchison-sasl-login: user name, then password. */
static size_t
login_password(unsigned int round, const uint8_t *token, size_t n)
{
	(void)token;
	(void)n;
	return round == 2 ? 0 : SIZE_MAX;
}

/* clang-format off */
static const struct mechanism mechanisms[] = {
	{ "PLAIN",	{ NULL, NULL },	false,	plain_password },
	{ "LOGIN",	{ "Username:", "Password:" },	true,	login_password },
};
/* clang-format on */

static const struct mechanism *
find(const char *name)
{
	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++)
		if (strcasecmp(mechanisms[i].name, name) == 0)
			return &mechanisms[i];
	return NULL;
}

bool
sasl_offers(const char *mech)
{
	return find(mech) != NULL;
}

/* The library asks whether the credentials are right: that is found later. */
static int
on_library(Gsasl *g, Gsasl_session *s, Gsasl_property p)
{
	(void)g;
	(void)s;
	return p == GSASL_VALIDATE_SIMPLE ? GSASL_OK : GSASL_NO_CALLBACK;
}

struct sasl_library *
sasl_open(void)
{
	Gsasl *g;

	if (gsasl_init(&g) != GSASL_OK)
		return NULL;
	gsasl_callback_set(g, on_library);
	return (struct sasl_library *)g;
}

void
sasl_close(struct sasl_library *l)
{
	gsasl_done((Gsasl *)l);
}

struct sasl *
sasl_new(struct sasl_library *l, const char *mech)
{
	struct sasl *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->mech = find(mech);
	if (gsasl_server_start((Gsasl *)l, s->mech->name, &s->session) ==
	    GSASL_OK)
		return s;
	free(s);
	return NULL;
}

void
sasl_free(struct sasl *s)
{
	if (s == NULL)
		return;
	gsasl_finish(s->session);
	explicit_bzero(s, sizeof(*s));
	free(s);
}

/* Copies in to out with "*" for the password, which is kept; false if unfit. */
static bool
keep_password(
    struct sasl *s, const uint8_t *in, size_t n, uint8_t *out, size_t *outlen)
{
	size_t at = s->mech->password(s->round, in, n);

	if (at > n) {
		memcpy(out, in, n);
		*outlen = n;
		return true;
	}
	if (n - at > PASSWORD_MAX || n == at ||
	    memchr(in + at, '\0', n - at) != NULL)
		return false;
	memcpy(s->password, in + at, n - at);
	s->password[n - at] = '\0';
	s->has_password = true;
	memcpy(out, in, at);
	out[at] = '*';
	*outlen = at + 1;
	return true;
}

/* The library's challenge, or our words for it. */
static bool
challenge(const struct sasl *s, const char *out, size_t outlen, uint8_t *token,
    uint32_t *n)
{
	const char *words = s->round < 2 ? s->mech->words[s->round] : NULL;

	if (words != NULL) {
		out = words;
		outlen = strlen(words);
	}
	if (outlen > TOKEN_MAX)
		return false;
	if (outlen > 0)
		memcpy(token, out, outlen);
	*n = (uint32_t)outlen;
	return true;
}

static enum sasl_result
step(struct sasl *s, const uint8_t *in, size_t inlen, uint8_t *token,
    uint32_t *n)
{
	uint8_t masked[TOKEN_MAX + 1];
	size_t len = 0, outlen = 0;
	char *out = NULL;
	enum sasl_result r = SASL_REFUSED;

	if (s->round >= ROUNDS_MAX || inlen > TOKEN_MAX ||
	    (inlen > 0 && !keep_password(s, in, inlen, masked, &len)))
		return SASL_REFUSED;
	switch (
	    gsasl_step(s->session, (const char *)masked, len, &out, &outlen)) {
	case GSASL_NEEDS_MORE:
		if (challenge(s, out, outlen, token, n))
			r = SASL_CHALLENGE;
		break;
	case GSASL_OK:
		if (s->has_password)
			r = SASL_CREDENTIALS;
		break;
	default: /* many ways to be wrong, one answer */
		break;
	}
	s->round++;
	gsasl_free(out);
	return r;
}

enum sasl_result
sasl_step(struct sasl *s, const uint8_t *in, size_t inlen, uint8_t *token,
    uint32_t *n)
{
	if (in != NULL && s->round == 0 && s->mech->server_first &&
	    step(s, NULL, 0, token, n) != SASL_CHALLENGE)
		return SASL_REFUSED;
	return step(s, in, in == NULL ? 0 : inlen, token, n);
}

static const char *
property(const struct sasl *s, Gsasl_property p)
{
	const char *v = gsasl_property_fast(s->session, p);

	return v == NULL ? "" : v;
}

void
sasl_get(const struct sasl *s, struct sasl_credentials *c)
{
	c->login = property(s, GSASL_AUTHID);
	c->authzid = property(s, GSASL_AUTHZID);
	c->password = s->password;
}
