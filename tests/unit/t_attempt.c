/*
 * t_attempt: what comes of each recipient of a message in one attempt.
 * wrap: spool_mark pool_give pool_given settle dispatch_begun readdress
 * wrap: route_find time
 */
#include "tests/unit/spool.h"

#include <time.h>

#include "common/msg_intake.h"
#include "queue/dispatch.h"
#include "queue/message.h"
#include "queue/pool.h"
#include "queue/readdress.h"
#include "queue/settle.h"

#define ARRIVAL 1795326681 /* of spool_envelope(), seconds */

static struct queue queue;
static struct entry entry;
static struct message *current, *settled;
static time_t now;
static const char *route_dsn; /* what route_find() says; NULL: a pool */
static bool to_alias;

void __wrap_spool_mark(
    struct spool *, struct envelope *, size_t, enum rcpt_status);
bool __wrap_pool_give(struct message *, size_t, const struct route *);
void __wrap_pool_given(struct message *);
void __wrap_settle(struct message *);
void __wrap_dispatch_begun(struct dispatch *, struct message *);
bool __wrap_readdress(struct message *, size_t, struct diag *);
enum outcome __wrap_route_find(
    struct tables *, const char *, const char *, struct route *, struct diag *);
time_t __wrap_time(time_t *);

void
__wrap_spool_mark(
    struct spool *s, struct envelope *e, size_t i, enum rcpt_status status)
{
	(void)s;
	e->rcpts[i].status = (char)status;
}

bool
__wrap_pool_give(struct message *m, size_t i, const struct route *r)
{
	(void)i;
	(void)r;
	current = m;
	return true;
}

void
__wrap_pool_given(struct message *m)
{
	current = m;
}

void
__wrap_settle(struct message *m)
{
	assert_null(settled);
	settled = m;
}

void
__wrap_dispatch_begun(struct dispatch *d, struct message *m)
{
	(void)d;
	(void)m;
}

bool
__wrap_readdress(struct message *m, size_t i, struct diag *d)
{
	(void)m;
	(void)i;
	(void)diag_set(d, "5.4.6", "circle");
	return false;
}

enum outcome
__wrap_route_find(struct tables *t, const char *mail_name, const char *addr,
    struct route *out, struct diag *d)
{
	(void)t;
	(void)mail_name;
	(void)addr;
	memset(out, 0, sizeof(*out));
	out->alias = to_alias;
	return route_dsn != NULL ? diag_set(d, route_dsn, "why") : OUT_OK;
}

time_t
__wrap_time(time_t *t)
{
	(void)t;
	return now;
}

static int
begin(void **state)
{
	(void)state;
	memset(&queue, 0, sizeof(queue));
	memset(&entry, 0, sizeof(entry));
	queue.settings.retry = (struct retry_policy){
		.first = 60, .most = 600, .lifetime = 3600, .warn = 600
	};
	current = settled = NULL;
	now = ARRIVAL;
	route_dsn = NULL;
	to_alias = false;
	return 0;
}

/* Starts an attempt; both recipients are open, or have their outcome. */
static struct message *
start(uint32_t attempts)
{
	struct spool_content c = { 0 };
	struct envelope e;

	spool_envelope(&e, SPOOL_ID);
	e.state.attempts = attempts;
	assert_true(message_start(&queue, &entry, &e, &c));
	return current;
}

static void
outcome(struct message *m, size_t i, const char *dsn)
{
	struct diag d = DIAG_INIT;

	if (dsn[0] != '2')
		(void)diag_set(&d, dsn, "because");
	message_outcome(m, i, &d);
}

static size_t
failed(const struct message *m, const char *dsn)
{
	size_t n = 0;

	for (size_t i = 0; i < m->env.nrcpt; i++)
		n += m->work[i] == WORK_FAILED &&
		    strcmp(m->words[i]->diag.dsn, dsn) == 0;
	return n;
}

static void
delivered(void **state)
{
	struct message *m = start(0);

	(void)state;
	assert_int_equal(m->open, 2);
	entry.crashes = 2;
	outcome(m, 1, "2.0.0");
	assert_null(settled);
	assert_int_equal(entry.crashes, 0);
	outcome(m, 0, "2.1.5");
	assert_ptr_equal(settled, m);
	assert_int_equal(env_pending(&m->env), 0);
	assert_int_equal(queue.counters.delivered, 2);
	message_free(m);
}

static void
mixed(void **state)
{
	struct message *m = start(0);

	(void)state;
	outcome(m, 0, "4.2.2");
	outcome(m, 1, "5.1.1");
	assert_ptr_equal(settled, m);
	assert_string_equal(m->last.diag.dsn, "4.2.2");
	assert_int_equal(failed(m, "5.1.1"), 1);
	assert_int_equal(env_pending(&m->env), 2); /* nobody was told yet */
	assert_int_equal(m->tried, 2);
	message_free(m);
}

static void
lateness(void **state)
{
	static const struct {
		int64_t age;
		uint32_t attempts;
		size_t failures;
	} cases[] = {
		{ 0, 50, 0 }, { 3599, 50, 0 }, { 3600, 50, 2 },
		{ 3600, 1, 0 },     /* the clock has jumped ahead */
		{ -100000, 50, 0 }, /* or back */
	};
	struct message *m;

	for (size_t i = 0; i < COUNT(cases); i++) {
		(void)begin(state);
		now = ARRIVAL + cases[i].age;
		m = start(cases[i].attempts);
		outcome(m, 0, "4.2.2");
		outcome(m, 1, "4.4.0");
		/* The words stay; the report says that it was the time. */
		assert_int_equal(
		    failed(m, "4.2.2") + failed(m, "4.4.0"), cases[i].failures);
		message_free(m);
	}
}

/* Damage is not lateness, and a lost agent is no attempt. */
static void
no_attempts(void **state)
{
	struct message *m;

	(void)state;
	now = ARRIVAL + 999999;
	m = start(99);
	outcome(m, 0, JOB_DAMAGED);
	message_lost(m, 1, 4000);
	assert_ptr_equal(settled, m);
	assert_int_equal(failed(m, JOB_DAMAGED), 0);
	assert_int_equal(m->damaged, 1);
	assert_int_equal(m->tried, 1);
	assert_true(m->lost);
	assert_int_equal(m->soon, 4000);
	message_free(m);
}

/* Without a way, the outcome comes at once, and the attempt ends. */
static void
no_way(void **state)
{
	struct message *m;

	(void)state;
	route_dsn = "4.4.0";
	m = start(0);
	assert_ptr_equal(settled, m);
	assert_string_equal(m->last.diag.dsn, "4.4.0");
	message_free(m);
	(void)begin(state);
	to_alias = true;
	m = start(0);
	assert_ptr_equal(settled, m);
	assert_int_equal(failed(m, "5.4.6"), 2);
	message_free(m);
}

static void
reports(void **state)
{
	struct message *m = start(0);
	struct msg_job_rcpt rcpt;

	(void)state;
	outcome(m, 0, "5.1.1");
	outcome(m, 1, "2.0.0");
	settled = NULL;
	m->round = ROUND_FAILED;
	m->open = 1;
	message_tell_rcpt(m, 0, NULL, &rcpt);
	assert_int_equal(rcpt.report, REPORT_FAILED);
	assert_string_equal(rcpt.dsn, "5.1.1");
	assert_string_equal(rcpt.text, "because");
	assert_string_equal(rcpt.addr, "bob@example.org");
	outcome(m, 0, "4.3.0"); /* no report yet: it stays queued */
	assert_int_equal(m->env.rcpts[0].status, RCPT_QUEUED);
	m->open = 1;
	settled = NULL;
	outcome(m, 0, "2.0.0");
	assert_int_equal(m->env.rcpts[0].status, RCPT_BOUNCED);
	assert_int_equal(queue.counters.bounced, 1);
	message_free(m);
}

/* What is to be confirmed, by who has it now and what was asked for. */
static void
confirmation(void **state)
{
	static const struct {
		uint32_t notify, flags, code;
		const char *mta;
		char status;
		uint32_t report;
	} cases[] = {
		{ 0, 0, 0, "", 'D', 0 },
		{ DSN_NEVER, 0, 0, "", 'D', 0 },
		{ DSN_SUCCESS, 0, 0, "", 'M', REPORT_DELIVERED },
		{ DSN_SUCCESS, OUTCOME_RELAYED, 250, "mx", 'N',
		    REPORT_RELAYED },
		{ DSN_SUCCESS, 0, 250, "mx", 'D', 0 },
		{ DSN_SUCCESS, 0, 250, "", 'D', 0 },
		{ DSN_FAILURE, OUTCOME_RELAYED, 250, "mx", 'D', 0 },
	};
	struct verdict v = { .diag = DIAG_INIT };
	struct msg_job_rcpt rcpt;
	struct message *m;

	for (size_t i = 0; i < COUNT(cases); i++) {
		(void)begin(state);
		m = start(0);
		m->env.rcpts[0].notify = cases[i].notify;
		v.flags = cases[i].flags;
		v.code = cases[i].code;
		strlcpy(v.mta, cases[i].mta, sizeof(v.mta));
		message_verdict(m, 0, &v);
		outcome(m, 1, "4.2.2");
		assert_int_equal(m->env.rcpts[0].status, cases[i].status);
		if (cases[i].report != 0) {
			settled = NULL;
			m->round = ROUND_DONE;
			m->open = 2;
			message_tell_rcpt(m, 0, NULL, &rcpt);
			assert_int_equal(rcpt.report, cases[i].report);
			assert_int_equal(rcpt.code, cases[i].code);
			assert_string_equal(rcpt.mta, cases[i].mta);
			outcome(m, 0, "4.3.0"); /* none yet: it is owed */
			assert_int_equal(
			    m->env.rcpts[0].status, cases[i].status);
			outcome(m, 0, "2.0.0");
			assert_int_equal(m->env.rcpts[0].status, 'D');
		}
		message_free(m);
	}
}

/* After a crash it is known that it is owed, and no more. */
static void
owed(void **state)
{
	struct msg_job_rcpt rcpt;
	struct message *m;
	struct spool_content c = { 0 };
	struct envelope e;

	(void)state;
	spool_envelope(&e, SPOOL_ID);
	e.rcpts[0].status = RCPT_EXPANDED;
	e.rcpts[1].status = RCPT_RELAYED;
	assert_true(message_start(&queue, &entry, &e, &c));
	m = settled;
	assert_non_null(m);
	assert_int_equal(m->tried, 0);
	m->round = ROUND_DONE;
	message_tell_rcpt(m, 0, NULL, &rcpt);
	assert_int_equal(rcpt.report, REPORT_EXPANDED);
	message_tell_rcpt(m, 1, NULL, &rcpt);
	assert_int_equal(rcpt.report, REPORT_RELAYED);
	assert_string_equal(rcpt.dsn, "");
	message_free(m);
}

/* What is said of a delay is kept only when somebody will be told. */
static void
delays(void **state)
{
	static const struct {
		int64_t age;
		uint32_t attempts, notify;
		bool warned, words;
	} cases[] = {
		{ 700, 9, 0, false, true }, { 700, 9, DSN_DELAY, false, true },
		{ 700, 9, DSN_FAILURE, false, false },
		{ 700, 9, DSN_NEVER, false, false }, { 700, 9, 0, true, false },
		{ 500, 9, 0, false, false },
		{ 700, 0, 0, false, false }, /* the clock has jumped */
	};
	struct verdict v = { .diag = DIAG_INIT, .code = 452, .mta = "mx" };
	struct msg_job_rcpt rcpt;
	struct message *m;

	(void)diag_set(&v.diag, "4.2.2", "Full");
	for (size_t i = 0; i < COUNT(cases); i++) {
		(void)begin(state);
		now = ARRIVAL + cases[i].age;
		m = start(cases[i].attempts);
		m->env.state.warned = cases[i].warned;
		m->env.rcpts[0].notify = cases[i].notify;
		message_verdict(m, 0, &v);
		assert_int_equal(m->words[0] != NULL, cases[i].words);
		assert_string_equal(m->last.mta, "mx");
		outcome(m, 1, "2.0.0");
		if (cases[i].words) {
			settled = NULL;
			m->round = ROUND_DELAYED;
			m->open = 1;
			message_tell_rcpt(m, 0, NULL, &rcpt);
			assert_int_equal(rcpt.report, REPORT_DELAYED);
			assert_int_equal(rcpt.until, ARRIVAL + 3600);
			assert_int_equal(rcpt.code, 452);
			outcome(m, 0, "2.0.0");
			assert_true(m->env.state.warned);
			assert_int_equal(m->env.rcpts[0].status, RCPT_QUEUED);
		}
		message_free(m);
	}
}

/* Another host's 4.6.0 is no damage of ours. */
static void
their_damage(void **state)
{
	struct verdict v = { .diag = DIAG_INIT, .code = 451, .mta = "mx" };
	struct message *m = start(0);

	(void)state;
	(void)diag_set(&v.diag, JOB_DAMAGED, "content");
	message_verdict(m, 0, &v);
	outcome(m, 1, JOB_DAMAGED);
	assert_int_equal(m->damaged, 1);
	message_free(m);
}

static void
passed_on(void **state)
{
	struct message *m = start(0);

	(void)state;
	m->env.rcpts[0].notify = DSN_SUCCESS;
	message_passed_on(m, 0);
	assert_int_equal(m->env.rcpts[0].status, RCPT_DELIVERED);
	assert_int_equal(queue.counters.delivered, 0);
	outcome(m, 1, "2.0.0");
	assert_ptr_equal(settled, m);
	message_free(m);
}

/* Where somebody logged in was is his affair. */
static void
client(void **state)
{
	struct message *m = start(0);
	struct msg_job_message out;

	(void)state;
	strlcpy(m->env.client, "192.0.2.7", sizeof(m->env.client));
	message_tell(m, &out, 2);
	assert_string_equal(out.client, "192.0.2.7");
	strlcpy(m->env.login, "alice", sizeof(m->env.login));
	message_tell(m, &out, 2);
	assert_string_equal(out.client, "");
	outcome(m, 0, "2.0.0");
	outcome(m, 1, "2.0.0");
	message_free(m);
}

#define T(f) cmocka_unit_test_setup(f, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(delivered),
		T(mixed),
		T(lateness),
		T(no_attempts),
		T(no_way),
		T(reports),
		T(confirmation),
		T(owed),
		T(delays),
		T(their_damage),
		T(passed_on),
		T(client),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
