/*
 * t_relay_auth: authd's words to another host and back; both are played here.
 *
 * wrap: auth_client_open auth_client_call log_error
 */
#include "tests/unit/script.h"

#include "common/auth_client.h"
#include "common/base64.h"
#include "common/log.h"
#include "common/msg_job.h"
#include "delivery/relay_auth.h"

bool __wrap_auth_client_open(struct auth_client *, const char *, int64_t);
unsigned int __wrap_auth_client_call(
    struct auth_client *, unsigned int, const void *, int, union msg_auth *);
void __wrap_log_error(const char *, const char *, ...);

/* Flags of a row. */
enum {
	NO_AUTHD = 1,
	NO_AUTH = 2,
	TLS = 4,
	VERIFIED = 8,
	EXPOSED = 16, /* the policy is less than verify */
};

/*
 * What is said to authd, and what it says, one after the other: "relay",
 * "prompt TOKEN", "good", "bad"; "MECH TOKEN" or, behind the first, "= TOKEN",
 * with "!" in front of the last; "done", "no DSN TEXT", "" for gone.
 */
static const struct row {
	const char *name;
	unsigned int flags;
	const char *authd[18];
	const char *script;
	enum try want;
	const char *dsn, *text;
	uint32_t code;
} rows[] = {
/* clang-format off */
#define IN(n, f, s, ...) \
	{ .name = n, .flags = f, .script = s, .want = TRY_READY, \
	    .authd = { __VA_ARGS__ } }
#define OUT(n, w, d, c, x, s, ...) \
	{ .name = n, .flags = TLS | VERIFIED, .script = s, .want = w, \
	    .dsn = d, .code = c, .text = x, .authd = { __VA_ARGS__ } }
#define SAFE (TLS | VERIFIED)
	IN("PLAIN", SAFE, "< AUTH PLAIN AGEAYg==\n> 235 2.7.0 in\n",
	    "relay", "!PLAIN \x01" "a\x01" "b", "good", "done"),
	IN("LOGIN", SAFE, "< AUTH LOGIN\n> 334 VXNlcm5hbWU6\n< YQ==\n"
	    "> 334 UGFzc3dvcmQ6\n< Yg==\n> 235 in\n",
	    "relay", "LOGIN ", "prompt Username:", "= a", "prompt Password:",
	    "!= b", "good", "done"),
	IN("SCRAM", SAFE, "< AUTH SCRAM-SHA-256 bg==\n> 334 cg==\n< cA==\n"
	    "> 334 dg==\n< \n> 235 in\n",
	    "relay", "SCRAM-SHA-256 n", "prompt r", "= p", "prompt v", "!= ",
	    "good", "done"),
	IN("an empty challenge", SAFE, "< AUTH LOGIN\n> 334 \n< YQ==\n"
	    "> 334\n< Yg==\n> 235 in\n",
	    "relay", "LOGIN ", "prompt ", "= a", "prompt ", "!= b", "good",
	    "done"),
	IN("an empty response", SAFE, "< AUTH EXTERNAL =\n> 235 in\n",
	    "relay", "!EXTERNAL ", "good", "done"),
	/* which lines */
	IN("encrypted", TLS | EXPOSED,
	    "< AUTH PLAIN eA==\n> 235 in\n", "relay", "!PLAIN x", "good",
	    "done"),
	IN("in the open", EXPOSED,
	    "< AUTH PLAIN eA==\n> 235 in\n", "relay", "!PLAIN x", "good",
	    "done"),
	{ .name = "too open", .script = "", .want = TRY_TEMP, .dsn = "4.7.0",
	    .text = "not encrypted", .authd = { "relay",
	    "no 5.7.0 the line is not encrypted" } },
	/* what cannot be done */
	{ .name = "not offered", .flags = NO_AUTH, .script = "",
	    .want = TRY_TEMP, .dsn = "4.7.0", .text = "does not offer AUTH" },
	{ .name = "authd is away", .flags = NO_AUTHD, .script = "",
	    .want = TRY_STOP, .dsn = "4.3.0", .text = "authd" },
	OUT("authd goes", TRY_STOP, "4.3.0", 0, "authd", "", "relay", ""),
	OUT("authd goes later", TRY_STOP, "4.3.0", 0, "authd",
	    "< AUTH LOGIN\n> 334 \n< *\n> 501 ok\n",
	    "relay", "LOGIN ", "prompt ", ""),
	OUT("authd does not like it", TRY_TEMP, "4.7.0", 0, "it lies",
	    "< AUTH SCRAM-SHA-256 bg==\n> 334 cg==\n< *\n> 501 ok\n",
	    "relay", "SCRAM-SHA-256 n", "prompt r", "no 5.7.0 it lies"),
	OUT("it has not proved itself", TRY_TEMP, "4.7.8", 0, "knows",
	    "< AUTH SCRAM-SHA-256 bg==\n> 235 in\n",
	    "relay", "SCRAM-SHA-256 n", "good", "no 4.7.8 nobody knows"),
	/* what it says */
	OUT("wrong password", TRY_STOP, "4.7.8", 535, "bad password",
	    "< AUTH PLAIN eA==\n> 535 5.7.8 bad password\n",
	    "relay", "!PLAIN x", "bad", "no 5.7.8 refused"),
	OUT("wrong password, later", TRY_STOP, "4.7.8", 535, "bad password",
	    "< AUTH LOGIN\n> 334 \n< YQ==\n> 535 bad password\n",
	    "relay", "LOGIN ", "prompt ", "= a", "bad", "no 5.7.8 refused"),
	OUT("not now", TRY_TEMP, "4.7.0", 454, "later",
	    "< AUTH PLAIN eA==\n> 454 4.7.0 later\n",
	    "relay", "!PLAIN x", "bad", "no 4.7.0 refused"),
	OUT("another answer", TRY_TEMP, "4.5.0", 0, "250 hm",
	    "< AUTH PLAIN eA==\n> 250 hm\n",
	    "relay", "!PLAIN x", "bad", "no 4.7.0 refused"),
	OUT("asks too much", TRY_TEMP, "4.7.0", 0, "makes no sense",
	    "< AUTH PLAIN eA==\n> 334 \n< *\n> 501 ok\n",
	    "relay", "!PLAIN x"),
	OUT("no base64", TRY_TEMP, "4.7.0", 0, "makes no sense",
	    "< AUTH LOGIN\n> 334 User name:\n< *\n> 501 ok\n",
	    "relay", "LOGIN "),
	OUT("challenge of two lines", TRY_TEMP, "4.7.0", 0, "makes no sense",
	    "< AUTH LOGIN\n> 334-VXNlcm5hbWU6|334 VXNlcm5hbWU6\n< *\n"
	    "> 501 ok\n", "relay", "LOGIN "),
	OUT("goes away", TRY_TEMP, "4.4.2", 0, "lost",
	    "< AUTH PLAIN eA==\n!", "relay", "!PLAIN x"),
	OUT("answers at once", TRY_TEMP, "4.5.0", 0, "was not asked",
	    "< AUTH LOGIN\n> 334 |334 |235 in\n",
	    "relay", "LOGIN ", "prompt ", "= a"),
	/* clang-format on */
};

static const struct row *row;
static size_t turn;
static struct remote_config config;
static struct link l;
static const uint8_t leave[HOP_TOKEN] = { 1, 2, 3 };
static int errors;

void
__wrap_log_error(const char *id, const char *fmt, ...)
{
	assert_string_equal(id, "-");
	assert_non_null(fmt);
	errors++;
}

bool
__wrap_auth_client_open(
    struct auth_client *c, const char *run_dir, int64_t delay)
{
	(void)run_dir;
	(void)delay;
	chan_init(&c->chan, -1, &auth_channel, AUTH_CLIENT);
	return (row->flags & NO_AUTHD) == 0;
}

/* Behind the first blank; 1 stands for a NUL. */
static uint32_t
take_token(uint8_t *out, const char *s)
{
	uint32_t n = (uint32_t)strlen(s);

	for (uint32_t i = 0; i < n; i++)
		out[i] = s[i] == 1 ? 0 : (uint8_t)s[i];
	return n;
}

static void
check_relay(const struct msg_auth_relay *m)
{
	bool tls = (row->flags & TLS) != 0;

	assert_string_equal(m->hop, "[mx.example]:587");
	assert_int_equal(m->tls,
	    (row->flags & EXPOSED) != 0 ? HOP_TLS_ENCRYPT : HOP_TLS_VERIFY);
	assert_int_equal(m->leave_len, HOP_TOKEN);
	assert_memory_equal(m->leave, leave, HOP_TOKEN);
	assert_string_equal(m->mechs, "SCRAM-SHA-256 PLAIN LOGIN");
	/* Nothing that authd could take for a line with TLS. */
	assert_string_equal(m->name, tls ? "mx.example" : "");
	assert_int_equal(m->verified, (row->flags & VERIFIED) != 0);
	assert_int_equal(m->exporter_len, tls ? TLS_DIGEST : 0);
	assert_int_equal(m->witness_len, tls ? TLS_WITNESS : 0);
	assert_memory_equal(m->witness, l.witness, m->witness_len);
}

static void
check_said(unsigned int type, const void *msg)
{
	const struct msg_auth_prompt *p = msg;
	const struct msg_auth_verdict *v = msg;
	const char *want = row->authd[turn++];
	char got[TOKEN_MAX + 20] = "?";

	if (type == AUTH_T_RELAY) {
		check_relay(msg);
		snprintf(got, sizeof(got), "relay");
	} else if (type == AUTH_T_PROMPT)
		snprintf(got, sizeof(got), "prompt %.*s", (int)p->token_len,
		    (const char *)p->token);
	else if (type == AUTH_T_VERDICT)
		snprintf(got, sizeof(got), v->good != 0 ? "good" : "bad");
	if (want == NULL || strcmp(want, got) != 0)
		fail_msg("%s: authd wanted %s, found %s", row->name, want, got);
}

unsigned int
__wrap_auth_client_call(struct auth_client *c, unsigned int type,
    const void *msg, int fd, union msg_auth *m)
{
	const char *s, *blank;

	(void)c;
	assert_int_equal(fd, -1);
	check_said(type, msg);
	s = row->authd[turn++];
	memset(m, 0, sizeof(*m));
	if (strcmp(s, "") == 0)
		return AUTH_T_COUNT;
	if (strcmp(s, "done") == 0)
		return AUTH_T_DONE;
	if (strncmp(s, "no ", 3) == 0) {
		snprintf(m->refused.dsn, sizeof(m->refused.dsn), "%.5s", s + 3);
		snprintf(m->refused.text, sizeof(m->refused.text), "%s", s + 9);
		return AUTH_T_REFUSED;
	}
	m->reply.last = *s == '!';
	s += *s == '!';
	blank = strchr(s, ' ');
	if (*s != '=')
		snprintf(m->reply.mech, sizeof(m->reply.mech), "%.*s",
		    (int)(blank - s), s);
	m->reply.token_len = take_token(m->reply.token, blank + 1);
	return AUTH_T_REPLY;
}

static struct attempt a;
static struct link_wish wish;

static void
prepare(const struct row *r)
{
	row = r;
	turn = 0;
	errors = 0;
	config.timeout = 10;
	wish = (struct link_wish){ .config = &config,
		.hop_text = "[mx.example]:587",
		.credentials = true,
		.leave = leave,
		.leave_len = HOP_TOKEN,
		.tls = (r->flags & EXPOSED) != 0 ? HOP_TLS_ENCRYPT
						 : HOP_TLS_VERIFY };
	memset(&a, 0, sizeof(a));
	a.link = &l;
	a.wish = &wish;
	memset(&l, 0, sizeof(l));
	l.fd = script_begin(r->script);
	lineio_init(&l.io, l.fd, l.fd);
	l.encrypted = (r->flags & TLS) != 0;
	l.verified = (r->flags & VERIFIED) != 0;
	l.exporter_len = l.encrypted ? TLS_DIGEST : 0;
	l.witness_len = l.encrypted ? TLS_WITNESS : 0;
	memset(l.witness, 'w', l.witness_len);
	snprintf(l.peer.ip, sizeof(l.peer.ip), "192.0.2.1");
	snprintf(l.peer.host, sizeof(l.peer.host), "mx.example");
	snprintf(l.name, sizeof(l.name), "mx.example");
	l.ext.has = EXT_EHLO | ((r->flags & NO_AUTH) != 0 ? 0 : EXT_AUTH);
	snprintf(l.ext.mechs, sizeof(l.ext.mechs), "SCRAM-SHA-256 PLAIN LOGIN");
}

static void
table(void **state)
{
	int before = unit_open_fds();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct verdict *v = &a.verdict;
		enum try t;

		prepare(&rows[i]);
		t = relay_auth(&a);
		link_close(&l, t == TRY_READY);
		script_join(row->name);
		if (t != row->want)
			fail_msg("%s: %d %s", row->name, t, v->diag.text);
		if (row->authd[turn] != NULL && turn < COUNT(row->authd))
			fail_msg(
			    "%s: nobody said %s", row->name, row->authd[turn]);
		/* The administrator is told of what only he can mend. */
		assert_int_equal(
		    errors, row->want == TRY_STOP && row->code != 0);
		assert_int_equal(unit_open_fds(), before);
		if (t == TRY_READY)
			continue;
		if (strcmp(v->diag.dsn, row->dsn) != 0 ||
		    strstr(v->diag.text, row->text) == NULL)
			fail_msg(
			    "%s: %s %s", row->name, v->diag.dsn, v->diag.text);
		assert_int_equal(v->diag.outcome, OUT_TEMP);
		assert_int_equal(v->code, row->code);
		/* What we lack ourselves is no fault of the destination. */
		assert_int_equal(v->flags,
		    t == TRY_STOP && v->code == 0 ? OUTCOME_OURS
						  : OUTCOME_DOWN);
	}
}

static void
not_wished(void **state)
{
	static const struct row silent = { .name = "none", .script = "" };

	(void)state;
	prepare(&silent);
	wish.credentials = false;
	assert_int_equal(relay_auth(&a), TRY_READY);
	link_close(&l, true);
	script_join("none");
}

/* What does not fit the command is a line of its own, of 12 288 at most. */
static void
long_tokens(void **state)
{
	static char token[TOKEN_MAX + 2], script[40000];
	static char b64[BASE64_LEN(TOKEN_MAX) + 1];
	static const size_t lengths[] = { 372, 373, 380, TOKEN_MAX };

	(void)state;
	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct row r = { .name = "long",
			.script = script,
			.authd = { "relay", token, "good", "done" } };
		size_t n = lengths[i];

		memset(token, 'x', sizeof(token));
		memcpy(token, "!PLAIN ", 7);
		token[n < TOKEN_MAX - 7 ? n + 7 : TOKEN_MAX] = '\0';
		n = strlen(token) - 7;
		base64_encode(token + 7, n, b64);
		/* "AUTH PLAIN " and it, without CRLF, are 510 at most */
		if (11 + strlen(b64) <= 510)
			snprintf(script, sizeof(script),
			    "< AUTH PLAIN %s\n> 235 in\n", b64);
		else
			snprintf(script, sizeof(script),
			    "< AUTH PLAIN\n> 334 \n< %s\n> 235 in\n", b64);
		prepare(&r);
		assert_int_equal(relay_auth(&a), TRY_READY);
		link_close(&l, true);
		script_join("long");
	}
}

/* Challenges of 9216 bytes are taken whole, and no more. */
static void
long_challenges(void **state)
{
	static char prompt[TOKEN_MAX + 20], script[40000];
	static char b64[BASE64_LEN(TOKEN_MAX + 3) + 1];
	static uint8_t bytes[TOKEN_MAX + 3];
	struct row r = { .name = "challenge",
		.script = script,
		.authd = {
		    "relay", "LOGIN ", prompt, "!= b", "good", "done" } };
	struct row more = { .name = "challenge too long",
		.script = script,
		.authd = { "relay", "LOGIN " } };

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	snprintf(prompt, sizeof(prompt), "prompt %.*s", TOKEN_MAX,
	    (const char *)bytes);
	prompt[7 + TOKEN_MAX] = '\0';
	base64_encode(bytes, TOKEN_MAX, b64);
	snprintf(script, sizeof(script),
	    "< AUTH LOGIN\n> 334 %s\n< Yg==\n> 235 in\n", b64);
	prepare(&r);
	assert_int_equal(relay_auth(&a), TRY_READY);
	link_close(&l, true);
	script_join("challenge");
	base64_encode(bytes, sizeof(bytes), b64);
	snprintf(script, sizeof(script),
	    "< AUTH LOGIN\n> 334 %s\n< *\n> 501 ok\n", b64);
	prepare(&more);
	assert_int_equal(relay_auth(&a), TRY_TEMP);
	link_close(&l, true);
	script_join("challenge too long");
}

/* A server that asks for ever hears eight answers. */
static void
bounded(void **state)
{
	static char script[2000];
	struct row r = { .name = "for ever",
		.script = script,
		.authd = { "relay", "LOGIN " } };

	(void)state;
	for (size_t i = 2; i < COUNT(r.authd); i += 2) {
		r.authd[i] = "prompt ";
		r.authd[i + 1] = "= a";
	}
	snprintf(script, sizeof(script), "< AUTH LOGIN\n%s%s%s",
	    "> 334 \n< YQ==\n> 334 \n< YQ==\n> 334 \n< YQ==\n> 334 \n",
	    "< YQ==\n> 334 \n< YQ==\n> 334 \n< YQ==\n> 334 \n< YQ==\n",
	    "> 334 \n< *\n> 501 ok\n");
	prepare(&r);
	assert_int_equal(relay_auth(&a), TRY_TEMP);
	assert_non_null(strstr(a.verdict.diag.text, "do not end"));
	link_close(&l, true);
	script_join("for ever");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(not_wished),
		cmocka_unit_test(long_tokens),
		cmocka_unit_test(long_challenges),
		cmocka_unit_test(bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
