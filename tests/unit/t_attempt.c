/*
 * t_attempt: what comes of each recipient of a message in one attempt.
 * wrap: spool_mark pool_give pool_given settle dispatch_begun readdress
 * wrap: route_find resolve_address time deadline_now
 */
#include "tests/unit/attempt.h"

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

/* A wait for the destination is as good as attempts that failed. */
static void
long_wait(void **state)
{
	static const struct {
		int64_t seconds;
		uint32_t attempts;
		size_t failures;
	} cases[] = {
		{ 0, 1, 0 },
		{ 30, 1, 0 },
		{ 3000, 1, 2 },
		{ 100000, 0, 2 },
		{ 100000, ENVELOPE_ATTEMPTS_MAX, 2 },
		{ -3000, 1, 0 },
	};
	struct message *m;

	for (size_t i = 0; i < COUNT(cases); i++) {
		(void)begin(state);
		now = ARRIVAL + 3600;
		entry.due = clock_ms - cases[i].seconds * 1000;
		m = start(cases[i].attempts);
		assert_true(message_attempts(m) <= ENVELOPE_ATTEMPTS_MAX);
		assert_true(message_attempts(m) > cases[i].attempts ||
		    cases[i].attempts == ENVELOPE_ATTEMPTS_MAX);
		outcome(m, 0, "4.2.2");
		outcome(m, 1, "4.2.2");
		assert_int_equal(failed(m, "4.2.2"), cases[i].failures);
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
	message_passed_on(m, 0, false);
	assert_int_equal(m->env.rcpts[0].status, RCPT_DELIVERED);
	assert_int_equal(queue.counters.delivered, 0);
	outcome(m, 1, "2.0.0");
	assert_ptr_equal(settled, m);
	message_free(m);
}

/* For the sender of a message to a list that was all. */
static void
passed_on_to_a_list(void **state)
{
	struct message *m = start(0);

	(void)state;
	m->env.rcpts[0].notify = DSN_SUCCESS;
	message_passed_on(m, 0, true);
	assert_int_equal(m->env.rcpts[0].status, RCPT_CONFIRM);
	message_passed_on(m, 1, true);
	assert_int_equal(m->env.rcpts[1].status, RCPT_DELIVERED);
	assert_ptr_equal(settled, m);
	message_free(m);
}

/* What an agent has read: the outcome comes when the message is made, or now. */
static void
forwards(void **state)
{
	const struct expand_list list = { .members = "ax@y" };
	struct message *m = start(0);

	(void)state;
	copies = true;
	message_forward(m, 0, &list);
	assert_ptr_equal(readdressed, &list);
	assert_int_equal(m->work[0], WORK_OPEN);
	copies = false;
	message_forward(m, 1, &list);
	assert_int_equal(m->work[1], WORK_FAILED);
	assert_null(settled);
	message_passed_on(m, 0, false);
	assert_ptr_equal(settled, m);
	message_free(m);
}

static enum resolve resolved_kind;
static const char *resolved_name, *resolved_members = "abob@x";

void __wrap_resolve_address(
    struct tables *, const struct address *, const char *, struct resolved *);

void
__wrap_resolve_address(struct tables *t, const struct address *a,
    const char *mail_name, struct resolved *r)
{
	(void)t;
	(void)a;
	(void)mail_name;
	memset(r, 0, sizeof(*r));
	r->kind = resolved_kind;
	strlcpy(r->name, resolved_name, sizeof(r->name));
	r->members = resolved_name[0] == '-' ? NULL : resolved_members;
}

/* There is no such Unix user: his mail may be an alias's. */
static void
catch_all(void **state)
{
	static const struct {
		const char *dsn, *via, *name;
		uint32_t flags;
		enum resolve kind;
		bool want;
	} cases[] = {
		{ "5.1.1", "", "@u.test", VERDICT_NO_USER, RESOLVE_UNIX, true },
		{ "5.1.1", "F", "@u.test", VERDICT_NO_USER, RESOLVE_UNIX,
		    true },
		{ "5.1.1", "M", "@u.test", VERDICT_NO_USER, RESOLVE_UNIX,
		    false },
		{ "5.1.1", "", "@u.test", 0, RESOLVE_UNIX, false },
		{ "5.1.1", "", "", VERDICT_NO_USER, RESOLVE_UNIX, false },
		{ "5.1.1", "", "-", VERDICT_NO_USER, RESOLVE_UNIX, false },
		{ "5.1.1", "", "@u.test", VERDICT_NO_USER, RESOLVE_VIRTUAL,
		    false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct verdict v = { .diag = DIAG_INIT,
			.flags = cases[i].flags };
		struct spool_content c = { 0 };
		struct envelope e;

		(void)begin(NULL);
		copies = true;
		resolved_kind = cases[i].kind;
		resolved_name = cases[i].name;
		env_init(&e);
		assert_true(env_add_via(&e, "eve@u.test", "", 0, cases[i].via));
		assert_true(message_start(&queue, &entry, &e, &c));
		(void)diag_set(&v.diag, cases[i].dsn, "nobody");
		message_verdict(current, 0, &v);
		assert_int_equal(readdressed != NULL, cases[i].want);
		assert_int_equal(
		    current->work[0], cases[i].want ? WORK_OPEN : WORK_FAILED);
		message_free(current);
	}
}

/* Or it says what is wrong with them. */
static void
catch_all_refuses(void **state)
{
	static const struct {
		const char *members, *dsn, *text;
		enum outcome want;
	} cases[] = {
		{ "e5.1.6 moved away", "5.1.6", "moved away", OUT_PERM },
		{ "e4.2.1 not today", "4.2.1", "not today", OUT_TEMP },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct verdict v = { .diag = DIAG_INIT,
			.flags = VERDICT_NO_USER };
		struct message *m;

		(void)begin(NULL);
		resolved_kind = RESOLVE_UNIX;
		resolved_name = "@u.test";
		resolved_members = cases[i].members;
		m = start(0);
		(void)diag_set(&v.diag, "5.1.1", "nobody");
		message_verdict(m, 0, &v);
		assert_null(readdressed);
		if (cases[i].want == OUT_PERM) {
			assert_int_equal(failed(m, cases[i].dsn), 1);
			assert_string_equal(
			    m->words[0]->diag.text, cases[i].text);
		} else {
			assert_int_equal(m->work[0], WORK_NONE);
			assert_string_equal(m->last.diag.dsn, cases[i].dsn);
		}
		outcome(m, 1, "2.0.0");
		message_free(m);
	}
	resolved_members = "abob@x";
}

/* Where somebody logged in was is his affair. */
static void
client(void **state)
{
	struct message *m = start(0);
	struct msg_job_message out;

	(void)state;
	strlcpy(m->env.client, "192.0.2.7", sizeof(m->env.client));
	message_tell(m, &out, 2, 0);
	assert_string_equal(out.client, "192.0.2.7");
	strlcpy(m->env.login, "alice", sizeof(m->env.login));
	message_tell(m, &out, 2, 0);
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
		T(long_wait),
		T(no_attempts),
		T(no_way),
		T(their_damage),
		T(passed_on),
		T(passed_on_to_a_list),
		T(forwards),
		T(catch_all),
		T(catch_all_refuses),
		T(client),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
