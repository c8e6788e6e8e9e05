/*
 * auth_talk: authd's side of the auth channel in tests, with the login and the
 * mailbox played by them.  The including test wraps what is wrapped here:
 * login_check_start login_check_cancel handover_start handover_cancel
 * workers_submit workers_cancel
 */
#ifndef TESTS_UNIT_AUTH_TALK_H
#define TESTS_UNIT_AUTH_TALK_H

#include "tests/unit/cdb.h"

#include <bsd/string.h>

#include "common/auth_session.h"
#include "common/base64.h"
#include "common/handover.h"
#include "common/log.h"
#include "common/sock.h"
#include "common/unix_lookup.h"
#include "common/witness.h"

/* --- what authd would do */

struct login_check {
	login_done *done;
	void *arg;
	char login[400], password[64], account[64];
	const char *fault;
	enum sasl_kind kind;
};

struct job {
	job_done *done;
	void *arg;
};

static struct login_check check;
static struct job job;
static struct handover {
	handover_done *done;
	void *arg;
	char account[64];
	bool full; /* no process to be had */
} mailbox;
static int checks, checks_cancelled, jobs_cancelled, mailboxes_cancelled;

struct login_check *__wrap_login_check_start(struct login_checker *,
    const struct login_origin *, const struct sasl_credentials *, login_done *,
    void *);
void __wrap_login_check_cancel(struct login_check *);
struct job *__wrap_workers_submit(
    struct workers *, const void *, job_done *, void *);
void __wrap_workers_cancel(struct job *);
struct handover *__wrap_handover_start(
    const struct handover_client *, int, handover_done *, void *);
void __wrap_handover_cancel(struct handover *);

struct login_check *
__wrap_login_check_start(struct login_checker *in, const struct login_origin *o,
    const struct sasl_credentials *c, login_done *done, void *arg)
{
	(void)in;
	assert_string_equal(o->client, "192.0.2.1");
	check.done = done;
	check.arg = arg;
	strlcpy(check.login, c->login, sizeof(check.login));
	strlcpy(check.password, c->password == NULL ? "" : c->password,
	    sizeof(check.password));
	strlcpy(check.account, c->account, sizeof(check.account));
	check.fault = c->fault;
	check.kind = c->kind;
	checks++;
	return &check;
}

void
__wrap_login_check_cancel(struct login_check *c)
{
	assert_ptr_equal(c, &check);
	checks_cancelled++;
}

struct job *
__wrap_workers_submit(
    struct workers *ws, const void *request, job_done *done, void *arg)
{
	const struct unix_request *r = request;

	(void)ws;
	assert_string_equal(r->name, "carol");
	assert_int_equal(r->min_uid, 1234);
	assert_false(r->verifier);
	job.done = done;
	job.arg = arg;
	return &job;
}

void
__wrap_workers_cancel(struct job *j)
{
	assert_ptr_equal(j, &job);
	jobs_cancelled++;
}

struct handover *
__wrap_handover_start(
    const struct handover_client *c, int fd, handover_done *done, void *arg)
{
	strlcpy(mailbox.account, c->account, sizeof(mailbox.account));
	assert_string_equal(c->ip, "192.0.2.1");
	assert_string_equal(c->profile, "office");
	assert_string_equal(c->offered, "PLAIN LOGIN");
	assert_int_equal(close(fd), 0); /* taken over */
	if (mailbox.full) {
		done(arg, "4.3.2", "full");
		return NULL;
	}
	mailbox.done = done;
	mailbox.arg = arg;
	return &mailbox;
}

void
__wrap_handover_cancel(struct handover *h)
{
	assert_ptr_equal(h, &mailbox);
	mailboxes_cancelled++;
}

/* --- the channel */

static struct event_base *base;
static struct login_checker checker;
static struct mac_key witness_key;
static struct sasl_decoy decoy;
static struct auth_session_common common = {
	.checker = &checker, .decoy = &decoy, .witness = &witness_key
};
static struct chan client;
static union msg_auth m;

#define ALL "PLAIN LOGIN SCRAM-SHA-256 EXTERNAL CRAM-MD5 APOP"
#define HEX16 "11111111111111111111111111111111"

static inline void
publish(const char *mechanisms)
{
	const struct cdb_row rows[] = {
		{ TABLES_OPTION, "min-uid", "1234" },
		{ TABLES_OPTION, "mail-name", "example.org" },
		{ TABLES_META, "mechanisms", mechanisms },
		{ TABLES_DOMAIN, "example.org", "virtual" },
		{ TABLES_ACCOUNT, "alice@example.org", "a" },
	};
	const struct cdb_row own[] = {
		{ TABLES_VERIFIER, "alice@example.org",
		    "plain:c2VjcmV0 SCRAM-SHA-256$4096:c2FsdHNhbHQ=$"
		    "v9cxy4WCDtc8UMxTg6KXCtlxIku1bUKTGuWEXFC1L54=:"
		    "rwGpSn6lR97mSEImO0RA7JCZ4WnpCnnKddTt3G/t6II=" },
		{ TABLES_CERTIFICATE, HEX16 HEX16, "alice@example.org" },
	};

	cdb_file("t.cdb", rows, COUNT(rows));
	cdb_file("v.cdb", own, COUNT(own));
}

static inline int
open_session(void **state)
{
	struct peer *p;
	int pair[2];

	(void)state;
	checks = checks_cancelled = jobs_cancelled = mailboxes_cancelled = 0;
	mailbox.full = false;
	if (sock_pair(pair) == -1)
		return -1;
	p = peer_new(
	    base, pair[0], &auth_channel, AUTH_SERVER, &auth_session_ops);
	if (p == NULL)
		return -1;
	auth_session_opened(p);
	chan_init(&client, pair[1], &auth_channel, AUTH_CLIENT);
	return 0;
}

static inline void
settle(void)
{
	for (int i = 0; i < 5; i++)
		(void)event_base_loop(base, EVLOOP_NONBLOCK);
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
put(unsigned int type, const void *msg, int fd)
{
	assert_int_equal(chan_send(&client, type, msg, fd, 0), CHAN_OK);
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
expect_failure(const char *dsn)
{
	expect(AUTH_T_FAILURE);
	assert_string_equal(m.failure.dsn, dsn);
}

/* Nothing is to be heard yet. */
static inline void
unexpected(void)
{
	unsigned int type;

	assert_int_not_equal(chan_recv(&client, &type, &m, NULL, 0), CHAN_OK);
}

static inline void
expect_closed(void)
{
	unsigned int type;

	assert_int_equal(chan_recv(&client, &type, &m, NULL, 0), CHAN_EOF);
}

static int with = -1; /* the descriptor that goes with the next tokens */

/* What tlsd said, and how its word is falsified. */
static struct {
	bool tls, exporter, certificate;
	uint8_t byte; /* of the digest */
	const char *email;
	bool forged;
	bool unbound; /* the exporter is there, and PLUS not offered */
} line;

static inline void
put_line(struct msg_auth_start *s)
{
	struct witness_once once;
	struct witness_of of;

	if (!line.tls)
		return;
	s->exporter_len = line.exporter ? TLS_DIGEST : 0;
	memset(s->exporter, 'e', s->exporter_len);
	s->certificate_len = line.certificate ? TLS_DIGEST : 0;
	memset(s->certificate, line.byte, s->certificate_len);
	strlcpy(s->email, line.email, sizeof(s->email));
	of = (struct witness_of){ .certificate = s->certificate,
		.exporter = s->exporter,
		.certificate_len = s->certificate_len,
		.exporter_len = s->exporter_len,
		.email = s->email };
	assert_true(witness_for_one(&witness_key, &witness_client, &once));
	witness_sign(&once, &of, s->witness);
	s->witness_len = TLS_WITNESS;
	s->witness[3] ^= line.forged;
}

static inline void
start(const char *service, const char *mech, const char *token, size_t n)
{
	struct msg_auth_start s = { .flags = token != NULL ? AUTH_INITIAL : 0 };

	put_line(&s);

	strlcpy(s.service, service, sizeof(s.service));
	strlcpy(s.mech, mech, sizeof(s.mech));
	strlcpy(s.client, "192.0.2.1", sizeof(s.client));
	if (n > 0)
		memcpy(s.token, token, n);
	s.token_len = (uint32_t)n;
	strlcpy(s.profile, "office", sizeof(s.profile));
	strlcpy(s.offered, "PLAIN LOGIN", sizeof(s.offered));
	if (line.exporter && !line.unbound)
		strlcpy(s.offered, "SCRAM-SHA-256-PLUS PLAIN LOGIN",
		    sizeof(s.offered));
	put(AUTH_T_START, &s, with);
}

static inline void
respond(const char *token)
{
	struct msg_auth_response r;

	r.token_len = (uint32_t)strlen(token);
	memcpy(r.token, token, r.token_len);
	put(AUTH_T_RESPONSE, &r, with);
}

static inline void
finish(enum login_result result, const char *account)
{
	check.done(check.arg, result, account);
	settle();
}

#define PLAIN "\0alice\0secret", 13

static inline void
log_in(const char *service)
{
	start(service, "PLAIN", PLAIN);
	finish(LOGIN_OK, "alice@example.org");
	expect(AUTH_T_SUCCESS);
	assert_string_equal(m.success.login, "alice@example.org");
}

static inline int
setup(void **state)
{
	if (unit_setup(state) == -1)
		return -1;
	unit_file("log", "", 0);
	log_open("t", LOG_TO_FILE, unit_path("log"));
	publish(ALL);
	memset(&witness_key, 'w', sizeof(witness_key));
	memset(&decoy, 'd', sizeof(decoy));
	if ((base = event_base_new()) == NULL ||
	    (common.gsasl = sasl_open()) == NULL ||
	    !tables_fresh_init(&checker.tables, unit_path("t.cdb")) ||
	    !tables_fresh_init(&checker.verifiers, unit_path("v.cdb")))
		return -1;
	auth_session_init(&common);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_session, close_session)

#endif
