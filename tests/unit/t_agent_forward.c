/*
 * t_agent_forward: what agents may say that a recipient leads to, and what
 * becomes of it.
 * wrap: message_verdict message_outcome message_forward agents_wake
 */
#include "tests/unit/unit.h"

#include <bsd/string.h>

#include "queue/agents_private.h"

static struct queue queue;
static struct agents agents = { .q = &queue };
static struct pool pool;
static struct agent agent;
static struct entry entry;
static struct message message = { .q = &queue, .entry = &entry };
static struct sbuf forwarded; /* the members of the last */
static bool by_user;
static struct verdict verdict; /* the last, with message_outcome()'s */
static size_t answers;

void __wrap_message_verdict(struct message *, size_t, const struct verdict *);
void __wrap_message_outcome(struct message *, size_t, const struct diag *);
void __wrap_message_forward(
    struct message *, size_t, const struct expand_list *);
void __wrap_agents_wake(struct agents *, struct pool *);

void
__wrap_message_verdict(struct message *m, size_t i, const struct verdict *v)
{
	assert_ptr_equal(m, &message);
	assert_int_equal(i, 0);
	verdict = *v;
	answers++;
}

void
__wrap_message_outcome(struct message *m, size_t i, const struct diag *d)
{
	struct verdict v = { .diag = *d };

	__wrap_message_verdict(m, i, &v);
}

void
__wrap_message_forward(
    struct message *m, size_t i, const struct expand_list *list)
{
	assert_ptr_equal(m, &message);
	assert_int_equal(i, 0);
	assert_false(list->owned);
	by_user = list->user;
	sbuf_puts(&forwarded, list->members);
	answers++;
}

void
__wrap_agents_wake(struct agents *as, struct pool *p)
{
	assert_ptr_equal(as, &agents);
	assert_ptr_equal(p, &pool);
}

/* A recipient with that way, which an agent of a pool has. */
static void
give(uint32_t program, const char *name, const char *via, uint32_t flags)
{
	struct job *j = calloc(1, sizeof(*j));

	assert_non_null(j);
	memset(&pool, 0, sizeof(pool));
	memset(&agent, 0, sizeof(agent));
	pool.program = program;
	strlcpy(pool.name, name, sizeof(pool.name));
	agent.all = &agents;
	agent.pool = &pool;
	LIST_INIT(&agent.jobs);
	TAILQ_INIT(&agent.unsent);
	env_free(&message.env);
	env_init(&message.env);
	assert_true(env_add_via(&message.env, "dan@u.test", "", 0, via));
	j->message = &message;
	j->number = 9;
	j->n = j->left = 1;
	j->sent = 2;
	j->rcpts[0].target = calloc(1, sizeof(struct target) + 1);
	assert_non_null(j->rcpts[0].target);
	j->rcpts[0].target->flags = flags;
	LIST_INSERT_HEAD(&agent.jobs, j, of_agent);
	agent.njobs = agent.outstanding = agents.outstanding = 1;
	queue.settings.forward_members = 3;
	sbuf_free(&forwarded);
	forwarded = (struct sbuf)SBUF_INIT(1 << 24);
	verdict = (struct verdict){ .diag = DIAG_INIT };
	answers = 0;
}

static bool
say(uint32_t kind, const char *text)
{
	union msg_job m = { .forward = { .job = 9, .kind = kind } };

	strlcpy(m.forward.text, text, sizeof(m.forward.text));
	return agent_take(&agent, JOB_T_FORWARD, &m);
}

static bool
answer(uint32_t outcome, uint32_t flags, const char *dsn)
{
	union msg_job m = {
		.outcome = { .job = 9, .outcome = outcome, .flags = flags }
	};

	strlcpy(m.outcome.dsn, dsn, sizeof(m.outcome.dsn));
	return agent_take(&agent, JOB_T_OUTCOME, &m);
}

/* Ends what give() has begun. */
static void
drop(void)
{
	if (!LIST_EMPTY(&agent.jobs))
		assert_true(answer(OUT_TEMP, 0, "4.2.0"));
	assert_int_equal(answers, 1);
	assert_true(LIST_EMPTY(&agent.jobs));
	assert_int_equal(agents.outstanding, 0);
	assert_int_equal(agents.forward_bytes, 0);
	assert_int_equal(pool.forward_bytes, 0);
}

static void
members(void **state)
{
	(void)state;
	give(SPAWN_LOCAL, "dan", "", JOB_READ_FORWARD);
	assert_true(say(MEMBER_ADDRESS, "x@far.test"));
	assert_true(say(MEMBER_FINAL, "dan@u.test"));
	assert_true(say(MEMBER_COMMAND, "cat -u\tx"));
	assert_true(agents.forward_bytes > 0);
	assert_true(answer(OUT_OK, OUTCOME_FORWARDED, "2.0.0"));
	assert_string_equal(
	    sbuf_str(&forwarded), "ax@far.test\nfdan@u.test\nccat -u\tx");
	assert_true(by_user);
	drop();
	give(SPAWN_PIPE, "|", "i/list", 0);
	assert_true(say(MEMBER_ADDRESS, "x@far.test"));
	assert_true(answer(OUT_OK, OUTCOME_FORWARDED, "2.0.0"));
	assert_string_equal(sbuf_str(&forwarded), "ax@far.test");
	assert_false(by_user);
	drop();
}

/* clang-format off */
static const struct {
	uint32_t program;
	const char *pool, *via;
	uint32_t flags, kind;
	const char *text;
	bool want;
} sayings[] = {
	{ SPAWN_LOCAL,	"dan",	"",	JOB_READ_FORWARD, 'a', "x@y",	true },
	{ SPAWN_LOCAL,	"dan",	"F",	JOB_READ_FORWARD, 'b', "/x",	true },
	{ SPAWN_LOCAL,	"dan",	"",	JOB_READ_FORWARD, 'i', "/x",	false },
	{ SPAWN_LOCAL,	"dan",	"",	JOB_READ_FORWARD, 'e', "5.1.1 x", false },
	{ SPAWN_LOCAL,	"dan",	"",	JOB_READ_FORWARD, 0, "x@y",	false },
	{ SPAWN_LOCAL,	"dan",	"",	JOB_READ_FORWARD, 'a' + 256, "x@y", false },
	{ SPAWN_LOCAL,	"dan",	"",	JOB_READ_FORWARD, 'a', "",	false },
	{ SPAWN_LOCAL,	"dan",	"",	JOB_READ_FORWARD, 'a', "x@y\nQ", false },
	{ SPAWN_LOCAL,	"dan",	"",	JOB_READ_FORWARD, 'c', "\177",	false },
	/* Nobody asked for it. */
	{ SPAWN_LOCAL,	"dan",	"M",	0, 'a', "x@y",	false },
	{ SPAWN_LOCAL,	"@virtual", "",	0, 'a', "x@y",	false },
	/* A list in a file runs nothing. */
	{ SPAWN_PIPE,	"|",	"i/l",	0, 'f', "x@y",	true },
	{ SPAWN_PIPE,	"|",	"i/l",	0, 'c', "cat",	false },
	{ SPAWN_PIPE,	"|",	"i/l",	0, 'i', "/x",	false },
	{ SPAWN_PIPE,	"|",	"ccat",	0, 'a', "x@y",	false },
	{ SPAWN_PIPE,	"|dan",	"Ccat",	0, 'a', "x@y",	false },
	{ SPAWN_REMOTE,	"far.test", "",	JOB_READ_FORWARD, 'a', "x@y", false },
	{ SPAWN_BOUNCE,	"@bounce", "",	JOB_READ_FORWARD, 'a', "x@y", false },
};
/* clang-format on */

static void
who_may(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(sayings); i++) {
		give(sayings[i].program, sayings[i].pool, sayings[i].via,
		    sayings[i].flags);
		if (say(sayings[i].kind, sayings[i].text) != sayings[i].want)
			fail_msg("%zu: \"%s\"", i, sayings[i].text);
		drop();
	}
}

/* Of a recipient that it does not have. */
static void
strangers(void **state)
{
	union msg_job m = { .forward = { .job = 9, .index = 1, .kind = 'a' } };

	(void)state;
	give(SPAWN_LOCAL, "dan", "", JOB_READ_FORWARD);
	strlcpy(m.forward.text, "x@y", sizeof(m.forward.text));
	assert_false(agent_take(&agent, JOB_T_FORWARD, &m));
	m.forward.index = 0;
	m.forward.job = 8;
	assert_false(agent_take(&agent, JOB_T_FORWARD, &m));
	LIST_FIRST(&agent.jobs)->sent = 0;
	m.forward.job = 9;
	assert_false(agent_take(&agent, JOB_T_FORWARD, &m));
	LIST_FIRST(&agent.jobs)->sent = 2;
	drop();
}

/* Members that are too many, or none, or too much for all. */
static void
bounds(void **state)
{
	char text[MEMBER_MAX + 1];

	(void)state;
	give(SPAWN_LOCAL, "dan", "", JOB_READ_FORWARD);
	for (int i = 0; i < 20; i++)
		assert_true(say(MEMBER_ADDRESS, "x@y"));
	assert_true(answer(OUT_OK, OUTCOME_FORWARDED, "2.0.0"));
	assert_string_equal(verdict.diag.dsn, "5.4.6");
	drop();
	give(SPAWN_PIPE, "|", "i/l", 0);
	assert_true(answer(OUT_OK, OUTCOME_FORWARDED, "2.0.0"));
	assert_string_equal(verdict.diag.dsn, "5.2.4");
	drop();
	give(SPAWN_PIPE, "|", "i/l", 0);
	memset(text, 'x', MEMBER_MAX);
	text[MEMBER_MAX] = '\0';
	for (int i = 0; i < 10000; i++)
		assert_true(say(MEMBER_ADDRESS, text));
	assert_true(agents.forward_bytes <= 8 << 20);
	assert_int_equal(pool.forward_bytes, agents.forward_bytes);
	assert_true(answer(OUT_OK, OUTCOME_FORWARDED, "2.0.0"));
	assert_string_equal(verdict.diag.dsn, "5.4.6"); /* so it stays */
	drop();
	give(SPAWN_PIPE, "|", "i/l", 0);
	agents.forward_bytes = 100 << 20;
	assert_true(say(MEMBER_ADDRESS, "x@y"));
	agents.forward_bytes = 0;
	assert_true(answer(OUT_OK, OUTCOME_FORWARDED, "2.0.0"));
	assert_int_equal(verdict.diag.outcome, OUT_TEMP);
	drop();
	/* One user's are not all that there may be. */
	give(SPAWN_LOCAL, "dan", "", JOB_READ_FORWARD);
	agents.forward_bytes = pool.forward_bytes = (16 << 20) + 1;
	assert_true(say(MEMBER_ADDRESS, "x@y"));
	agents.forward_bytes = pool.forward_bytes = 0;
	assert_true(answer(OUT_OK, OUTCOME_FORWARDED, "2.0.0"));
	assert_string_equal(verdict.diag.dsn, "4.3.2");
	drop();
}

/* Without that word it was delivered, or was not; and remote has no such word. */
static void
not_forwarded(void **state)
{
	(void)state;
	give(SPAWN_LOCAL, "dan", "", JOB_READ_FORWARD);
	assert_true(say(MEMBER_ADDRESS, "x@y"));
	assert_true(answer(OUT_OK, 0, "2.0.0"));
	assert_int_equal(verdict.diag.outcome, OUT_OK);
	drop();
	give(SPAWN_LOCAL, "dan", "", JOB_READ_FORWARD);
	assert_true(say(MEMBER_ADDRESS, "x@y"));
	assert_true(answer(OUT_TEMP, OUTCOME_FORWARDED, "4.2.0"));
	assert_int_equal(verdict.diag.outcome, OUT_TEMP);
	drop();
	give(SPAWN_REMOTE, "far.test", "", 0);
	assert_true(answer(OUT_OK, OUTCOME_FORWARDED, "2.0.0"));
	assert_int_equal(verdict.diag.outcome, OUT_OK);
	drop();
}

static int
end(void **state)
{
	(void)state;
	env_free(&message.env);
	sbuf_free(&forwarded);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members),
		cmocka_unit_test(who_may),
		cmocka_unit_test(strangers),
		cmocka_unit_test(bounds),
		cmocka_unit_test(not_forwarded),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
