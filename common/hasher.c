/*
 * hasher: comparing a password with its verifier, or hashing it for another
 * host.  In a worker of authd; has one password at a time, and no way out but
 * the answer.
 */
#include <stdbool.h>
#include <string.h>

#include <crypt.h>
#include <gsasl.h>

#include <bsd/string.h>

#include "common/base64.h"
#include "common/credential.h"
#include "common/deadline.h"
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

/*
 * The keys that RFC 5802 section 3 makes of a password, of which one counts.
 * None are made of one that has no normal form (RFC 4013).
 */
static bool
scram_matches(const char *word, const char *password, unsigned int *iterations)
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
		made.server, made.stored) == GSASL_OK;
	*iterations = match ? s.iterations : 0;
	match = match && secret_equal(made.stored, want, sizeof(want));
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

/* Whether a verifier costs what new ones do: method and parameters. */
static bool
costs_as(const char *verifier, const char *dummy)
{
	const char *end = strchr(dummy + 1, '$');

	end = end != NULL ? strchr(end + 1, '$') : NULL;
	return end != NULL &&
	    strncmp(verifier, dummy, (size_t)(end + 1 - dummy)) == 0;
}

/*
 * What a wrong password has not cost yet, of all that there are on this site:
 * no account, and no name that has none, is told by its time.
 */
static void
make_up(const struct hash_request *request, unsigned int iterations)
{
	static const char password[] = "x", salt[CREDENTIAL_SALT_MADE];
	char dummy[VERIFIER_MAX + 1], salted[CREDENTIAL_KEY];
	char client[CREDENTIAL_KEY], server[CREDENTIAL_KEY];
	char stored[CREDENTIAL_KEY];

	hasher_dummy(dummy);
	if (request->kind != HASH_CRYPT || !costs_as(request->verifier, dummy))
		(void)crypt_matches(dummy, password); /* never true */
	/* Tables may have changed since the most was asked for. */
	if (request->iterations <= iterations)
		return;
	/* Only for the work: what comes of it is nobody's. */
	(void)gsasl_scram_secrets_from_password(GSASL_HASH_SHA256, password,
	    request->iterations - iterations, salt, sizeof(salt), salted,
	    client, server, stored);
}

/* Of our own password at another host, as that wants it. */
static bool
make_salted(const struct hash_request *request, uint8_t out[CREDENTIAL_KEY])
{
	struct {
		char client[CREDENTIAL_KEY], server[CREDENTIAL_KEY];
		char stored[CREDENTIAL_KEY];
	} unused;
	uint8_t salt[CREDENTIAL_SALT];
	size_t n;
	bool made;

	made = base64_decode(request->verifier, salt, sizeof(salt), &n) &&
	    gsasl_scram_secrets_from_password(GSASL_HASH_SHA256,
		request->password, request->iterations, (const char *)salt, n,
		(char *)out, unused.client, unused.server,
		unused.stored) == GSASL_OK;
	explicit_bzero(&unused, sizeof(unused));
	return made;
}

/* A right password need not hide: its client is let in. */
static void
work(const void *req, void *rep)
{
	const struct hash_request *request = req;
	struct hash_reply *reply = rep;
	unsigned int iterations = 0; /* that were needed */

	reply->began = deadline_now();
	switch ((enum hash_kind)request->kind) {
	case HASH_CRYPT:
		reply->match =
		    crypt_matches(request->verifier, request->password);
		break;
	case HASH_SCRAM:
		reply->match = scram_matches(
		    request->verifier, request->password, &iterations);
		break;
	case HASH_PLAIN:
		reply->match =
		    plain_matches(request->verifier, request->password);
		break;
	case HASH_SALTED:
		reply->match = make_salted(request, reply->salted);
		break;
	}
	if (!reply->match && request->kind != HASH_SALTED)
		make_up(request, iterations);
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
