/*
 * t_policy: who may send what to whom.
 */
#include "tests/unit/smtp.h"

#include <bsd/string.h>

#include "common/auth_client.h"
#include "smtpd/policy.h"

enum {
	NOBODY = 0,
	LOCAL = 1,
	LOOP = 2,
	LISTED = 4,
	AUTHED = 8,
	TLS = 16,
	MAY = 32,
	FAILED = 64, /* TLS was tried */
	NONE = 128   /* there is no certificate */
};

static struct policy_client
client(unsigned int bits)
{
	struct policy_client c = { bits & LOCAL, bits & LOOP, bits & LISTED,
		bits & AUTHED, bits & TLS, bits & MAY, bits & FAILED };

	return c;
}

struct auth_row {
	int auth, plaintext;
	unsigned int client;
	enum reply want_auth, want_mail;
};

/* clang-format off */
static const struct auth_row auths[] = {
	{ AUTH_NO,	 PLAINTEXT_ALWAYS,	LOOP,		REPLY_AUTH_NOT_HERE,	REPLY_OK },
	{ AUTH_NO,	 PLAINTEXT_NEVER,	NOBODY,		REPLY_AUTH_NOT_HERE,	REPLY_OK },
	{ AUTH_OFFERED,	 PLAINTEXT_ALWAYS,	NOBODY,		REPLY_OK,		REPLY_OK },
	{ AUTH_OFFERED,	 PLAINTEXT_LOOPBACK,	NOBODY,		REPLY_NEEDS_PORT,	REPLY_OK },
	{ AUTH_OFFERED,	 PLAINTEXT_LOOPBACK,	LOOP,		REPLY_OK,		REPLY_OK },
	{ AUTH_OFFERED,	 PLAINTEXT_NEVER,	LOOP | MAY,	REPLY_NEEDS_TLS,	REPLY_OK },
	{ AUTH_OFFERED,	 PLAINTEXT_NEVER,	LISTED | MAY,	REPLY_NEEDS_TLS,	REPLY_OK },
	{ AUTH_OFFERED,	 PLAINTEXT_ALWAYS,	AUTHED,		REPLY_AUTH_TWICE,	REPLY_OK },
	{ AUTH_REQUIRED, PLAINTEXT_LOOPBACK,	LOOP,		REPLY_OK,		REPLY_AUTH_FIRST },
	{ AUTH_REQUIRED, PLAINTEXT_LOOPBACK,	NOBODY,		REPLY_NEEDS_PORT,	REPLY_PORT_FIRST },
	{ AUTH_REQUIRED, PLAINTEXT_LOOPBACK,	LISTED | MAY,	REPLY_NEEDS_TLS,	REPLY_TLS_AUTH_FIRST },
	{ AUTH_REQUIRED, PLAINTEXT_LOOPBACK,	LOOP | AUTHED,	REPLY_AUTH_TWICE,	REPLY_OK },
	{ AUTH_NO,	 PLAINTEXT_NEVER,	TLS,		REPLY_AUTH_NOT_HERE,	REPLY_OK },
	{ AUTH_OFFERED,	 PLAINTEXT_NEVER,	TLS,		REPLY_OK,		REPLY_OK },
	{ AUTH_REQUIRED, PLAINTEXT_NEVER,	TLS,		REPLY_OK,		REPLY_AUTH_FIRST },
	{ AUTH_REQUIRED, PLAINTEXT_NEVER,	TLS | AUTHED,	REPLY_AUTH_TWICE,	REPLY_OK },
	{ AUTH_REQUIRED, PLAINTEXT_NEVER,	LOCAL,		REPLY_OK,		REPLY_OK },
	/* what cannot work is no advice */
	{ AUTH_REQUIRED, PLAINTEXT_NEVER,	NONE,		REPLY_NEEDS_CERT,	REPLY_CERT_FIRST },
	{ AUTH_OFFERED,	 PLAINTEXT_LOOPBACK,	NONE,		REPLY_NEEDS_CERT,	REPLY_OK },
	{ AUTH_REQUIRED, PLAINTEXT_LOOPBACK,	LOOP | NONE,	REPLY_OK,		REPLY_AUTH_FIRST },
	{ AUTH_REQUIRED, PLAINTEXT_NEVER,	LOOP | FAILED,	REPLY_NEEDS_TIME,	REPLY_TIME_FIRST },
	{ AUTH_REQUIRED, PLAINTEXT_ALWAYS,	FAILED,		REPLY_OK,		REPLY_AUTH_FIRST },
};
/* clang-format on */

static void
logging_in(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(auths); i++) {
		const struct auth_row *r = &auths[i];
		struct policy_client c = client(r->client);
		struct config cfg = { .auth = r->auth,
			.plaintext = r->plaintext,
			.certificates = (r->client & NONE) == 0 };

		assert_int_equal(policy_auth(&cfg, &c), r->want_auth);
		assert_int_equal(policy_mail(&cfg, &c), r->want_mail);
	}
}

/* Every combination: a stranger, also one on this host, never relays. */
static void
relaying(void **state)
{
	(void)state;
	for (unsigned int bits = 0; bits < 64; bits++) {
		struct policy_client c = client(bits);

		assert_int_equal(
		    policy_relay(&c), (bits & (LOCAL | LISTED | AUTHED)) != 0);
	}
}

struct sender_row {
	const char *sender, *account;
	unsigned int client;
	bool ownership;
	enum reply want;
	const char *completed;
};

/* clang-format off */
static const struct sender_row senders[] = {
	{ "x@foreign.test",	"", NOBODY, true, REPLY_SENDER_OK, "x@foreign.test" },
	{ "alice@local.test",	"", NOBODY, true, REPLY_SENDER_OK, "alice@local.test" },
	{ "",			"", NOBODY, true, REPLY_SENDER_OK, "" },
	{ "root",		"", NOBODY, true, REPLY_SENDER_DOMAIN, "root" },
	{ "root",		"", LOOP | LISTED, true, REPLY_SENDER_DOMAIN, "root" },
	{ "root",		"root", LOCAL, false, REPLY_SENDER_OK, "root@local.test" },
	{ "alice",		"alice@local.test", AUTHED, true, REPLY_SENDER_OK, "alice@local.test" },
	{ "Alice@Local.Test",	"alice@local.test", AUTHED, true, REPLY_SENDER_OK, "Alice@local.test" },
	{ "alice+tag@local.test", "alice@local.test", AUTHED, true, REPLY_SENDER_OK, "alice+tag@local.test" },
	{ "staff@local.test",	"alice@local.test", AUTHED, true, REPLY_SENDER_OK, "staff@local.test" },
	{ "sales@local.test",	"alice@local.test", AUTHED, true, REPLY_NOT_OWNER, "sales@local.test" },
	{ "bob@local.test",	"alice@local.test", AUTHED, true, REPLY_NOT_OWNER, "bob@local.test" },
	{ "alice@foreign.test",	"alice@local.test", AUTHED, true, REPLY_NOT_OWNER, "alice@foreign.test" },
	{ "nobody@local.test",	"alice@local.test", AUTHED, true, REPLY_NOT_OWNER, "nobody@local.test" },
	{ "bob@local.test",	"alice@local.test", AUTHED, false, REPLY_SENDER_OK, "bob@local.test" },
	{ "",			"alice@local.test", AUTHED, true, REPLY_SENDER_OK, "" },
	{ "carol@unix.test",	"carol", LOCAL, true, REPLY_SENDER_OK, "carol@unix.test" },
	{ "dave@unix.test",	"carol", LOCAL, true, REPLY_NOT_OWNER, "dave@unix.test" },
};
/* clang-format on */

static void
sending(void **state)
{
	struct tables t;

	(void)state;
	smtp_tables(&t, "sending.cdb");
	for (size_t i = 0; i < COUNT(senders); i++) {
		const struct sender_row *r = &senders[i];
		struct policy_client c = client(r->client);
		struct config cfg = { .mail_name = "local.test",
			.ownership = r->ownership };
		struct address a = { "", "" };
		char out[ADDR_MAX + 1];

		if (r->sender[0] != '\0')
			assert_int_equal(
			    address_parse(r->sender, &a), ADDRESS_OK);
		assert_int_equal(
		    policy_sender(&t, &cfg, &c, r->account, &a), r->want);
		assert_true(address_format(&a, out, sizeof(out)));
		assert_string_equal(out, r->completed);
	}
	tables_close(&t);
}

struct rcpt_row {
	const char *path;
	unsigned int client;
	enum reply want;
};

/* clang-format off */
static const struct rcpt_row rcpts[] = {
	{ "<alice@local.test>",		NOBODY,	REPLY_RCPT_OK },
	{ "<ALICE@LOCAL.TEST>",		NOBODY,	REPLY_RCPT_OK },
	{ "<alice+x@local.test>",	NOBODY,	REPLY_RCPT_OK },
	{ "<staff@local.test>",		NOBODY,	REPLY_RCPT_OK },
	{ "<carol@unix.test>",		NOBODY,	REPLY_RCPT_OK },
	{ "<nobody@local.test>",	NOBODY,	REPLY_NO_USER },
	{ "<Postmaster>",		NOBODY,	REPLY_RCPT_OK },
	{ "<abuse@local.test>",		NOBODY,	REPLY_RCPT_OK },
	{ "<alice>",			NOBODY,	REPLY_RCPT_DOMAIN },
	{ "<alice>",			LISTED,	REPLY_RCPT_DOMAIN },
	{ "<alice>",			AUTHED,	REPLY_RCPT_OK },
	{ "<alice>",			LOCAL,	REPLY_RCPT_OK },
	{ "<>",				NOBODY,	REPLY_RCPT_NULL },
	{ "<>",				LOCAL,	REPLY_RCPT_NULL },
	/* passed on for everybody, and what the caller asks about */
	{ "<x@relay.test>",		NOBODY,	REPLY_RCPT_OK },
	{ "<rita@listed.test>",		NOBODY,	REPLY_RCPT_OK },
	{ "<ron@listed.test>",		NOBODY,	REPLY_NO_USER },
	{ "<ron@listed.test>",		LOCAL,	REPLY_NO_USER },
	{ "<x@below.relay.test>",	NOBODY,	REPLY_NO_RELAY },
	{ "<alice@same.test>",		NOBODY,	REPLY_RCPT_OK },
	{ "<SRS0=x@local.test>",	NOBODY,	REPLY_RCPT_OK },
	{ "<gone@local.test>",		LOCAL,	REPLY_NO_USER },
	{ "<x@foreign.test>",		NOBODY,	REPLY_NO_RELAY },
	{ "<x@foreign.test>",		LOOP,	REPLY_NO_RELAY },
	{ "<x@foreign.test>",		LISTED,	REPLY_RCPT_OK },
	{ "<x@foreign.test>",		AUTHED,	REPLY_RCPT_OK },
	{ "<x@foreign.test>",		LOCAL,	REPLY_RCPT_OK },
	{ "<nobody@local.test>",	AUTHED,	REPLY_NO_USER },
	/* ATTACKS A06: nothing of this is a way around */
	{ "<u%other.test@local.test>",	NOBODY,	REPLY_NO_USER },
	{ "<other.test!u@local.test>",	NOBODY,	REPLY_NO_USER },
	{ "<@local.test:x@foreign.test>", NOBODY, REPLY_NO_RELAY },
	{ "<@foreign.test:alice@local.test>", NOBODY, REPLY_RCPT_OK },
	{ "<\"x@foreign.test\"@local.test>", NOBODY, REPLY_NO_USER },
	{ "<alice@[127.0.0.1]>",	NOBODY,	REPLY_NO_RELAY },
	{ "<alice@[IPv6:::1]>",		NOBODY,	REPLY_NO_RELAY },
	{ "<alice@local.test.foreign.test>", NOBODY, REPLY_NO_RELAY },
	{ "<etc/passwd@local.test>",	NOBODY, REPLY_NO_USER },
	{ "<alice/x@local.test>",	NOBODY,	REPLY_NO_USER },
};
/* clang-format on */

static void
receiving(void **state)
{
	struct config cfg = { .mail_name = "local.test" };
	struct tables t;

	(void)state;
	smtp_tables(&t, "receiving.cdb");
	for (size_t i = 0; i < COUNT(rcpts); i++) {
		struct policy_client c = client(rcpts[i].client);
		const char *p = rcpts[i].path;
		struct resolved to;
		struct address a;
		enum reply r;

		assert_int_equal(address_parse_path(&p, &a), ADDRESS_OK);
		r = policy_rcpt_form(&cfg, &c, &a);
		if (r == REPLY_OK) {
			resolve_address(&t, &a, cfg.mail_name, &to);
			r = policy_rcpt(to.kind, policy_relay(&c));
		}
		assert_int_equal(r, rcpts[i].want);
	}
	tables_close(&t);
}

static void
damaged_tables_are_temporary(void **state)
{
	(void)state;
	assert_int_equal(policy_rcpt(RESOLVE_BROKEN, false), REPLY_LOOKUP_DOWN);
	assert_int_equal(policy_rcpt(RESOLVE_BROKEN, true), REPLY_LOOKUP_DOWN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logging_in),
		cmocka_unit_test(relaying),
		cmocka_unit_test(sending),
		cmocka_unit_test(receiving),
		cmocka_unit_test(damaged_tables_are_temporary),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
