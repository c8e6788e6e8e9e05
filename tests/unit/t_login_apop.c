/*
 * t_login_apop: timestamps, and what is sent for them.
 */
#include "tests/unit/unit.h"

#include "pop3d/login_apop.h"

#define STAMP "<1.2-3@host.example>"
#define DIGEST "c4c9334bac560ecc979e58001b3e22fb" /* RFC 1939's own */

/* A msg-id (RFC 822), and no two are the same. */
static void
stamps(void **state)
{
	static char seen[1000][APOP_STAMP_MAX + 1];
	char host[DOMAIN_MAX + 1];
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(seen); i++) {
		login_apop_stamp(seen[i], "mail.example.org");
		n = strlen(seen[i]);
		assert_true(n > 18 + 32);
		assert_int_equal(seen[i][0], '<');
		assert_string_equal(strchr(seen[i], '@'), "@mail.example.org>");
		assert_int_equal(strspn(seen[i] + 1, "0123456789abcdef.-"),
		    n - 1 - strlen("@mail.example.org>"));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(seen[i], seen[j]);
	}
	memset(host, 'h', sizeof(host) - 1);
	host[sizeof(host) - 1] = '\0';
	login_apop_stamp(seen[0], host);
	assert_int_equal(seen[0][strlen(seen[0]) - 1], '>');
}

static void
arguments(void **state)
{
	/* clang-format off */
	static const struct {
		const char *arg, *token; /* NULL: is none */
		uint32_t len;
	} rows[] = {
		{ "mrose " DIGEST,	STAMP "\0mrose\0" DIGEST, 59 },
		{ "a b " DIGEST,	STAMP "\0a b\0" DIGEST, 57 },
		{ "",			NULL, 0 },
		{ "mrose",		NULL, 0 },
		{ DIGEST,		NULL, 0 },
		{ " " DIGEST,		NULL, 0 },
		{ "mrose ",		NULL, 0 },
		{ "mrose " DIGEST "0",	NULL, 0 },
		{ "mrose c4c9334bac560ecc979e58001b3e22f", NULL, 0 },
		{ "mrose C4C9334BAC560ECC979E58001B3E22FB", NULL, 0 },
		{ "mrose c4c9334bac560ecc979e58001b3e22fg", NULL, 0 },
	};
	/* clang-format on */
	struct msg_auth_start m;
	char arg[200];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		memset(&m, 0, sizeof(m));
		(void)snprintf(arg, sizeof(arg), "%s", rows[i].arg);
		assert_int_equal(
		    login_apop_start(STAMP, arg, &m), rows[i].token != NULL);
		if (rows[i].token == NULL)
			continue;
		assert_string_equal(m.mech, "APOP");
		assert_int_equal(m.flags, AUTH_INITIAL);
		assert_int_equal(m.token_len, rows[i].len);
		assert_memory_equal(m.token, rows[i].token, m.token_len);
	}
}

/* More than a token holds is none, and nothing is written past its end. */
static void
too_long(void **state)
{
	static char arg[TOKEN_MAX + 100];
	struct msg_auth_start m = { 0 };
	const size_t room = TOKEN_MAX - strlen(STAMP) - 1 - 1 - APOP_DIGITS;

	(void)state;
	for (size_t more = 0; more < 2; more++) {
		memset(arg, 'n', room + more);
		memcpy(arg + room + more, " " DIGEST, sizeof(" " DIGEST));
		assert_int_equal(login_apop_start(STAMP, arg, &m), more == 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stamps),
		cmocka_unit_test(arguments),
		cmocka_unit_test(too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
