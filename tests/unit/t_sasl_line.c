/*
 * t_sasl_line: AUTH's argument, answers and challenges.
 */
#include "tests/unit/unit.h"

#include "common/sasl_line.h"

#define OFFERED "SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN"

struct start_row {
	const char *in;
	enum sasl_line want;
	const char *mech;
	bool initial;
	const char *token;
	uint32_t len;
};

/* clang-format off */
static const struct start_row starts[] = {
	{ "PLAIN",			SASL_OK, "PLAIN", false, "", 0 },
	{ "login",			SASL_OK, "LOGIN", false, "", 0 },
	{ "PLAIN =",			SASL_OK, "PLAIN", true, "", 0 },
	{ "Plain AGEAYg==",		SASL_OK, "PLAIN", true, "\0a\0b", 4 },
	{ "LOGIN dXNlcg==",		SASL_OK, "LOGIN", true, "user", 4 },
	{ "PLAIN  AGEAYg==",		SASL_OK, "PLAIN", true, "\0a\0b", 4 },
	{ "",				SASL_SYNTAX, NULL, false, NULL, 0 },
	{ "PLAIN AGEA Yg==",		SASL_SYNTAX, NULL, false, NULL, 0 },
	{ "scram-sha-256-PLUS =",	SASL_OK, "SCRAM-SHA-256-PLUS", true, "", 0 },
	{ "SCRAM-SHA-256",		SASL_OK, "SCRAM-SHA-256", false, "", 0 },
	{ "SCRAM-SHA-25",		SASL_UNKNOWN, NULL, false, NULL, 0 },
	{ "SCRAM-SHA-256-",		SASL_UNKNOWN, NULL, false, NULL, 0 },
	{ "CRAM-MD5",			SASL_UNKNOWN, NULL, false, NULL, 0 },
	{ "PLAINX",			SASL_UNKNOWN, NULL, false, NULL, 0 },
	{ "PLAI",			SASL_UNKNOWN, NULL, false, NULL, 0 },
	{ "PLAIN AGEAY",		SASL_BASE64, NULL, false, NULL, 0 },
	{ "PLAIN AGEAYg",		SASL_BASE64, NULL, false, NULL, 0 },
	{ "PLAIN AGEAYg=",		SASL_BASE64, NULL, false, NULL, 0 },
	{ "PLAIN AG=AYg==",		SASL_BASE64, NULL, false, NULL, 0 },
	{ "PLAIN ====",			SASL_BASE64, NULL, false, NULL, 0 },
	{ "PLAIN AGEA\tg==",		SASL_BASE64, NULL, false, NULL, 0 },
	{ "PLAIN AGEA*g==",		SASL_BASE64, NULL, false, NULL, 0 },
	{ "PLAIN *",			SASL_BASE64, NULL, false, NULL, 0 },
};
/* clang-format on */

static void
start(void **state)
{
	struct msg_auth_start m;

	(void)state;
	for (size_t i = 0; i < COUNT(starts); i++) {
		const struct start_row *r = &starts[i];

		memset(&m, 0xff, sizeof(m));
		m.flags = AUTH_TLS | AUTH_INITIAL;
		assert_int_equal(sasl_start(r->in, OFFERED, &m), r->want);
		if (r->want != SASL_OK)
			continue;
		assert_string_equal(m.mech, r->mech);
		assert_int_equal(
		    m.flags, AUTH_TLS | (r->initial ? AUTH_INITIAL : 0));
		assert_int_equal(m.token_len, r->len);
		assert_memory_equal(m.token, r->token, r->len);
	}
}

static void
response(void **state)
{
	struct msg_auth_response m;

	(void)state;
	assert_int_equal(sasl_response("*", &m), SASL_CANCEL);
	assert_int_equal(sasl_response("", &m), SASL_OK);
	assert_int_equal(m.token_len, 0);
	assert_int_equal(sasl_response("dXNlcg==", &m), SASL_OK);
	assert_int_equal(m.token_len, 4);
	assert_memory_equal(m.token, "user", 4);
	assert_int_equal(sasl_response("=", &m), SASL_BASE64);
	assert_int_equal(sasl_response("**", &m), SASL_BASE64);
	assert_int_equal(sasl_response("dXNlcg== ", &m), SASL_BASE64);
}

/* 12 288 bytes of a line with CRLF make the longest token there can be. */
static void
bounds(void **state)
{
	static char line[SASL_LINE_MAX + 8];
	struct msg_auth_response m;

	(void)state;
	memset(line, 'A', TOKEN_MAX / 3 * 4);
	assert_int_equal(sasl_response(line, &m), SASL_OK);
	assert_int_equal(m.token_len, TOKEN_MAX);
	memset(line, 'A', TOKEN_MAX / 3 * 4 + 4);
	assert_int_equal(sasl_response(line, &m), SASL_BASE64);
}

static void
challenge(void **state)
{
	struct msg_auth_challenge m = { .token_len = 9 };
	char out[SASL_CHALLENGE_MAX];

	(void)state;
	memcpy(m.token, "Username:", 9);
	sasl_challenge("334 ", &m, out);
	assert_string_equal(out, "334 VXNlcm5hbWU6\r\n");
	memcpy(m.token, "Password:", 9);
	sasl_challenge("+ ", &m, out);
	assert_string_equal(out, "+ UGFzc3dvcmQ6\r\n");
	m.token_len = 0;
	sasl_challenge("334 ", &m, out);
	assert_string_equal(out, "334 \r\n");
	m.token_len = TOKEN_MAX;
	memset(m.token, 0xff, TOKEN_MAX);
	sasl_challenge("334 ", &m, out);
	assert_int_equal(strlen(out), sizeof(out) - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(start),
		cmocka_unit_test(response),
		cmocka_unit_test(bounds),
		cmocka_unit_test(challenge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
