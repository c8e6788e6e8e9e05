/*
 * passwd_hash: a password becomes its verifier.
 *
 * In postrider(8), with the administrator's rights.  Keeps nothing: what
 * crypt(3) worked with is wiped.
 */
#include <string.h>

#include <bsd/string.h>

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
