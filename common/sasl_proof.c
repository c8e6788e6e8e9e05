/*
 * sasl_proof: what a client's proof is compared with.  In authd, as
 * postrider-auth.  Names without a secret of the kind get a made one, take the
 * same way and fail at its end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base64.h"
#include "common/sasl_exchange.h"

static bool
look(struct sasl *s, const char *login)
{
	if (s->looked)
		return !s->later;
	s->looked = true;
	s->later = !s->client.find(s->client.arg, login, &s->account);
	return !s->later;
}

static const char *
counted(const struct sasl *s)
{
	return s->account.who.counted;
}

static bool
find_scram(struct sasl *s)
{
	const char *login = gsasl_property_fast(s->session, GSASL_AUTHID);

	if (s->looked)
		return !s->later;
	if (login == NULL || !look(s, login))
		return false;
	s->own = credential_scram(s->account.words.scram, &s->scram);
	if (!s->own)
		sasl_decoy_scram(s->client.decoy, counted(s), &s->scram);
	return true;
}

/* Of CRAM-MD5 and APOP. */
static bool
find_plain(struct sasl *s, const char *login, char password[PASSWORD_MAX + 1])
{
	if (!look(s, login))
		return false;
	s->own = credential_plain(
	    s->account.words.plain, password, PASSWORD_MAX + 1);
	if (!s->own)
		sasl_decoy_plain(s->client.decoy, counted(s), password);
	return true;
}

static int
tell(struct sasl *s, Gsasl_property p, const char *value)
{
	return gsasl_property_set(s->session, p, value);
}

static int
tell_password(struct sasl *s)
{
	const char *login = gsasl_property_fast(s->session, GSASL_AUTHID);
	char password[PASSWORD_MAX + 1];
	int r = GSASL_NO_PASSWORD;

	/* SCRAM would take one too, in the place of its keys. */
	if (login != NULL && !s->looked && find_plain(s, login, password))
		r = tell(s, GSASL_PASSWORD, password);
	explicit_bzero(password, sizeof(password));
	return r;
}

static int
tell_scram(struct sasl *s, Gsasl_property p)
{
	char iterations[12];

	if (!find_scram(s))
		return GSASL_NO_CALLBACK;
	(void)snprintf(
	    iterations, sizeof(iterations), "%u", s->scram.iterations);
	switch (p) {
	case GSASL_SCRAM_ITER:
		return tell(s, p, iterations);
	case GSASL_SCRAM_SALT:
		return tell(s, p, s->scram.salt);
	case GSASL_SCRAM_STOREDKEY:
		return tell(s, p, s->scram.stored_key);
	default:
		return tell(s, p, s->scram.server_key);
	}
}

static int
tell_exporter(struct sasl *s)
{
	char text[BASE64_LEN(TLS_DIGEST) + 1];

	if (!s->client.has_exporter)
		return GSASL_NO_CALLBACK;
	base64_encode(s->client.exporter, TLS_DIGEST, text);
	return tell(s, GSASL_CB_TLS_EXPORTER, text);
}

int
sasl_property(Gsasl *g, Gsasl_session *x, Gsasl_property p)
{
	struct sasl *s = gsasl_session_hook_get(x);

	(void)g;
	if (s == NULL || s->session == NULL)
		return GSASL_NO_CALLBACK; /* it is only being made */
	switch (p) {
	case GSASL_VALIDATE_SIMPLE:
	case GSASL_VALIDATE_EXTERNAL:
		return GSASL_OK; /* that is found later */
	case GSASL_CB_TLS_EXPORTER:
		return tell_exporter(s);
	case GSASL_SCRAM_ITER:
	case GSASL_SCRAM_SALT:
	case GSASL_SCRAM_STOREDKEY:
	case GSASL_SCRAM_SERVERKEY:
		return tell_scram(s, p);
	case GSASL_PASSWORD:
		return tell_password(s);
	default:
		return GSASL_NO_CALLBACK;
	}
}

enum sasl_result
sasl_apop(struct sasl *s, const uint8_t *token, size_t n)
{
	char password[PASSWORD_MAX + 1];
	enum sasl_result r = SASL_LATER;

	if (!apop_token_parse(token, n, &s->apop))
		return SASL_REFUSED;
	if (find_plain(s, s->apop.name, password)) {
		s->right = apop_token_matches(&s->apop, password);
		r = SASL_CREDENTIALS;
	}
	explicit_bzero(password, sizeof(password));
	return r;
}

const char *
sasl_proof_fault(const struct sasl *s)
{
	if (s->account.who.account[0] == '\0')
		return "unknown-user";
	if (!s->own)
		return "no-secret";
	return s->right ? NULL : "proof";
}

void
sasl_proof_wipe(struct sasl *s)
{
	static const Gsasl_property secrets[] = { GSASL_PASSWORD,
		GSASL_SCRAM_STOREDKEY, GSASL_SCRAM_SERVERKEY };
	const char *v;

	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		v = gsasl_property_fast(s->session, secrets[i]);
		/* The library's own copy, which it frees as it is. */
		if (v != NULL)
			explicit_bzero((char *)(uintptr_t)v, strlen(v));
	}
}
