/*
 * t_attempt_reports: what is told of each recipient of a message, and what it is
 * when that was done.
 * wrap: spool_mark pool_give pool_given settle dispatch_begun readdress
 * wrap: route_find time deadline_now
 */
#include "tests/unit/attempt.h"

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

#define T(f) cmocka_unit_test_setup(f, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(reports),
		T(confirmation),
		T(owed),
		T(delays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
