/*
 * t_intake_ask: what queued has against a recipient, and when it does not say.
 * wrap: write fsync deadline_in
 */
#include "tests/unit/intake.h"

deadline_t __wrap_deadline_in(int64_t);

/* All that is waited for here comes at once, or not. */
deadline_t
__wrap_deadline_in(int64_t seconds)
{
	assert_true(seconds == INTAKE_ASK_WAIT || seconds == INTAKE_WAIT);
	return deadline_in_ms(20);
}

static void
answer_question(const char *dsn, const char *text)
{
	struct msg_intake_answer m;

	memset(&m, 0, sizeof(m));
	(void)snprintf(m.dsn, sizeof(m.dsn), "%s", dsn);
	(void)snprintf(m.text, sizeof(m.text), "%s", text);
	answer(INTAKE_T_ANSWER, &m, -1);
}

/* clang-format off */
static const struct {
	const char *dsn, *text;
	bool answered;
	enum outcome outcome;
} answers[] = {
	{ "2.1.5", "",		true,	OUT_OK },
	{ "4.2.2", "Full now",	true,	OUT_TEMP },
	{ "5.2.2", "Full",	true,	OUT_PERM },
	/* none of these is an answer, and he is not asked again */
	{ "", "ok",		false,	OUT_OK },
	{ "3.1.1", "ok",	false,	OUT_OK },
	{ "2", "ok",		false,	OUT_OK },
};
/* clang-format on */

static void
asked(void **state)
{
	union msg_intake m;

	for (size_t i = 0; i < COUNT(answers); i++) {
		assert_int_equal(fresh(state), 0);
		answer_question(answers[i].dsn, answers[i].text);
		assert_int_equal(intake_ask(&in, "a@x.test", 12345, &d),
		    answers[i].answered);
		assert_int_equal(d.outcome, answers[i].outcome);
		assert_int_equal(heard(&m), INTAKE_T_ASK);
		assert_string_equal(m.ask.addr, "a@x.test");
		assert_int_equal(m.ask.size, 12345);
		if (answers[i].outcome != OUT_OK) {
			assert_string_equal(d.dsn, answers[i].dsn);
			assert_string_equal(d.text, answers[i].text);
		}
		if (answers[i].answered)
			assert_int_equal(in.chan.state, INTAKE_IDLE);
		else
			assert_int_equal(in.chan.fd, -1);
		assert_int_equal(done(state), 0);
	}
}

/* The answer to one is never taken for the answer to another. */
static void
late(void **state)
{
	union msg_intake m;

	(void)state;
	assert_false(intake_ask(&in, "a@x.test", 0, &d));
	assert_int_equal(heard(&m), INTAKE_T_ASK);
	/* while it has not come nothing more is asked */
	assert_false(intake_ask(&in, "b@x.test", 0, &d));
	assert_int_equal(d.outcome, OUT_OK);
	assert_int_equal(
	    recv(queued.fd, &m, sizeof(m), MSG_PEEK | MSG_DONTWAIT), -1);
	answer_question("5.2.2", "a is full");
	answer_question("2.1.5", "");
	assert_true(intake_ask(&in, "c@x.test", 0, &d));
	assert_int_equal(d.outcome, OUT_OK);
	queued.state = INTAKE_IDLE;
	assert_int_equal(heard(&m), INTAKE_T_ASK);
	assert_string_equal(m.ask.addr, "c@x.test");
}

/* A message waits for it. */
static void
late_before_a_message(void **state)
{
	union msg_intake m;

	(void)state;
	assert_false(intake_ask(&in, "a@x.test", 0, &d));
	answer_question("5.2.2", "a is full");
	answer_file(10);
	assert_int_equal(begin(), OUT_OK);
	assert_int_equal(intake_body(&in, &d), OUT_OK);
	assert_int_equal(heard(&m), INTAKE_T_ASK);
	queued.state = INTAKE_IDLE;
	assert_int_equal(heard(&m), INTAKE_T_OPEN);
}

static void
never_before_a_message(void **state)
{
	(void)state;
	assert_false(intake_ask(&in, "a@x.test", 0, &d));
	assert_int_equal(begin(), OUT_TEMP);
	assert_string_equal(d.dsn, "4.3.0");
	assert_int_equal(in.chan.fd, -1);
}

static void
gone(void **state)
{
	(void)state;
	chan_close(&queued);
	assert_false(intake_ask(&in, "a@x.test", 0, &d));
	assert_int_equal(in.chan.fd, -1);
	assert_false(intake_ask(&in, "a@x.test", 0, &d));
	assert_int_equal(d.outcome, OUT_OK);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, fresh, done)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asked),
		TEST(late),
		TEST(late_before_a_message),
		TEST(never_before_a_message),
		TEST(gone),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
