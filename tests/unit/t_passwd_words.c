/*
 * t_passwd_words: what is kept of an account's words when they change.
 */
#include "tests/unit/unit.h"

#include <crypt.h>
#include <gsasl.h>

#include "common/base64.h"
#include "queue/passwd_hash.h"
#include "queue/passwd_words.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define BIG "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"

static char words[CREDENTIAL_MAX + 1];
static struct credential cred;
static const char *wanted;

static void
parse(void)
{
	if (!credential_parse(words, &cred, &wanted))
		fail_msg("%s: %s", words, wanted);
}

static void
a_password(void **state)
{
	struct crypt_data data = { 0 };
	char password[600];

	(void)state;
	assert_true(passwd_words("", "secret", false, words));
	parse();
	assert_memory_equal(cred.crypt, "$y$", 3);
	assert_string_equal(
	    crypt_rn("secret", cred.crypt, &data, sizeof(data)), cred.crypt);
	assert_true(*cred.scram != '\0');
	assert_string_equal(cred.plain, "");
	assert_null(strstr(words, "secret"));
	assert_true(passwd_words("",
	    " s\xc3\xa9"
	    "cret ",
	    true, words));
	parse();
	assert_true(credential_plain(cred.plain, password, sizeof(password)));
	assert_string_equal(password,
	    " s\xc3\xa9"
	    "cret ");
}

/* Another password leaves certificates alone, and nothing else. */
static void
certificates_stay(void **state)
{
	(void)state;
	assert_true(
	    passwd_words("plain:c2VjcmV0 certificate:" A " certificate:" B,
		"other", false, words));
	parse();
	assert_string_equal(cred.plain, "");
	assert_string_equal(cred.certificate[0], A);
	assert_string_equal(cred.certificate[1], B);
	assert_null(cred.certificate[2]);
	assert_true(*cred.crypt != '\0' && *cred.scram != '\0');
}

/* As a server of SCRAM would compute it from the password. */
static void
scram(void **state)
{
	char salted[32], client[32], server[32], stored[32], text[64];
	uint8_t salt[CREDENTIAL_SALT];
	struct credential_scram parts;
	char one[PASSWD_SCRAM], two[PASSWD_SCRAM];
	size_t n;

	(void)state;
	/* U+00AD and U+2000: what SASLprep drops and makes a blank of. */
	assert_true(passwd_scram("a\xc2\xad"
				 "b\xe2\x80\x80"
				 "c",
	    one));
	assert_true(passwd_scram("ab c", two));
	assert_string_not_equal(one, two);
	for (int i = 0; i < 2; i++) {
		assert_true(credential_scram(i == 0 ? one : two, &parts));
		assert_int_equal(parts.iterations, 10000);
		assert_true(base64_decode(parts.salt, salt, sizeof(salt), &n));
		assert_int_equal(n, 16);
		assert_int_equal(
		    gsasl_scram_secrets_from_password(GSASL_HASH_SHA256, "ab c",
			10000, (const char *)salt, n, salted, client, server,
			stored),
		    GSASL_OK);
		base64_encode(stored, 32, text);
		assert_string_equal(parts.stored_key, text);
		base64_encode(server, 32, text);
		assert_string_equal(parts.server_key, text);
	}
}

/* Without a normal form there is no SCRAM word, and all else. */
static void
no_scram(void **state)
{
	static const char *const none[] = { "\xff\xfe", "\xc2\xad" };

	(void)state;
	for (size_t i = 0; i < COUNT(none); i++) {
		assert_true(passwd_words("", none[i], false, words));
		parse();
		assert_true(*cred.crypt != '\0');
		assert_string_equal(cred.scram, "");
	}
}

/* clang-format off */
static const struct {
	bool add;
	const char *old, *digest, *words;	/* NULL: refused */
} changes[] = {
	{ true,  "",				A,	"certificate:" A },
	{ true,  "plain:c2VjcmV0",		A,	"plain:c2VjcmV0 certificate:" A },
	{ true,  "certificate:" A,		B,	"certificate:" A " certificate:" B },
	{ true,  "certificate:" A,		A,	NULL },
	{ true,  "certificate:" B,		BIG,	NULL },
	{ true,  "",				"abc",	NULL },
	{ true,  "certificate:" A " certificate:" A " certificate:" A " certificate:" A
		 " certificate:" A " certificate:" A " certificate:" A " certificate:" A, B, NULL },
	{ false, "certificate:" A,		A,	"" },
	{ false, "certificate:" A " plain:c2VjcmV0", A,	"plain:c2VjcmV0" },
	{ false, "certificate:" A " certificate:" B, BIG, "certificate:" A },
	{ false, "certificate:" A " certificate:" B, NULL, "" },
	{ false, "certificate:" A,		B,	NULL },
	{ false, "plain:c2VjcmV0",		NULL,	NULL },
	{ false, "",				NULL,	NULL },
	{ false, "nonsense",			A,	NULL },
};
/* clang-format on */

static void
certificates(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(changes); i++) {
		bool good;

		wanted = NULL;
		good = changes[i].add ? passwd_words_add(changes[i].old,
					    changes[i].digest, words, &wanted)
				      : passwd_words_remove(changes[i].old,
					    changes[i].digest, words, &wanted);
		if (good != (changes[i].words != NULL) ||
		    (good && strcmp(words, changes[i].words) != 0))
			fail_msg("%zu: %s", i, good ? words : wanted);
		if (!good)
			assert_non_null(wanted);
	}
}

static void
mechs(void **state)
{
	static const struct {
		const char *words, *mechs;
	} cases[] = {
		{ "", "" },
		{ "nonsense", "" },
		{ "certificate:" A, "EXTERNAL" },
		{ "plain:c2VjcmV0", "PLAIN LOGIN CRAM-MD5 APOP" },
		{ "plain:c2VjcmV0 certificate:" A,
		    "PLAIN LOGIN CRAM-MD5 APOP EXTERNAL" },
	};
	char out[PASSWD_MECHS];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		passwd_words_mechs(cases[i].words, out);
		assert_string_equal(out, cases[i].mechs);
	}
	assert_true(passwd_words("certificate:" A, "secret", true, words));
	passwd_words_mechs(words, out);
	assert_string_equal(
	    out, "PLAIN LOGIN SCRAM-SHA-256 CRAM-MD5 APOP EXTERNAL");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_password),
		cmocka_unit_test(certificates_stay),
		cmocka_unit_test(scram),
		cmocka_unit_test(no_scram),
		cmocka_unit_test(certificates),
		cmocka_unit_test(mechs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
