/*
 * hasher: comparing a password with its verifier.  In a worker of authd; has
 * one password and one verifier at a time, and no way out but one byte.
 */
#include <stdbool.h>
#include <string.h>

#include <crypt.h>
#include <gsasl.h>

#include <bsd/string.h>

#include "common/base64.h"
#include "common/credential.h"
#include "common/hasher.h"
#include "common/secret.h"

static bool
equal(const char *a, const char *b)
{
	size_t n = strlen(a);

	return n == strlen(b) && secret_equal(a, b, n);
}

static bool
crypt_matches(const char *verifier, const char *password)
{
	static struct crypt_data data; /* 32 KiB: too much for the stack */
	const char *made;
	bool match;

	/* "*0" and "*1" are crypt(3)'s way to fail, as NULL is. */
	made = crypt_r(password, verifier, &data);
	match = made != NULL && made[0] != '*' && equal(made, verifier);
	explicit_bzero(&data, sizeof(data));
	return match;
}

/* The keys that RFC 5802 section 3 makes of a password; only one counts. */
static bool
scram_matches(const char *word, const char *password)
{
	struct {
		char salted[CREDENTIAL_KEY], client[CREDENTIAL_KEY];
		char server[CREDENTIAL_KEY], stored[CREDENTIAL_KEY];
	} made;
	uint8_t salt[CREDENTIAL_SALT], want[CREDENTIAL_KEY];
	struct credential_scram s;
	size_t n, len;
	bool match;

	match = credential_scram(word, &s) &&
	    base64_decode(s.salt, salt, sizeof(salt), &n) &&
	    base64_decode(s.stored_key, want, sizeof(want), &len) &&
	    gsasl_scram_secrets_from_password(GSASL_HASH_SHA256, password,
		s.iterations, (const char *)salt, n, made.salted, made.client,
		made.server, made.stored) == GSASL_OK &&
	    secret_equal(made.stored, want, sizeof(want));
	explicit_bzero(&made, sizeof(made));
	explicit_bzero(&s, sizeof(s));
	return match;
}

static bool
plain_matches(const char *word, const char *password)
{
	char is[PASSWORD_MAX + 1];
	bool match =
	    credential_plain(word, is, sizeof(is)) && equal(is, password);

	explicit_bzero(is, sizeof(is));
	return match;
}

static void
work(const void *req, void *rep)
{
	const struct hash_request *request = req;
	struct hash_reply *reply = rep;
	char dummy[VERIFIER_MAX + 1];

	if (request->kind == HASH_CRYPT) {
		reply->match =
		    crypt_matches(request->verifier, request->password);
		return;
	}
	reply->match = request->kind == HASH_SCRAM
	    ? scram_matches(request->verifier, request->password)
	    : plain_matches(request->verifier, request->password);
	/* No account is told by its speed. */
	hasher_dummy(dummy);
	(void)crypt_matches(dummy, request->password); /* never true */
}

const struct workers_kind hasher_kind = { "hasher", sizeof(struct hash_request),
	sizeof(struct hash_reply), work, SANDBOX_HASHER };

void
hasher_dummy(char verifier[VERIFIER_MAX + 1])
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];

	/* A setting without a hash: the result is always longer. */
	if (crypt_gensalt_rn("$y$", 0, NULL, 0, setting, sizeof(setting)) ==
	    NULL)
		strlcpy(
		    setting, "$y$j9T$abcdefghijklmnopqrstu0", sizeof(setting));
	strlcpy(verifier, setting, VERIFIER_MAX + 1);
}
