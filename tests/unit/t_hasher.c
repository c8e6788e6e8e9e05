/*
 * Unit test of common/hasher.
 * wrap: crypt_r gsasl_scram_secrets_from_password
 */
#include "tests/unit/unit.h"

#include <crypt.h>
#include <gsasl.h>

#include <bsd/string.h>

#include "common/deadline.h"
#include "common/hasher.h"

/* --- the work that was done */

static int crypts, foreign_crypts; /* as new hashes are, and others */
static unsigned int iterations;

char *__real_crypt_r(const char *, const char *, struct crypt_data *);
char *__wrap_crypt_r(const char *, const char *, struct crypt_data *);
int __real_gsasl_scram_secrets_from_password(Gsasl_hash, const char *,
    unsigned int, const char *, size_t, char *, char *, char *, char *);
int __wrap_gsasl_scram_secrets_from_password(Gsasl_hash, const char *,
    unsigned int, const char *, size_t, char *, char *, char *, char *);

char *
__wrap_crypt_r(const char *phrase, const char *setting, struct crypt_data *d)
{
	if (strncmp(setting, "$y$j9T$", 7) == 0)
		crypts++;
	else
		foreign_crypts++;
	return __real_crypt_r(phrase, setting, d);
}

int
__wrap_gsasl_scram_secrets_from_password(Gsasl_hash h, const char *p,
    unsigned int count, const char *salt, size_t n, char *salted, char *client,
    char *server, char *stored)
{
	int r = __real_gsasl_scram_secrets_from_password(
	    h, p, count, salt, n, salted, client, server, stored);

	if (r == GSASL_OK)
		iterations += count;
	return r;
}

static const struct {
	const char *verifier, *password;
	int match;
} cases[] = {
	/* The specification's own example of SHA-512 crypt. */
	{ "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQ"
	  "JuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
	    "Hello world!", 1 },
	{ "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQ"
	  "JuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
	    "Hello world", 0 },
	/* Cut: must not match by being a beginning. */
	{ "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjn",
	    "Hello world!", 0 },
	{ "$6$saltstring$", "Hello world!", 0 },
	{ "", "", 0 },
	{ "", "x", 0 },
	{ "*", "x", 0 },
	{ "*0", "x", 0 },
	{ "*1", "x", 0 },
	{ "!", "x", 0 },
	{ "!$6$saltstring$svn8UoSVapNtMuq1", "x", 0 },
	{ "$nonsense$", "x", 0 },
	{ "x", "x", 0 },
	{ "plaintext", "plaintext", 0 },
};

/* RFC 7677 section 3: "pencil"; the keys of that exchange. */
#define SCRAM                                                                  \
	"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"                         \
	"WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"                        \
	"wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

/* U+00AD goes and U+2168 is "IX" (RFC 4013 section 3): "IX". */
#define PREPARED                                                               \
	"SCRAM-SHA-256$4096:AAAAAAAAAAAAAAAAAAAAAA==$"                         \
	"NNIh4Ev+CQRqWyc0eATfezvBYeJ5CQQoNuo5pvprV7U=:"                        \
	"wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

static const struct {
	uint32_t kind;
	const char *verifier, *password;
	int match;
} words[] = {
	{ HASH_SCRAM, SCRAM, "pencil", 1 },
	{ HASH_SCRAM, SCRAM, "Pencil", 0 },
	{ HASH_SCRAM, SCRAM, "pencil ", 0 },
	{ HASH_SCRAM, SCRAM, "", 0 },
	{ HASH_SCRAM, SCRAM, "\xff", 0 },
	{ HASH_SCRAM, PREPARED, "IX", 1 },
	{ HASH_SCRAM, PREPARED, "I\xc2\xadX", 1 },
	{ HASH_SCRAM, PREPARED, "\xe2\x85\xa8", 1 },
	{ HASH_SCRAM, "", "", 0 },
	{ HASH_SCRAM, "x", "x", 0 },
	{ HASH_SCRAM, "plain:c2VjcmV0", "secret", 0 },
	{ HASH_PLAIN, "plain:c2VjcmV0", "secret", 1 },
	{ HASH_PLAIN, "plain:c2VjcmV0", "secre", 0 },
	{ HASH_PLAIN, "plain:c2VjcmV0", "secrets", 0 },
	{ HASH_PLAIN, "plain:c2VjcmV0", "", 0 },
	{ HASH_PLAIN, "plain:", "", 0 },
	{ HASH_PLAIN, "", "", 0 },
	{ HASH_PLAIN, "x", "x", 0 },
	{ HASH_PLAIN, SCRAM, "pencil", 0 },
	{ HASH_CRYPT, "plain:c2VjcmV0", "secret", 0 },
	{ HASH_CRYPT, SCRAM, "pencil", 0 },
};

static uint32_t site_iterations;

static int
match_as(uint32_t kind, const char *verifier, const char *password)
{
	struct hash_request request;
	struct hash_reply reply = { 0 };

	crypts = foreign_crypts = 0;
	iterations = 0;
	memset(&request, 0, sizeof(request));
	request.kind = kind;
	request.iterations = site_iterations;
	strlcpy(request.verifier, verifier, sizeof(request.verifier));
	strlcpy(request.password, password, sizeof(request.password));
	hasher_kind.work(&request, &reply);
	return reply.match;
}

static int
match(const char *verifier, const char *password)
{
	return match_as(HASH_CRYPT, verifier, password);
}

static void
table(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(match(cases[i].verifier, cases[i].password),
		    cases[i].match);
}

static void
other_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(words); i++)
		assert_int_equal(match_as(words[i].kind, words[i].verifier,
				     words[i].password),
		    words[i].match);
}

/* Nothing matches it, not even what an attacker would try first. */
static void
dummy(void **state)
{
	char verifier[VERIFIER_MAX + 1], second[VERIFIER_MAX + 1];
	char longest[PASSWORD_MAX + 1];

	(void)state;
	hasher_dummy(verifier);
	assert_memory_equal(verifier, "$y$", 3);
	assert_int_equal(match(verifier, ""), 0);
	assert_int_equal(match(verifier, verifier), 0);
	memset(longest, 'a', PASSWORD_MAX);
	longest[PASSWORD_MAX] = '\0';
	assert_int_equal(match(verifier, longest), 0);
	hasher_dummy(second);
	assert_string_not_equal(verifier, second);
}

/* Of "secret". */
#define YESCRYPT                                                               \
	"$y$j9T$F5Jx5fExrKuPp53xLKQ..1$tnSYvahCwPBHKZUspmcxMfb0.WiB9W."        \
	"zEaKlOBL35rC"

/* The same for every word that an account of the site could have. */
static void
same_work(void **state)
{
	static const struct {
		uint32_t kind;
		const char *verifier, *password;
		int foreign;
	} wrong[] = {
		{ HASH_CRYPT, NULL, "x", 0 }, /* nobody's */
		{ HASH_CRYPT, YESCRYPT, "x", 0 },
		{ HASH_CRYPT, "$6$saltstring$x", "x", 1 },
		{ HASH_CRYPT, "$y$j75$F5Jx5fExrKuPp53xLKQ..1$", "x", 1 },
		{ HASH_CRYPT, "*", "x", 1 },
		{ HASH_SCRAM, SCRAM, "Pencil", 0 },
		{ HASH_SCRAM, SCRAM, "\xff", 0 },
		{ HASH_SCRAM, "x", "x", 0 },
		{ HASH_PLAIN, "plain:c2VjcmV0", "x", 0 },
		{ HASH_PLAIN, "x", "x", 0 },
	};
	static const uint32_t sites[] = { 0, 4096, 10000 };
	char verifier[VERIFIER_MAX + 1];

	(void)state;
	for (size_t s = 0; s < COUNT(sites); s++)
		for (size_t i = 0; i < COUNT(wrong); i++) {
			/* Where there is such a word the site knows. */
			if (sites[s] == 0 && wrong[i].kind == HASH_SCRAM)
				continue;
			site_iterations = sites[s];
			hasher_dummy(verifier);
			assert_int_equal(
			    match_as(wrong[i].kind,
				wrong[i].verifier != NULL ? wrong[i].verifier
							  : verifier,
				wrong[i].password),
			    0);
			if (crypts != 1 || foreign_crypts != wrong[i].foreign ||
			    iterations != sites[s])
				fail_msg("%zu: %d and %d hashes, %u iterations",
				    i, crypts, foreign_crypts, iterations);
		}
	site_iterations = 0;
}

/* From when it took the password: what it waited in line is not its work. */
static void
says_when(void **state)
{
	struct hash_request request = { .kind = HASH_PLAIN };
	struct hash_reply reply = { 0 };
	int64_t before = deadline_now();

	(void)state;
	hasher_kind.work(&request, &reply);
	assert_true(reply.began >= before);
	assert_true(reply.began <= deadline_now());
}

/* RFC 7677 section 3 has the words of which its keys are made. */
static void
salted(void **state)
{
	static const uint8_t wanted[CREDENTIAL_KEY] = { 0xc4, 0xa4, 0x95, 0x10,
		0x32, 0x3a, 0xb4, 0xf9, 0x52, 0xca, 0xc1, 0xfa, 0x99, 0x44,
		0x19, 0x39, 0xe7, 0x8e, 0xa7, 0x4d, 0x6b, 0xe8, 0x1d, 0xdf,
		0x70, 0x96, 0xe8, 0x75, 0x13, 0xdc, 0x61, 0x5d };
	struct hash_request q = { .kind = HASH_SALTED, .iterations = 4096 };
	struct hash_reply r = { .match = 0 };

	(void)state;
	strlcpy(q.verifier, "W22ZaJ0SNY7soEsUEjb6gQ==", sizeof(q.verifier));
	strlcpy(q.password, "pencil", sizeof(q.password));
	crypts = foreign_crypts = 0;
	iterations = 0;
	hasher_kind.work(&q, &r);
	assert_int_equal(r.match, 1);
	assert_memory_equal(r.salted, wanted, sizeof(wanted));
	/* What has no normal form; nobody is kept in the dark about it. */
	strlcpy(q.password, "\x01", sizeof(q.password));
	memset(&r, 0, sizeof(r));
	hasher_kind.work(&q, &r);
	assert_int_equal(r.match, 0);
	assert_int_equal(iterations, 4096);
	assert_int_equal(crypts + foreign_crypts, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(other_words),
		cmocka_unit_test(dummy),
		cmocka_unit_test(same_work),
		cmocka_unit_test(says_when),
		cmocka_unit_test(salted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
