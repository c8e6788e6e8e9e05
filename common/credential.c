/*
 * credential: an account's words, taken apart.
 *
 * In authd, as postrider-auth, and in postrider, as the administrator; pure
 * functions.  What they are given is secret: nothing of it is ever in an error
 * text.
 */
#include <crypt.h>
#include <stdint.h>
#include <string.h>

#include <bsd/string.h>

#include "common/base64.h"
#include "common/credential.h"
#include "common/num.h"

_Static_assert(
    PASSWORD_MAX < CRYPT_MAX_PASSPHRASE_SIZE, "each password can be hashed");

#define NUMBER(n) TEXT(n)
#define TEXT(n) #n

static const char scram_name[] = "SCRAM-SHA-256$";
/* clang-format off */
static const char scram_wanted[] =
    "SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY with "
    NUMBER(CREDENTIAL_ITERATIONS_MIN) " to " NUMBER(CREDENTIAL_ITERATIONS_MAX)
    " iterations and the rest in base64";
/* clang-format on */
static const char plain_name[] = "plain:";
static const char certificate_name[] = "certificate:";

/* Puts a word where it belongs, or says what was wanted instead. */
typedef const char *put_word(struct credential *, char *word);

static const char *
put_crypt(struct credential *c, char *word)
{
	/* What may not stand in a shadow file is no hash. */
	if (strlen(word) >= CRYPT_OUTPUT_SIZE ||
	    strpbrk(word, ":*!\\;") != NULL ||
	    crypt_checksalt(word) == CRYPT_SALT_INVALID)
		return "a verifier of crypt(5) like $y$...";
	if (c->crypt[0] != '\0')
		return "one verifier of crypt(5)";
	c->crypt = word;
	return NULL;
}

static const char *
put_scram(struct credential *c, char *word)
{
	struct credential_scram parts;
	bool good = credential_scram(word, &parts);

	explicit_bzero(&parts, sizeof(parts));
	if (!good)
		return scram_wanted;
	if (c->scram[0] != '\0')
		return "one word SCRAM-SHA-256$...";
	c->scram = word;
	return NULL;
}

static const char *
put_plain(struct credential *c, char *word)
{
	char password[PASSWORD_MAX + 1];
	bool good = credential_plain(word, password, sizeof(password));

	explicit_bzero(password, sizeof(password));
	if (!good)
		return "plain: and a password of 1 to 511 bytes in base64";
	if (c->plain[0] != '\0')
		return "one word plain:...";
	c->plain = word;
	return NULL;
}

static const char *
put_certificate(struct credential *c, char *word)
{
	char *hex = word + sizeof(certificate_name) - 1;
	size_t n = 0;

	if (strlen(hex) != 64 || strspn(hex, "0123456789abcdefABCDEF") != 64)
		return "certificate: and the 64 hex digits of its SHA-256";
	for (size_t i = 0; i < 64; i++)
		if (hex[i] >= 'A' && hex[i] <= 'F')
			hex[i] = (char)(hex[i] - 'A' + 'a');
	while (c->certificate[n] != NULL)
		n++;
	if (n == CREDENTIAL_CERTIFICATES)
		return "at most 8 certificates";
	c->certificate[n] = hex;
	return NULL;
}

static const struct kind {
	const char *prefix;
	put_word *put;
} kinds[] = {
	{ "$", put_crypt },
	{ scram_name, put_scram },
	{ plain_name, put_plain },
	{ certificate_name, put_certificate },
};

static const char *
put(struct credential *c, char *word)
{
	for (const char *p = word; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			return "printable ASCII";
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(word, kinds[i].prefix, strlen(kinds[i].prefix)) ==
		    0)
			return kinds[i].put(c, word);
	return "$..., SCRAM-SHA-256$..., plain:... or certificate:...";
}

bool
credential_parse(const char *words, struct credential *c, const char **wanted)
{
	char *next = c->words;

	memset(c, 0, sizeof(*c));
	c->crypt = c->scram = c->plain = "";
	*wanted = "at most 4000 bytes";
	if (strlcpy(c->words, words, sizeof(c->words)) < sizeof(c->words))
		do
			*wanted = put(c, strsep(&next, " "));
		while (*wanted == NULL && next != NULL);
	if (*wanted == NULL)
		return true;
	credential_clear(c);
	return false;
}

void
credential_clear(struct credential *c)
{
	explicit_bzero(c, sizeof(*c));
	c->crypt = c->scram = c->plain = "";
}

/* Of at least and at most so many bytes when it is decoded. */
static bool
is_base64(const char *s, size_t least, size_t most)
{
	uint8_t bytes[CREDENTIAL_SALT];
	size_t n;
	bool good = base64_decode(s, bytes, sizeof(bytes), &n) && n >= least &&
	    n <= most;

	explicit_bzero(bytes, sizeof(bytes));
	return good;
}

bool
credential_scram(const char *scram, struct credential_scram *s)
{
	char *next = s->text, *iterations, *server_key;
	uint64_t n;

	if (strncmp(scram, scram_name, sizeof(scram_name) - 1) != 0 ||
	    strlcpy(s->text, scram + sizeof(scram_name) - 1, sizeof(s->text)) >=
		sizeof(s->text))
		return false;
	iterations = strsep(&next, ":");
	if ((s->salt = strsep(&next, "$")) == NULL ||
	    (s->stored_key = strsep(&next, ":")) == NULL ||
	    (server_key = next) == NULL ||
	    !num_parse(iterations, CREDENTIAL_ITERATIONS_MAX, &n) ||
	    n < CREDENTIAL_ITERATIONS_MIN)
		return false;
	s->iterations = (unsigned int)n;
	s->server_key = server_key;
	return is_base64(s->salt, 1, CREDENTIAL_SALT) &&
	    is_base64(s->stored_key, CREDENTIAL_KEY, CREDENTIAL_KEY) &&
	    is_base64(s->server_key, CREDENTIAL_KEY, CREDENTIAL_KEY);
}

bool
credential_plain(const char *plain, char *password, size_t size)
{
	size_t n;

	/* It is decoded to where the caller wipes it. */
	if (strncmp(plain, plain_name, sizeof(plain_name) - 1) != 0 ||
	    !base64_decode(plain + sizeof(plain_name) - 1, (uint8_t *)password,
		size - 1, &n) ||
	    n == 0 || n > PASSWORD_MAX || memchr(password, '\0', n) != NULL)
		return false;
	password[n] = '\0';
	return true;
}
