/*
 * Unit test of common/credential.
 */
#include "tests/unit/unit.h"

#include <bsd/string.h>

#include "common/credential.h"

#define CRYPT                                                                  \
	"$y$j9T$abcdefghijklmnopqrstu0$"                                       \
	"abcdefghijklmnopqrstuvwxyzabcdefghijklmnop0"
#define KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define SERVER "//////////////////////////////////////////8="
#define SCRAM "SCRAM-SHA-256$4096:c2FsdA==$" KEY ":" SERVER
#define LONGEST "SCRAM-SHA-256$20000:c2FsdA==$" KEY ":" SERVER
#define PLAIN "plain:c2VjcmV0"
#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UPPER "0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF"
#define CERT "certificate:" HEX
#define CERT4 CERT " " CERT " " CERT " " CERT

static const struct {
	const char *words, *crypt, *scram, *plain;
	size_t certificates;
} good[] = {
	{ CRYPT, CRYPT, "", "", 0 },
	{ SCRAM, "", SCRAM, "", 0 },
	{ LONGEST, "", LONGEST, "", 0 },
	{ PLAIN, "", "", PLAIN, 0 },
	{ CERT, "", "", "", 1 },
	{ CRYPT " " SCRAM " " PLAIN " " CERT, CRYPT, SCRAM, PLAIN, 1 },
	{ "certificate:" UPPER " " SCRAM " " CERT " " CRYPT, CRYPT, SCRAM, "",
	    2 },
	{ CERT4 " " CERT4, "", "", "", 8 },
};

static const char *const bad[] = {
	"",
	" ",
	" " CRYPT,
	CRYPT " ",
	CRYPT "  " SCRAM,
	CRYPT "\t" SCRAM,
	CRYPT " " CRYPT,
	SCRAM " " SCRAM,
	PLAIN " " PLAIN,
	CERT4 " " CERT4 " " CERT,
	CRYPT ":x",
	"$",
	"$nonsense$x",
	"x",
	"!" CRYPT,
	"*",
	"PLAIN:c2VjcmV0",
	"plain:",
	"plain:c2VjcmV",
	"plain:AA==",
	"plain:YQBi",
	"plain:secret!!",
	"certificate:",
	"certificate:" HEX "0",
	"certificate:0123",
	"certificate:"
	"g123456789abcdef0123456789abcdef0123456789abcdef0123456789ab"
	"cdef",
	"SCRAM-SHA-256$",
	"SCRAM-SHA-1$4096:c2FsdA==$" KEY ":" SERVER,
	"SCRAM-SHA-256$4095:c2FsdA==$" KEY ":" SERVER,
	"SCRAM-SHA-256$20001:c2FsdA==$" KEY ":" SERVER,
	"SCRAM-SHA-256$-1:c2FsdA==$" KEY ":" SERVER,
	"SCRAM-SHA-256$:c2FsdA==$" KEY ":" SERVER,
	"SCRAM-SHA-256$4096:$" KEY ":" SERVER,
	"SCRAM-SHA-256$4096:c2Fsd$" KEY ":" SERVER,
	"SCRAM-SHA-256$4096:c2FsdA==$" KEY,
	"SCRAM-SHA-256$4096:c2FsdA==$" KEY ":",
	"SCRAM-SHA-256$4096:c2FsdA==$" KEY ":" SERVER ":",
	"SCRAM-SHA-256$4096:c2FsdA==$" KEY ":AAAA",
	"SCRAM-SHA-256$4096:c2FsdA==$AAAA:" SERVER,
	"SCRAM-SHA-256$4096:c2FsdA==:" KEY "$" SERVER,
	CRYPT " caf\xc3\xa9",
};

static void
parses(void **state)
{
	struct credential c;
	const char *wanted;
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_true(credential_parse(good[i].words, &c, &wanted));
		assert_string_equal(c.crypt, good[i].crypt);
		assert_string_equal(c.scram, good[i].scram);
		assert_string_equal(c.plain, good[i].plain);
		for (n = 0; c.certificate[n] != NULL; n++)
			assert_string_equal(c.certificate[n], HEX);
		assert_int_equal(n, good[i].certificates);
		credential_clear(&c);
		assert_string_equal(c.crypt, "");
		assert_null(c.certificate[0]);
	}
}

static void
refuses(void **state)
{
	struct credential c;
	const char *wanted;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		wanted = NULL;
		assert_false(credential_parse(bad[i], &c, &wanted));
		assert_non_null(wanted);
		assert_string_equal(c.crypt, "");
		assert_string_equal(c.words, "");
	}
}

static void
bounds(void **state)
{
	static char words[CREDENTIAL_MAX + 2];
	struct credential c;
	const char *wanted;

	(void)state;
	memset(words, 'x', sizeof(words) - 1);
	assert_false(credential_parse(words, &c, &wanted));
	assert_string_equal(wanted, "at most 4000 bytes");
}

static void
scram(void **state)
{
	struct credential_scram s;

	(void)state;
	assert_true(credential_scram(SCRAM, &s));
	assert_int_equal(s.iterations, 4096);
	assert_string_equal(s.salt, "c2FsdA==");
	assert_string_equal(s.stored_key, KEY);
	assert_string_equal(s.server_key, SERVER);
	assert_false(credential_scram("", &s));
	assert_false(credential_scram(CRYPT, &s));
}

static void
plain(void **state)
{
	char password[PASSWORD_MAX + 1], word[1000] = "plain:";

	(void)state;
	assert_true(credential_plain(PLAIN, password, sizeof(password)));
	assert_string_equal(password, "secret");
	assert_true(credential_plain(PLAIN, password, 7));
	assert_false(credential_plain(PLAIN, password, 6));
	assert_false(credential_plain("", password, sizeof(password)));
	/* 510 bytes, and 513. */
	memset(word + 6, 'A', 680);
	for (size_t i = 0; i < 680; i += 4)
		word[6 + i] = 'Y';
	assert_false(credential_plain(word, password, sizeof(password)));
	memset(word + 6, 'Y', 680);
	assert_true(credential_plain(word, password, sizeof(password)));
	assert_int_equal(strlen(password), 510);
	memset(word + 6, 'Y', 684);
	assert_false(credential_plain(word, password, sizeof(password)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses),
		cmocka_unit_test(refuses),
		cmocka_unit_test(bounds),
		cmocka_unit_test(scram),
		cmocka_unit_test(plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
