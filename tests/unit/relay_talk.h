/*
 * relay_talk: remote's end of the auth channel in tests, with the uids and the
 * worker that hashes played by them, and the words of queued and tlsd.  The
 * including test wraps what is wrapped here: workers_submit_apart workers_cancel
 */
#ifndef TESTS_UNIT_RELAY_TALK_H
#define TESTS_UNIT_RELAY_TALK_H

#include "tests/unit/cdb.h"

#include <bsd/string.h>

#include "common/auth_session.h"
#include "common/base64.h"
#include "common/hasher.h"
#include "common/hop_token.h"
#include "common/log.h"
#include "common/sock.h"
#include "common/witness.h"

#define HOST "[smtp.example.net]:587"
#define ADDRESS "[192.0.2.1]"
#define MAPPED "[::ffff:192.0.2.1]"
#define NET 777
#define OUT 778

struct job {
	job_done *done;
	void *arg;
	struct hash_request request;
};
static struct job job;
static int jobs, jobs_cancelled;
static bool no_workers;

struct job *__wrap_workers_submit_apart(
    struct workers *, const void *, job_done *, void *);
void __wrap_workers_cancel(struct job *);

struct job *
__wrap_workers_submit_apart(
    struct workers *ws, const void *request, job_done *done, void *arg)
{
	(void)ws;
	if (no_workers)
		return NULL;
	job.done = done;
	job.arg = arg;
	memcpy(&job.request, request, sizeof(job.request));
	jobs++;
	return &job;
}

void
__wrap_workers_cancel(struct job *j)
{
	assert_ptr_equal(j, &job);
	jobs_cancelled++;
}

static struct event_base *base;
static struct login_checker checker;
static const struct mac_key witness = { "witness" }, hops = { "hops" };
static struct auth_session_common common = { .checker = &checker,
	.net = NET,
	.out = OUT,
	.witness = &witness,
	.hops = &hops };
static struct chan client;
static struct peer *peer;
static union msg_auth m;
static const char *mechs;

/* What queued and tlsd have said, which remote repeats. */
static struct {
	enum hop_tls tls;
	struct witness_peer peer; /* without is_server: no TLS */
	bool verified;
} line;

static inline void
settle(void)
{
	for (int i = 0; i < 5; i++)
		(void)event_base_loop(base, EVLOOP_NONBLOCK);
}

static inline int
open_session(void **state)
{
	int pair[2];

	(void)state;
	jobs = jobs_cancelled = 0;
	no_workers = false;
	line.tls = HOP_TLS_VERIFY;
	line.peer =
	    (struct witness_peer){ true, TLS_VERIFY_NAME, "smtp.example.net" };
	line.verified = true;
	mechs = "PLAIN SCRAM-SHA-256";
	if (sock_pair(pair) == -1)
		return -1;
	peer = peer_new(
	    base, pair[0], &auth_channel, AUTH_SERVER, &auth_session_ops);
	if (peer == NULL)
		return -1;
	peer->uid = OUT;
	auth_session_opened(peer);
	chan_init(&client, pair[1], &auth_channel, AUTH_CLIENT);
	return 0;
}

static inline int
close_session(void **state)
{
	(void)state;
	chan_close(&client);
	settle();
	return 0;
}

static inline void
put(unsigned int type, const void *msg)
{
	assert_int_equal(chan_send(&client, type, msg, -1, 0), CHAN_OK);
	settle();
}

static inline void
expect(unsigned int want)
{
	unsigned int type;

	assert_int_equal(chan_recv(&client, &type, &m, NULL, 0), CHAN_OK);
	assert_int_equal(type, want);
}

static inline void
expect_refused(const char *text)
{
	expect(AUTH_T_REFUSED);
	assert_string_equal(m.refused.dsn, "4.7.0");
	assert_string_equal(m.refused.text, text);
}

/* As an honest remote has it. */
static inline void
tell_line(struct msg_auth_relay *r)
{
	struct witness_once once;
	struct witness_of of;

	strlcpy(r->name, line.peer.name, sizeof(r->name));
	r->verified = line.verified;
	memset(r->exporter, 'e', TLS_DIGEST);
	r->exporter_len = TLS_DIGEST;
	of = (struct witness_of){ .verified = line.verified,
		.exporter = r->exporter,
		.exporter_len = TLS_DIGEST,
		.email = "" };
	assert_true(witness_for_one(&witness, &line.peer, &once));
	witness_sign(&once, &of, r->witness);
	r->witness_len = TLS_WITNESS;
}

static inline struct msg_auth_relay
honest(const char *hop)
{
	struct msg_auth_relay r = { .tls = line.tls };
	const struct hop_leave l = { hop, line.tls };

	strlcpy(r.hop, hop, sizeof(r.hop));
	strlcpy(r.mechs, mechs, sizeof(r.mechs));
	assert_true(hop_token_make(&hops, &l, r.leave));
	r.leave_len = HOP_TOKEN;
	if (line.peer.is_server)
		tell_line(&r);
	return r;
}

static inline void
relay(const char *hop)
{
	struct msg_auth_relay r = honest(hop);

	put(AUTH_T_RELAY, &r);
}

static inline void
prompt(const char *text)
{
	struct msg_auth_prompt p;

	p.token_len = (uint32_t)strlen(text);
	memcpy(p.token, text, p.token_len);
	put(AUTH_T_PROMPT, &p);
}

static inline void
verdict(uint32_t good)
{
	struct msg_auth_verdict v = { .good = good };

	put(AUTH_T_VERDICT, &v);
}

static inline int
setup(void **state)
{
	const struct cdb_row none[] = { { TABLES_OPTION, "x", "y" } };
	const struct cdb_row own[] = {
		{ TABLES_RELAY, HOST, "YWxpY2U= czNjcmV0ICMx" },
		{ TABLES_RELAY, "example.net", "YsO2Yg== eA==" },
		{ TABLES_RELAY, ADDRESS, "YQ== Yg==" },
		{ TABLES_RELAY, MAPPED, "YQ== Yg==" },
		{ TABLES_RELAY, "one", "YWxpY2U=" },
		{ TABLES_RELAY, "two", "YWxpY2U= " },
		{ TABLES_RELAY, "three", " YWxpY2U=" },
		{ TABLES_RELAY, "four", "YWxpY2U= AA==" },
	};

	if (unit_setup(state) == -1)
		return -1;
	unit_file("log", "", 0);
	log_open("t", LOG_TO_FILE, unit_path("log"));
	cdb_file("t.cdb", none, COUNT(none));
	cdb_file("v.cdb", own, COUNT(own));
	if ((base = event_base_new()) == NULL ||
	    (common.gsasl = sasl_open()) == NULL ||
	    !tables_fresh_init(&checker.tables, unit_path("t.cdb")) ||
	    !tables_fresh_init(&checker.verifiers, unit_path("v.cdb")))
		return -1;
	checker.base = base;
	auth_session_init(&common);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_session, close_session)

#endif
