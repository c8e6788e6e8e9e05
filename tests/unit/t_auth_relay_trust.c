/*
 * Unit test of common/auth_relay: what authd believes of what remote says.
 * wrap: workers_submit_apart workers_cancel
 */
#include "tests/unit/relay_talk.h"

#define SHOWN                                                                  \
	"what it offers to log in with would show the password on a line "     \
	"that is not encrypted and verified"

/* Which lines have which mechanisms. */
static void
lines(void **state)
{
	static const struct {
		enum hop_tls tls;
		struct witness_peer peer;
		bool verified;
		const char *hop, *mechs;
		bool taken;
	} cases[] = {
/* clang-format off */
#define NAMED(n)	{ true, TLS_VERIFY_NAME, n }, true
#define BLIND		{ true, TLS_VERIFY_NONE, "smtp.example.net" }, false
#define OPEN		{ false, 0, "" }, false
	{ HOP_TLS_VERIFY,	NAMED("smtp.example.net"), HOST, "PLAIN", true },
	{ HOP_TLS_VERIFY,	BLIND,	HOST,	"PLAIN LOGIN CRAM-MD5",	false },
	{ HOP_TLS_VERIFY,	BLIND,	HOST,	"SCRAM-SHA-256",	true },
	{ HOP_TLS_VERIFY,	OPEN,	HOST,	"PLAIN SCRAM-SHA-256",	false },
	{ HOP_TLS_ENCRYPT,	BLIND,	HOST,	"PLAIN",	true },
	{ HOP_TLS_ENCRYPT,	OPEN,	HOST,	"PLAIN SCRAM-SHA-256",	false },
	{ HOP_TLS_MAY,		BLIND,	HOST,	"PLAIN",	true },
	{ HOP_TLS_MAY,		OPEN,	HOST,	"PLAIN",	true },
	{ HOP_TLS_NONE,		OPEN,	HOST,	"CRAM-MD5",	true },
	/* The name is another's, however good its certificate. */
	{ HOP_TLS_VERIFY,	NAMED("evil.example"), HOST, "PLAIN", false },
	{ HOP_TLS_VERIFY,	NAMED(""), HOST, "PLAIN", false },
	{ HOP_TLS_VERIFY,	NAMED("192.0.2.1"), ADDRESS, "PLAIN", true },
	{ HOP_TLS_VERIFY,	NAMED("192.0.2.2"), ADDRESS, "PLAIN", false },
	{ HOP_TLS_VERIFY,	NAMED("smtp.example.net"), ADDRESS, "PLAIN", false },
	{ HOP_TLS_VERIFY,	NAMED("192.0.2.1"), MAPPED, "PLAIN", true },
	/* Of a domain DNS names it. */
	{ HOP_TLS_VERIFY,	NAMED("mx.example.org"), "example.net", "PLAIN", true },
		/* clang-format on */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		line.tls = cases[i].tls;
		line.peer = cases[i].peer;
		line.verified = cases[i].verified;
		mechs = cases[i].mechs;
		relay(cases[i].hop);
		if (cases[i].taken) {
			expect(AUTH_T_REPLY);
			verdict(0);
			expect_refused("it refuses the login");
		} else
			expect_refused(SHOWN);
	}
}

#define LEAVE "the queue has not said that it may log in there"
#define TLSD "tlsd has not said that this is its line"

static void
refused_so(const struct msg_auth_relay *r, const char *text)
{
	put(AUTH_T_RELAY, r);
	expect_refused(text);
}

/* A remote that was taken over, and what queued has not said. */
static void
no_leave(void **state)
{
	static const struct hop_leave own = { HOST, HOP_TLS_VERIFY };
	static const struct hop_leave another = { "[smtp.example.org]",
		HOP_TLS_VERIFY };
	struct msg_auth_relay good = honest(HOST), r = good;

	(void)state;
	r.leave_len = 0;
	refused_so(&r, LEAVE);
	r.leave_len = HOP_TOKEN;
	assert_true(hop_token_make(&witness, &own, r.leave));
	refused_so(&r, LEAVE);
	assert_true(hop_token_make(&hops, &another, r.leave));
	refused_so(&r, LEAVE);
	r = good;
	r.tls = HOP_TLS_NONE;
	refused_so(&r, LEAVE);
	/* Nobody hears whether there is a password. */
	strlcpy(r.hop, "nowhere.example", sizeof(r.hop));
	refused_so(&r, LEAVE);
}

/* And what tlsd has not said. */
static void
no_witness(void **state)
{
	static const struct witness_of nothing = { .email = "" };
	struct msg_auth_relay good = honest(HOST), r = good;
	struct witness_once once;

	(void)state;
	strlcpy(r.name, "smtp.example.org", sizeof(r.name));
	refused_so(&r, TLSD);
	r = good;
	r.exporter[5] ^= 1;
	refused_so(&r, TLSD);
	/* By pins of its own; not at all. */
	line.peer.verify = TLS_VERIFY_PINS;
	r = honest(HOST);
	refused_so(&r, TLSD);
	line.peer.verify = TLS_VERIFY_NONE;
	line.verified = false;
	r = honest(HOST);
	r.verified = 1;
	refused_so(&r, TLSD);
	/* Of a client of ours. */
	assert_true(witness_for_one(&witness, &witness_client, &once));
	witness_sign(&once, &nothing, r.witness);
	r.name[0] = '\0';
	r.verified = r.exporter_len = 0;
	refused_so(&r, TLSD);
	/* Of nobody. */
	r = good;
	r.witness_len = 0;
	refused_so(&r, SHOWN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines),
		TEST(no_leave),
		TEST(no_witness),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
