/*
 * Unit test of common/hasher.
 */
#include "tests/unit/unit.h"

#include <bsd/string.h>

#include "common/hasher.h"

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

static int
match(const char *verifier, const char *password)
{
	struct hash_request request;
	struct hash_reply reply = { 0 };

	memset(&request, 0, sizeof(request));
	strlcpy(request.verifier, verifier, sizeof(request.verifier));
	strlcpy(request.password, password, sizeof(request.password));
	hasher_kind.work(&request, &reply);
	return reply.match;
}

static void
table(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(match(cases[i].verifier, cases[i].password),
		    cases[i].match);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(dummy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
