/*
 * t_attempt: what comes of each recipient of a message in one attempt.
 * wrap: spool_mark pool_give pool_given settle dispatch_begun readdress
 * wrap: route_find time
 */
#include "tests/unit/spool.h"

#include <time.h>

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
	queue.settings.retry = (struct retry_policy){ 60, 600, 3600 };
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
	struct failure *f;
	size_t n = 0;

	STAILQ_FOREACH(f, &m->failures, link)
	n += strcmp(f->verdict.diag.dsn, dsn) == 0;
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
	assert_string_equal(m->last.dsn, "4.2.2");
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
		assert_int_equal(failed(m, "4.4.7"), cases[i].failures);
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
	assert_true(STAILQ_EMPTY(&m->failures));
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
	assert_string_equal(m->last.dsn, "4.4.0");
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
	m->reporting = true;
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
