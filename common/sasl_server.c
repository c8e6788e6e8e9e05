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

#include "common/sasl_exchange.h"

#define ROUNDS_MAX 8 /* no mechanism takes more */

struct mechanism {
	const char *name;
	/* What old clients know, instead of the library's words. */
	const char *words[2];
	bool server_first;
	/*
	 * No message of it begins with "p": the library takes a client's word
	 * that it is bound (RFC 5802 section 6) and compares with nothing.
	 */
	bool unbound;
	enum sasl_kind kind;
	/* Where in the token the password begins; n or more: nowhere. */
	size_t (*password)(unsigned int round, const uint8_t *, size_t n);
	/* NULL: the library does it. */
	enum sasl_result (*alone)(struct sasl *, const uint8_t *, size_t);
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

/*
 * For CRAM-MD5 the library compares by memcmp(3).  How far a wrong proof is
 * like the right one helps nobody to the next: it is a digest over a challenge
 * that is not used again, and the answer is held back.
 */
/* clang-format off */
static const struct mechanism mechanisms[] = {
	{ "PLAIN",	{ NULL, NULL },	false,	false,	SASL_PASSWORD,	plain_password, NULL },
	{ "LOGIN",	{ "Username:", "Password:" },	true,	false,	SASL_PASSWORD,	login_password, NULL },
	{ "SCRAM-SHA-256",	{ NULL, NULL },	false,	true,	SASL_PROOF,	NULL, NULL },
	{ "SCRAM-SHA-256-PLUS",	{ NULL, NULL },	false,	false,	SASL_PROOF,	NULL, NULL },
	{ "EXTERNAL",	{ NULL, NULL },	false,	false,	SASL_CERTIFICATE,	NULL, NULL },
	{ "CRAM-MD5",	{ NULL, NULL },	true,	false,	SASL_PROOF,	NULL, NULL },
	{ "APOP",	{ NULL, NULL },	false,	false,	SASL_PROOF,	NULL, sasl_apop },
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

struct sasl_library *
sasl_open(void)
{
	Gsasl *g;

	if (gsasl_init(&g) != GSASL_OK)
		return NULL;
	gsasl_callback_set(g, sasl_property);
	return (struct sasl_library *)g;
}

void
sasl_close(struct sasl_library *l)
{
	gsasl_done((Gsasl *)l);
}

struct sasl *
sasl_new(struct sasl_library *l, const char *mech, const struct sasl_client *c)
{
	struct sasl *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->mech = find(mech);
	s->client = *c;
	if (s->mech->alone != NULL)
		return s;
	if (gsasl_server_start((Gsasl *)l, s->mech->name, &s->session) ==
	    GSASL_OK) {
		gsasl_session_hook_set(s->session, s);
		return s;
	}
	free(s);
	return NULL;
}

void
sasl_free(struct sasl *s)
{
	if (s == NULL)
		return;
	if (s->session != NULL) {
		sasl_proof_wipe(s);
		gsasl_finish(s->session);
	}
	gsasl_free(s->final);
	explicit_bzero(s, sizeof(*s));
	free(s);
}

/* Copies in to out with "*" for the password, which is kept; false if unfit. */
static bool
keep_password(
    struct sasl *s, const uint8_t *in, size_t n, uint8_t *out, size_t *outlen)
{
	size_t at = SIZE_MAX;

	if (s->mech->password != NULL)
		at = s->mech->password(s->round, in, n);
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

/*
 * What came of the library's last step.  That it says OK is no login: it was
 * told to take any password, and compared proofs with made secrets too.
 */
static enum sasl_result
ended(struct sasl *s, int r)
{
	switch (s->mech->kind) {
	case SASL_PASSWORD:
		if (r == GSASL_OK && s->has_password)
			return SASL_CREDENTIALS;
		return SASL_REFUSED;
	case SASL_CERTIFICATE:
		return r == GSASL_OK ? SASL_CREDENTIALS : SASL_REFUSED;
	case SASL_PROOF:
		break;
	}
	s->right = r == GSASL_OK && s->looked;
	/* Before the name was looked up it is the token that is wrong. */
	if (s->looked && (r == GSASL_OK || r == GSASL_AUTHENTICATION_ERROR))
		return SASL_CREDENTIALS;
	return SASL_REFUSED;
}

/* Whether it is worth a look; then the library's copy of it is masked. */
static bool
fit(struct sasl *s, const uint8_t *in, size_t inlen, uint8_t *masked,
    size_t *len)
{
	*len = 0;
	if (s->round >= ROUNDS_MAX || inlen > TOKEN_MAX)
		return false;
	if (inlen == 0)
		return true;
	if (s->mech->unbound && in[0] == 'p')
		return false;
	return keep_password(s, in, inlen, masked, len);
}

static enum sasl_result
step(struct sasl *s, const uint8_t *in, size_t inlen, uint8_t *token,
    uint32_t *n)
{
	uint8_t masked[TOKEN_MAX + 1];
	size_t len, outlen = 0;
	char *out = NULL;
	enum sasl_result r = SASL_REFUSED;
	int library;

	if (!fit(s, in, inlen, masked, &len))
		return SASL_REFUSED;
	/* EXTERNAL tells an empty response from none. */
	library = gsasl_step(s->session,
	    in == NULL ? NULL : (const char *)masked, len, &out, &outlen);
	if (s->later)
		r = SASL_LATER;
	else if (library != GSASL_NEEDS_MORE)
		r = ended(s, library);
	else if (challenge(s, out, outlen, token, n))
		r = SASL_CHALLENGE;
	s->round++;
	if (r == SASL_CREDENTIALS && outlen > 0) {
		s->final = out;
		s->final_len = outlen;
	} else
		gsasl_free(out);
	return r;
}

enum sasl_result
sasl_step(struct sasl *s, const uint8_t *in, size_t inlen, uint8_t *token,
    uint32_t *n)
{
	if (s->mech->alone != NULL)
		return in == NULL ? SASL_REFUSED : s->mech->alone(s, in, inlen);
	if (in != NULL && s->round == 0 && s->mech->server_first &&
	    step(s, NULL, 0, token, n) != SASL_CHALLENGE)
		return SASL_REFUSED;
	return step(s, in, in == NULL ? 0 : inlen, token, n);
}

static const char *
property(const struct sasl *s, Gsasl_property p)
{
	const char *v =
	    s->session == NULL ? NULL : gsasl_property_fast(s->session, p);

	return v == NULL ? "" : v;
}

void
sasl_get(const struct sasl *s, struct sasl_credentials *c)
{
	memset(c, 0, sizeof(*c));
	c->login = property(s, GSASL_AUTHID);
	c->authzid = property(s, GSASL_AUTHZID);
	c->kind = s->mech->kind;
	c->account = s->account.who.account;
	c->final = s->final != NULL;
	switch (c->kind) {
	case SASL_PASSWORD:
		c->password = s->password;
		return;
	case SASL_CERTIFICATE:
		c->login = s->client.certificate;
		return;
	case SASL_PROOF:
		break;
	}
	if (s->session == NULL)
		c->login = s->apop.name;
	c->fault = sasl_proof_fault(s);
}

bool
sasl_final(const struct sasl *s, uint8_t *token, uint32_t *n)
{
	if (s->final == NULL || s->final_len > TOKEN_MAX)
		return false;
	memcpy(token, s->final, s->final_len);
	*n = (uint32_t)s->final_len;
	return true;
}
