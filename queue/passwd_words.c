/*
 * passwd_words: the words of an account in the file passwords, changed.
 *
 * In postrider(8), with the administrator's rights.  Memory only, wiped.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <bsd/string.h>

#include "common/base64.h"
#include "queue/passwd_hash.h"
#include "queue/passwd_words.h"

static bool
add_word(char out[CREDENTIAL_MAX + 1], const char *prefix, const char *word)
{
	if (*out != '\0')
		(void)strlcat(out, " ", CREDENTIAL_MAX + 1); /* told below */
	(void)strlcat(out, prefix, CREDENTIAL_MAX + 1);
	return strlcat(out, word, CREDENTIAL_MAX + 1) <= CREDENTIAL_MAX;
}

/* Adds each but the one that is left out; NULL: all. */
static bool
add_certificates(char out[CREDENTIAL_MAX + 1], const struct credential *c,
    const char *without)
{
	bool good = true;

	for (size_t i = 0; c->certificate[i] != NULL; i++)
		if (without == NULL ||
		    strcasecmp(c->certificate[i], without) != 0)
			good = good &&
			    add_word(out, "certificate:", c->certificate[i]);
	return good;
}

/* Whether the file holds a line for the account, and it is right. */
static bool
parse(const char *old, struct credential *c, const char **wanted)
{
	memset(c, 0, sizeof(*c));
	c->crypt = c->scram = c->plain = "";
	return *old == '\0' || credential_parse(old, c, wanted);
}

static bool
add_plain(char out[CREDENTIAL_MAX + 1], const char *password)
{
	char text[BASE64_LEN(PASSWORD_MAX) + 1];
	bool good;

	base64_encode(password, strlen(password), text);
	good = add_word(out, "plain:", text);
	explicit_bzero(text, sizeof(text));
	return good;
}

bool
passwd_words(const char *old, const char *password, bool plain,
    char out[CREDENTIAL_MAX + 1])
{
	char verifier[CRYPT_OUTPUT_SIZE] = "", scram[PASSWD_SCRAM] = "";
	struct credential c;
	const char *wanted;
	bool good;

	*out = '\0';
	good = passwd_hash(password, verifier) && passwd_scram(password, scram);
	if (good) {
		/* They fit: 384 + 160 + 690 + 8 * 77 bytes at most. */
		errno = EINVAL;
		good = parse(old, &c, &wanted) && add_word(out, "", verifier) &&
		    (*scram == '\0' || add_word(out, "", scram)) &&
		    (!plain || add_plain(out, password)) &&
		    add_certificates(out, &c, NULL);
		credential_clear(&c);
	}
	explicit_bzero(verifier, sizeof(verifier));
	explicit_bzero(scram, sizeof(scram));
	return good;
}

/* All but the certificates. */
static bool
add_secrets(char out[CREDENTIAL_MAX + 1], const struct credential *c)
{
	*out = '\0';
	return (*c->crypt == '\0' || add_word(out, "", c->crypt)) &&
	    (*c->scram == '\0' || add_word(out, "", c->scram)) &&
	    (*c->plain == '\0' || add_word(out, "", c->plain));
}

static bool
holds(const struct credential *c, const char *digest)
{
	for (size_t i = 0; c->certificate[i] != NULL; i++)
		if (strcasecmp(c->certificate[i], digest) == 0)
			return true;
	return false;
}

bool
passwd_words_add(const char *old, const char *digest,
    char out[CREDENTIAL_MAX + 1], const char **wanted)
{
	struct credential c, now;
	bool good = parse(old, &c, wanted);

	if (good && holds(&c, digest)) {
		*wanted = "a certificate that it does not have yet";
		good = false;
	}
	if (good) {
		*wanted = "at most 4000 bytes";
		good = add_secrets(out, &c) &&
		    add_certificates(out, &c, NULL) &&
		    add_word(out, "certificate:", digest) &&
		    credential_parse(out, &now, wanted);
		credential_clear(&now);
	}
	credential_clear(&c);
	return good;
}

bool
passwd_words_remove(const char *old, const char *digest,
    char out[CREDENTIAL_MAX + 1], const char **wanted)
{
	struct credential c;
	bool good = parse(old, &c, wanted);

	if (good) {
		*wanted = "a certificate that it has";
		good = digest != NULL ? holds(&c, digest)
				      : c.certificate[0] != NULL;
	}
	/* What came out of the file fits into it. */
	if (good)
		good = add_secrets(out, &c) &&
		    (digest == NULL || add_certificates(out, &c, digest));
	credential_clear(&c);
	return good;
}

void
passwd_words_mechs(const char *words, char out[PASSWD_MECHS])
{
	struct credential c;
	const char *wanted;

	*out = '\0';
	if (*words == '\0' || !credential_parse(words, &c, &wanted))
		return;
	(void)snprintf(out, PASSWD_MECHS, "%s%s%s%s",
	    *c.crypt != '\0' || *c.scram != '\0' || *c.plain != '\0'
		? " PLAIN LOGIN"
		: "",
	    *c.scram != '\0' ? " SCRAM-SHA-256" : "",
	    *c.plain != '\0' ? " CRAM-MD5 APOP" : "",
	    c.certificate[0] != NULL ? " EXTERNAL" : "");
	memmove(out, out + 1, strlen(out));
	credential_clear(&c);
}
