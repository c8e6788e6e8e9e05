/*
 * hasher: comparing a password with its verifier.  In a worker of authd; has
 * one password and one verifier at a time, and no way out but one byte.
 */
#include <stdbool.h>
#include <string.h>

#include <crypt.h>

#include <bsd/string.h>

#include "common/hasher.h"
#include "common/secret.h"

static bool
equal(const char *a, const char *b)
{
	size_t n = strlen(a);

	return n == strlen(b) && secret_equal(a, b, n);
}

static void
work(const void *req, void *rep)
{
	static struct crypt_data data; /* 32 KiB: too much for the stack */
	const struct hash_request *request = req;
	struct hash_reply *reply = rep;
	const char *made;

	/* "*0" and "*1" are crypt(3)'s way to fail, as NULL is. */
	made = crypt_r(request->password, request->verifier, &data);
	reply->match =
	    made != NULL && made[0] != '*' && equal(made, request->verifier);
	explicit_bzero(&data, sizeof(data));
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
