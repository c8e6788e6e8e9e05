/*
 * passwd_hash: a password becomes its verifiers.
 *
 * In postrider(8), with the administrator's rights.  Keeps nothing: what
 * crypt(3) and GNU SASL worked with is wiped.
 */
#include <errno.h>
#include <gsasl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/base64.h"
#include "queue/passwd_hash.h"

const char *
passwd_wrong(const char *password)
{
	size_t n = strlen(password);

	if (n == 0)
		return "a password that is not empty";
	if (n > PASSWORD_MAX)
		return "a password of at most 511 bytes";
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)password[i] < ' ' || password[i] == 127)
			return "a password without control characters";
	return NULL;
}

bool
passwd_hash(const char *password, char verifier[CRYPT_OUTPUT_SIZE])
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	struct crypt_data *data = calloc(1, sizeof(*data));
	bool good;

	if (data == NULL)
		return false;
	good = crypt_gensalt_rn("$y$", 0, NULL, 0, setting, sizeof(setting)) !=
		NULL &&
	    crypt_rn(password, setting, data, sizeof(*data)) != NULL;
	if (good)
		strlcpy(verifier, data->output, CRYPT_OUTPUT_SIZE);
	explicit_bzero(data, sizeof(*data));
	free(data);
	return good;
}

static bool
derive(const char *prepared, char word[PASSWD_SCRAM])
{
	char salted[CREDENTIAL_KEY], client[CREDENTIAL_KEY];
	char server[CREDENTIAL_KEY], stored[CREDENTIAL_KEY],
	    salt[CREDENTIAL_SALT_MADE];
	char text[3][BASE64_LEN(CREDENTIAL_KEY) + 1];
	bool good = getentropy(salt, sizeof(salt)) == 0;

	errno = good ? ENOMEM : errno;
	good = good &&
	    gsasl_scram_secrets_from_password(GSASL_HASH_SHA256, prepared,
		CREDENTIAL_ITERATIONS, salt, sizeof(salt), salted, client,
		server, stored) == GSASL_OK;
	if (good) {
		base64_encode(salt, sizeof(salt), text[0]);
		base64_encode(stored, sizeof(stored), text[1]);
		base64_encode(server, sizeof(server), text[2]);
		(void)snprintf(word, PASSWD_SCRAM, "SCRAM-SHA-256$%d:%s$%s:%s",
		    CREDENTIAL_ITERATIONS, text[0], text[1], text[2]);
	}
	explicit_bzero(salted, sizeof(salted));
	explicit_bzero(client, sizeof(client));
	explicit_bzero(server, sizeof(server));
	explicit_bzero(stored, sizeof(stored));
	explicit_bzero(text, sizeof(text));
	return good;
}

bool
passwd_scram(const char *password, char word[PASSWD_SCRAM])
{
	char *prepared = NULL;
	bool good;
	int rc;

	rc = gsasl_saslprep(password, GSASL_ALLOW_UNASSIGNED, &prepared, NULL);
	word[0] = '\0';
	if (rc == GSASL_MALLOC_ERROR) {
		errno = ENOMEM;
		return false;
	}
	if (rc != GSASL_OK || *prepared == '\0')
		good = true;
	else
		good = derive(prepared, word);
	if (prepared != NULL)
		explicit_bzero(prepared, strlen(prepared));
	gsasl_free(prepared);
	return good;
}
