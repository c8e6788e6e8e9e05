/*
 * Unit test of common/auth_session: mechanisms that send no password, and what
 * tlsd says of a client.
 * wrap: login_check_start login_check_cancel handover_start handover_cancel
 * wrap: workers_submit workers_cancel
 */
#include "tests/unit/auth_talk.h"

#define FIRST "n,,n=alice,r=abc", 16

/* HMAC (RFC 2104) over SHA-256 of a key of 32 bytes. */
static void
mac(const uint8_t key[32], const char *text, uint8_t out[32])
{
	struct hmac h;

	hmac_start(&h, key);
	hmac_put(&h, text, strlen(text));
	hmac_end(&h, out);
}

/* The answer to the server's first message, for the password "secret". */
static void
scram_last(const char *first, char *out, size_t size)
{
	static const uint8_t client_key[32] = { 0xde, 0x9b, 0x70, 0xf5, 0xc0,
		0xb5, 0xac, 0x14, 0xdc, 0x3c, 0x12, 0x38, 0xa1, 0xbf, 0x5f,
		0x1e, 0x3f, 0x77, 0xb0, 0x59, 0x86, 0x29, 0xc9, 0x35, 0x28,
		0xce, 0xda, 0x4d, 0xca, 0xd2, 0xd3, 0x2b };
	static const uint8_t stored_key[32] = { 0xbf, 0xd7, 0x31, 0xcb, 0x85,
		0x82, 0x0e, 0xd7, 0x3c, 0x50, 0xcc, 0x53, 0x83, 0xa2, 0x97,
		0x0a, 0xd9, 0x71, 0x22, 0x4b, 0xb5, 0x6d, 0x42, 0x93, 0x1a,
		0xe5, 0x84, 0x5c, 0x50, 0xb5, 0x2f, 0x9e };
	char nonce[200], text[TOKEN_MAX + 500], b64[BASE64_LEN(32) + 1];
	uint8_t proof[32];

	strlcpy(nonce, first + 2, sizeof(nonce));
	nonce[strcspn(nonce, ",")] = '\0';
	(void)snprintf(
	    text, sizeof(text), "n=alice,r=abc,%s,c=biws,r=%s", first, nonce);
	mac(stored_key, text, proof);
	for (size_t i = 0; i < sizeof(proof); i++)
		proof[i] ^= client_key[i];
	base64_encode(proof, sizeof(proof), b64);
	(void)snprintf(out, size, "c=biws,r=%s,p=%s", nonce, b64);
}

/* Up to where the credentials are judged. */
static void
scram_until_judged(const char *service)
{
	char first[TOKEN_MAX + 1], last[1000];

	start(service, "SCRAM-SHA-256", FIRST);
	expect(AUTH_T_CHALLENGE);
	memcpy(first, m.challenge.token, m.challenge.token_len);
	first[m.challenge.token_len] = '\0';
	scram_last(first, last, sizeof(last));
	respond(last);
	assert_int_equal(check.kind, SASL_PROOF);
	assert_null(check.fault);
	assert_string_equal(check.login, "alice");
	assert_string_equal(check.account, "alice@example.org");
	unexpected();
}

static void
scram(void **state)
{
	struct msg_auth_cancel cancel = { 0 };

	(void)state;
	scram_until_judged("smtp");
	finish(LOGIN_OK, "alice@example.org");
	expect(AUTH_T_CHALLENGE);
	assert_memory_equal(m.challenge.token, "v=", 2);
	respond("");
	expect(AUTH_T_SUCCESS);
	assert_string_equal(m.success.login, "alice@example.org");
	/* That the proof was right is not told to whom it is refused. */
	scram_until_judged("smtp");
	finish(LOGIN_OFTEN, "");
	expect_failure("4.7.0");
	/* The client does not believe us, or says something else. */
	scram_until_judged("smtp");
	finish(LOGIN_OK, "alice@example.org");
	expect(AUTH_T_CHALLENGE);
	put(AUTH_T_CANCEL, &cancel, -1);
	start("smtp", "LOGIN", NULL, 0);
	expect(AUTH_T_CHALLENGE);
	assert_memory_equal(m.challenge.token, "Username:", 9);
	put(AUTH_T_CANCEL, &cancel, -1);
	scram_until_judged("smtp");
	finish(LOGIN_OK, "alice@example.org");
	expect(AUTH_T_CHALLENGE);
	respond("x");
	expect_failure("5.7.8");
	log_in("smtp");
}

/* The socket comes with each response, and stays with the last. */
static void
scram_handover(void **state)
{
	int fds = unit_open_fds();

	(void)state;
	with = STDIN_FILENO;
	scram_until_judged("pop3");
	assert_int_equal(unit_open_fds(), fds + 1);
	finish(LOGIN_OK, "alice@example.org");
	expect(AUTH_T_CHALLENGE);
	assert_int_equal(unit_open_fds(), fds);
	respond("");
	assert_string_equal(mailbox.account, "alice@example.org");
	mailbox.done(mailbox.arg, NULL, "");
	expect(AUTH_T_HANDED);
	assert_int_equal(unit_open_fds(), fds);
	with = -1;
}

/* Only what is testified by tlsd stands. */
static void
external(void **state)
{
	(void)state;
	memset(&line, 0, sizeof(line));
	line.email = "";
	start("smtp", "EXTERNAL", "", 0);
	expect_failure("5.5.4");
	line.tls = true;
	start("smtp", "EXTERNAL", "", 0);
	expect_failure("5.5.4");
	line.certificate = true;
	line.byte = 0x11;
	start("smtp", "EXTERNAL", "", 0);
	assert_int_equal(check.kind, SASL_CERTIFICATE);
	assert_string_equal(check.login, "alice@example.org");
	finish(LOGIN_OK, "alice@example.org");
	expect(AUTH_T_SUCCESS);
	line.forged = true;
	start("smtp", "EXTERNAL", "", 0);
	expect_failure("5.5.4");
	line.forged = false;
	line.byte = 0x22;
	line.email = "bob@example.org";
	start("smtp", "EXTERNAL", "", 0);
	assert_string_equal(check.login, "bob@example.org");
	finish(LOGIN_WRONG, "");
	expect_failure("5.7.8");
	memset(&line, 0, sizeof(line));
}

static void
plus(void **state)
{
	(void)state;
	memset(&line, 0, sizeof(line));
	line.email = "";
	start("smtp", "SCRAM-SHA-256-PLUS", NULL, 0);
	expect_failure("5.5.4");
	line.tls = line.exporter = true;
	start(
	    "smtp", "SCRAM-SHA-256-PLUS", "p=tls-exporter,,n=alice,r=abc", 29);
	expect(AUTH_T_CHALLENGE);
	respond("x");
	expect_failure("5.7.8");
	/* Whoever took the list of mechanisms from the client is caught. */
	start("smtp", "SCRAM-SHA-256", "y,,n=alice,r=abc", 16);
	expect_failure("5.7.8");
	line.forged = true;
	start("smtp", "SCRAM-SHA-256-PLUS", NULL, 0);
	expect_failure("5.5.4");
	/* Where it was not offered who says so is right, and it is not taken. */
	line.forged = false;
	line.unbound = true;
	start("smtp", "SCRAM-SHA-256-PLUS", NULL, 0);
	expect_failure("5.5.4");
	start("smtp", "SCRAM-SHA-256", "y,,n=alice,r=abc", 16);
	expect(AUTH_T_CHALLENGE);
	respond("x");
	expect_failure("5.7.8");
	memset(&line, 0, sizeof(line));
}

static void
apop(void **state)
{
	static const char token[] = "<1@x>\0alice\0"
				    "37257aa37904a2ac86c6572e6528a18c";

	(void)state;
	start("smtp", "APOP", token, sizeof(token) - 1);
	expect_failure("5.5.4");
	start("pop3", "APOP", token, sizeof(token) - 1);
	assert_int_equal(check.kind, SASL_PROOF);
	assert_null(check.fault);
	finish(LOGIN_OK, "alice@example.org");
	expect(AUTH_T_SUCCESS);
}

/* Nobody has what it takes: refused before anything is looked up. */
static void
not_possible(void **state)
{
	static const char *const mechs[] = { "SCRAM-SHA-256", "EXTERNAL",
		"CRAM-MD5", "APOP" };

	(void)state;
	publish("PLAIN LOGIN");
	for (size_t i = 0; i < COUNT(mechs); i++) {
		start("pop3", mechs[i], FIRST);
		expect_failure("5.5.4");
	}
	log_in("smtp");
	publish("SCRAM-SHA-256");
	start("smtp", "PLAIN", PLAIN);
	expect_failure("5.5.4");
	publish(ALL);
}

static void
damaged(void **state)
{
	(void)state;
	unit_file("v.cdb", "junk", 4);
	tables_fresh_close(&checker.verifiers); /* as after a restart */
	assert_true(tables_fresh_init(&checker.verifiers, unit_path("v.cdb")));
	start("smtp", "SCRAM-SHA-256", FIRST);
	expect_failure("4.7.0");
	publish(ALL);
	scram_until_judged("smtp");
	finish(LOGIN_WRONG, "");
	expect_failure("5.7.8");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(scram),
		TEST(scram_handover),
		TEST(external),
		TEST(plus),
		TEST(apop),
		TEST(not_possible),
		TEST(damaged),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
