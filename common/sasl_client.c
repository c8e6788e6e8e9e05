/*
 * sasl_client: the client's side of SASL exchanges.  In authd, as
 * postrider-auth; looks into tokens of hosts that may be anybody's, and must
 * not let one have a password that it has not earned.
 *
 * GNU SASL drives the exchange, but for the one step of SCRAM whose cost the
 * other host decides.
 */
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>
#include <gsasl.h>

#include "common/base64.h"
#include "common/mechs.h"
#include "common/num.h"
#include "common/sasl_client.h"

#define ROUNDS_MAX 8 /* no mechanism takes more */

struct mechanism {
	const char *name;
	bool scram;
	bool bound;        /* to the connection's TLS */
	bool server_first; /* no initial response */
	unsigned int replies;
};

/* The best first.  CRAM-MD5 gives a listener something to guess at. */
/* clang-format off */
static const struct mechanism mechanisms[] = {
	{ "SCRAM-SHA-256-PLUS",	true,	true,	false,	3 },
	{ "SCRAM-SHA-256",	true,	false,	false,	3 },
	{ "PLAIN",		false,	false,	false,	1 },
	{ "LOGIN",		false,	false,	true,	3 },
	{ "CRAM-MD5",		false,	false,	true,	2 },
};
/* clang-format on */

struct sasl_out {
	const struct mechanism *mech;
	Gsasl_session *session;
	unsigned int replies; /* sent */
	bool proved;          /* the library is content with the other host */
	bool failed;
	const char *why;
	/* SCRAM: between the server's first message and our second. */
	char *first;
	size_t first_len;
	char salt[BASE64_LEN(CREDENTIAL_SALT) + 1];
	unsigned int iterations;
	char password[PASSWORD_MAX + 1];
};

static bool
may_use(const struct mechanism *m, const struct sasl_client_start *s)
{
	if (!mechs_has(s->mechs, m->name))
		return false;
	if (m->bound &&
	    (s->exporter == NULL || s->unbound || (s->flags & RELAY_TLS) == 0))
		return false;
	if ((s->flags & RELAY_EXPOSED) != 0)
		return true;
	if ((s->flags & RELAY_TLS) == 0)
		return false;
	return m->scram || (s->flags & RELAY_VERIFIED) != 0;
}

static const struct mechanism *
choose(const struct sasl_client_start *s, const char **why)
{
	bool known = false;

	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]);
	     i++) {
		if (may_use(&mechanisms[i], s))
			return &mechanisms[i];
		known |= mechs_has(s->mechs, mechanisms[i].name);
	}
	*why = known ? "what it offers to log in with would show the password "
		       "on a line that is not encrypted and verified"
		     : "it offers nothing to log in with that we know";
	return NULL;
}

static bool
tell(struct sasl_out *s, Gsasl_property p, const char *value)
{
	return gsasl_property_set(s->session, p, value) == GSASL_OK;
}

static bool
prepare(struct sasl_out *s, const struct sasl_client_start *how)
{
	char exporter[BASE64_LEN(TLS_DIGEST) + 1];

	if (!tell(s, GSASL_AUTHID, how->name))
		return false;
	if (s->mech->bound) {
		base64_encode(how->exporter, TLS_DIGEST, exporter);
		return tell(s, GSASL_CB_TLS_EXPORTER, exporter);
	}
	/* SCRAM is given what was hashed elsewhere. */
	return s->mech->scram || tell(s, GSASL_PASSWORD, how->password);
}

struct sasl_out *
sasl_client_new(struct sasl_library *l, const struct sasl_client_start *how,
    const char **why)
{
	const struct mechanism *m = choose(how, why);
	struct sasl_out *s;

	if (m == NULL)
		return NULL;
	*why = "no memory to log in";
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	s->mech = m;
	strlcpy(s->password, how->password, sizeof(s->password));
	if (gsasl_client_start((Gsasl *)l, m->name, &s->session) == GSASL_OK &&
	    prepare(s, how))
		return s;
	sasl_client_free(s);
	return NULL;
}

/* The library's own copies, which it frees as they are. */
static void
wipe(struct sasl_out *s)
{
	static const Gsasl_property secrets[] = { GSASL_PASSWORD,
		GSASL_SCRAM_SALTED_PASSWORD };
	const char *v;

	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		v = gsasl_property_fast(s->session, secrets[i]);
		if (v != NULL)
			explicit_bzero((char *)(uintptr_t)v, strlen(v));
	}
}

void
sasl_client_free(struct sasl_out *s)
{
	if (s == NULL)
		return;
	if (s->session != NULL) {
		wipe(s);
		gsasl_finish(s->session);
	}
	free(s->first);
	explicit_bzero(s, sizeof(*s));
	free(s);
}

const char *
sasl_client_mech(const struct sasl_out *s)
{
	return s->mech->name;
}

const char *
sasl_client_why(const struct sasl_out *s)
{
	return s->why;
}

static enum sasl_client_result
refuse(struct sasl_out *s, const char *why)
{
	s->failed = true;
	s->why = why;
	return SASL_CLIENT_REFUSED;
}

/* The library's answer to a message of the other host. */
static enum sasl_client_result
ask_library(struct sasl_out *s, const uint8_t *in, size_t inlen, uint8_t *token,
    uint32_t *n)
{
	size_t outlen = 0;
	char *out = NULL;
	int r;

	r = gsasl_step(s->session, (const char *)in, inlen, &out, &outlen);
	*n = 0;
	if ((r == GSASL_OK || r == GSASL_NEEDS_MORE) && outlen <= TOKEN_MAX) {
		if (outlen > 0)
			memcpy(token, out, outlen);
		*n = (uint32_t)outlen;
		s->proved = r == GSASL_OK;
	}
	if (out != NULL)
		explicit_bzero(out, outlen); /* may be the password */
	gsasl_free(out);
	if (r == GSASL_AUTHENTICATION_ERROR)
		return refuse(s, "it does not know the password itself");
	if ((r != GSASL_OK && r != GSASL_NEEDS_MORE) || outlen > TOKEN_MAX)
		return refuse(s, "its words are not those of the mechanism");
	s->replies++;
	return SASL_CLIENT_REPLY;
}

/* The value of an attribute of RFC 5802 section 5.1 ("s=..."). */
static bool
attribute(const char *text, char name, char *out, size_t size)
{
	size_t n;

	for (; *text != '\0'; text += n + (text[n] == ',')) {
		n = strcspn(text, ",");
		if (n < 2 || text[0] != name || text[1] != '=')
			continue;
		if (n - 2 >= size)
			return false;
		memcpy(out, text + 2, n - 2);
		out[n - 2] = '\0';
		return true;
	}
	return false;
}

/*
 * Few iterations would make the password easy to guess for who is in between,
 * very many keep us busy.
 */
static enum sasl_client_result
take_first(struct sasl_out *s, const uint8_t *in, size_t inlen)
{
	uint8_t salt[CREDENTIAL_SALT];
	char iterations[12];
	uint64_t most;
	size_t n;

	if (memchr(in, '\0', inlen) != NULL ||
	    (s->first = strndup((const char *)in, inlen)) == NULL)
		return refuse(s, "its words are not those of the mechanism");
	s->first_len = inlen;
	if (!attribute(s->first, 's', s->salt, sizeof(s->salt)) ||
	    !base64_decode(s->salt, salt, sizeof(salt), &n) || n == 0 ||
	    !attribute(s->first, 'i', iterations, sizeof(iterations)) ||
	    !num_parse(iterations, UINT32_MAX, &most))
		return refuse(s, "its words are not those of the mechanism");
	if (most < SASL_CLIENT_ITERATIONS_MIN ||
	    most > SASL_CLIENT_ITERATIONS_MAX)
		return refuse(s,
		    "it wants fewer iterations of SCRAM than "
		    "4096, or more than 200000");
	s->iterations = (unsigned int)most;
	return SASL_CLIENT_HASH;
}

enum sasl_client_result
sasl_client_step(struct sasl_out *s, const uint8_t *in, size_t inlen,
    uint8_t *token, uint32_t *n)
{
	*n = 0;
	if (s->failed || (in == NULL) != (s->replies == 0) ||
	    s->replies >= s->mech->replies || inlen > TOKEN_MAX)
		return refuse(s, "it asks for more than the mechanism has");
	if (in == NULL && s->mech->server_first) {
		s->replies++;
		return SASL_CLIENT_REPLY;
	}
	if (s->mech->scram && s->replies == 1)
		return take_first(s, in, inlen);
	/* An empty challenge has nothing to answer; LOGIN's is a question. */
	if (in != NULL && inlen == 0 && strcmp(s->mech->name, "LOGIN") != 0)
		return refuse(s, "its words are not those of the mechanism");
	return ask_library(s, in, inlen, token, n);
}

void
sasl_client_hash(const struct sasl_out *s, struct sasl_client_hash *h)
{
	h->password = s->password;
	h->salt = s->salt;
	h->iterations = s->iterations;
}

static void
to_hex(const uint8_t *bin, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*out++ = digits[bin[i] >> 4];
		*out++ = digits[bin[i] & 15];
	}
	*out = '\0';
}

enum sasl_client_result
sasl_client_salted(struct sasl_out *s, const uint8_t salted[CREDENTIAL_KEY],
    uint8_t *token, uint32_t *n)
{
	char hex[2 * CREDENTIAL_KEY + 1];
	bool told;

	to_hex(salted, CREDENTIAL_KEY, hex);
	told = tell(s, GSASL_SCRAM_SALTED_PASSWORD, hex);
	explicit_bzero(hex, sizeof(hex));
	explicit_bzero(s->password, sizeof(s->password));
	if (!told || s->first == NULL)
		return refuse(s, "no memory to log in");
	return ask_library(
	    s, (const uint8_t *)s->first, s->first_len, token, n);
}

/* The last word of SCRAM is the other host's, by a challenge or without. */
bool
sasl_client_said_all(const struct sasl_out *s)
{
	return s->proved || s->replies >= s->mech->replies;
}

bool
sasl_client_proved(struct sasl_out *s, const uint8_t *in, size_t n)
{
	uint8_t token[TOKEN_MAX];
	uint32_t len;

	if (s->failed)
		return false;
	if (s->mech->scram && !s->proved && s->replies == 2 && n > 0)
		(void)ask_library(s, in, n, token, &len); /* sets proved */
	if (s->proved)
		return true;
	if (s->why == NULL)
		s->why = s->mech->scram
		    ? "it has not proved that it knows the password"
		    : "it is content before all was said";
	return false;
}
