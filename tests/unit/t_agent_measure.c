/*
 * t_agent_measure: asking local how full a mailbox is, with a clock that the
 * test sets.
 * wrap: deadline_now queue_stop
 */
#include "tests/unit/unit.h"

#include <bsd/string.h>

#include "common/log.h"
#include "common/sock.h"
#include "queue/agents_private.h"

static struct queue queue;
static struct agents *agents;
static struct chan master, job;
static int64_t now = 1000000;

/* What the questions were answered with. */
static size_t answers, nobodies;
static struct msg_job_measured last;

int64_t __wrap_deadline_now(void);
void __wrap_queue_stop(struct queue *);

int64_t
__wrap_deadline_now(void)
{
	return now;
}

void
__wrap_queue_stop(struct queue *q)
{
	q->stopping = true;
}

static void
turn(void)
{
	for (int i = 0; i < 4; i++)
		(void)event_base_loop(queue.base, EVLOOP_NONBLOCK);
}

static int
fresh(void **state)
{
	int pair[2];

	(void)state;
	now += 10000000;
	answers = nobodies = 0;
	queue = (struct queue){ .base = event_base_new(),
		.settings = { .agents = 6, .local_agents = 2 } };
	if (queue.base == NULL || sock_pair(pair) == -1)
		return -1;
	chan_init(&master, pair[0], &spawn_channel, SPAWN_MASTER);
	agents = agents_new(&queue, pair[1]);
	return agents == NULL ? -1 : 0;
}

static int
done(void **state)
{
	struct pool *p;

	(void)state;
	/* All who wait, start and are idle give up. */
	now += AGENT_START_MOST;
	event_active(agents->impatient, EV_TIMEOUT, 0);
	event_active(agents->sweep, EV_TIMEOUT, 0);
	event_active(agents->here.again, EV_TIMEOUT, 0);
	turn();
	assert_int_equal(agents_count(agents), 0);
	assert_int_equal(agents->nmeasures, 0);
	assert_true(TAILQ_EMPTY(&agents->measures));
	chan_close(&master);
	turn();
	event_free(agents->wake);
	event_free(agents->watch);
	event_free(agents->sweep);
	event_free(agents->impatient);
	event_free(agents->here.again);
	event_free(agents->pipes.again);
	event_free(agents->away.again);
	while ((p = pool_after(&agents->pools, NULL)) != NULL) {
		p->failures = p->stalls = 0;
		assert_true(pool_tidy(&agents->pools, p));
	}
	destinations_free(agents->dests);
	free(agents);
	event_base_free(queue.base);
	return 0;
}

static void
on_answer(void *arg, const struct msg_job_measured *m)
{
	assert_ptr_equal(arg, &queue);
	answers++;
	nobodies += m == NULL;
	if (m != NULL)
		last = *m;
}

static struct measure *
ask(const char *pool)
{
	const struct measure_whom whom = { pool,
		pool[0] == '@' ? "alice@example.org" : pool };
	struct msg_job_measure m = { .size = 10, .quota = 1000 };

	strlcpy(m.mailbox, "Maildir", sizeof(m.mailbox));
	return agents_measure(agents, &whom, &m, on_answer, &queue);
}

/* The serial of an agent that was asked for; 0: none was. */
static uint32_t
asked_for(const char *account)
{
	unsigned int type;
	union msg_spawn m;

	if (chan_recv(&master, &type, &m, NULL, 0) != CHAN_OK)
		return 0;
	assert_int_equal(type, SPAWN_T_START);
	assert_int_equal(m.start.program, SPAWN_LOCAL);
	assert_string_equal(m.start.account, account);
	return m.start.serial;
}

static void
start(uint32_t serial)
{
	struct msg_spawn_started m = { serial };
	int pair[2];

	assert_int_equal(sock_pair(pair), 0);
	chan_init(&job, pair[0], &job_channel, JOB_AGENT);
	assert_int_equal(
	    chan_send(&master, SPAWN_T_STARTED, &m, pair[1], 0), CHAN_OK);
	assert_int_equal(close(pair[1]), 0);
	turn();
}

/* The serial of the next question. */
static uint32_t
heard(void)
{
	unsigned int type;
	union msg_job m;

	assert_int_equal(chan_recv(&job, &type, &m, NULL, 0), CHAN_OK);
	assert_int_equal(type, JOB_T_MEASURE);
	assert_string_equal(m.measure.mailbox, "Maildir");
	assert_int_equal(m.measure.size, 10);
	assert_int_equal(m.measure.quota, 1000);
	return m.measure.serial;
}

static void
say(uint32_t serial, uint32_t full)
{
	struct msg_job_measured m = { serial, full, 999, 9 };

	assert_int_equal(chan_send(&job, JOB_T_MEASURED, &m, -1, 0), CHAN_OK);
	turn();
}

/* One agent for all of a pool, started for the first. */
static void
is_answered(void **state)
{
	uint32_t one, two;

	(void)state;
	assert_non_null(ask("@virtual"));
	assert_non_null(ask("@virtual"));
	start(asked_for("alice@example.org"));
	assert_int_equal(asked_for(""), 0);
	one = heard();
	two = heard();
	assert_int_not_equal(one, two);
	assert_int_equal(answers, 0);
	say(two, 1);
	assert_int_equal(answers, 1);
	assert_int_equal(last.full, 1);
	assert_int_equal(last.bytes, 999);
	say(one, 0);
	assert_int_equal(answers, 2);
	assert_int_equal(last.full, 0);
	/* it is there */
	assert_non_null(ask("@virtual"));
	turn();
	say(heard(), 0);
	assert_int_equal(answers, 3);
	assert_int_equal(nobodies, 0);
	assert_int_equal(agents_count(agents), 1);
	chan_close(&job);
}

/* Whoever says what was not asked has no more to say. */
static void
not_asked(void **state)
{
	union msg_spawn m;
	unsigned int type;
	struct pool *p;
	uint32_t asked;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_non_null(ask("alice"));
		start(asked_for("alice"));
		asked = heard();
		if (i == 1)
			say(asked, 0);
		p = pool_after(&agents->pools, NULL);
		assert_non_null(p);
		p->failures = 1;
		say(i == 0 ? asked + 77 : asked, 0);
		assert_int_equal(agents_count(agents), 0);
		assert_true(p->failures >= 1);
		assert_int_equal(answers, 1 + i);
		assert_int_equal(nobodies, 1); /* that of the first */
		p->failures = 0;
		now += 10000000; /* it may be started again */
		chan_close(&job);
		turn();
		while (chan_recv(&master, &type, &m, NULL, 0) == CHAN_OK)
			assert_int_equal(type, SPAWN_T_STOP);
	}
}

/* Who is busy is not asked more and more, and hears the rest later. */
static void
asked_enough(void **state)
{
	uint32_t first = 0, serial = 0;
	unsigned int type;
	union msg_job m;

	(void)state;
	for (size_t i = 0; i < MEASURE_ASKED + 1; i++)
		assert_non_null(ask("alice"));
	start(asked_for("alice"));
	for (size_t i = 0; i < MEASURE_ASKED; i++) {
		serial = heard();
		first = i == 0 ? serial : first;
	}
	assert_int_equal(chan_recv(&job, &type, &m, NULL, 0), CHAN_AGAIN);
	/* also when nobody waits for those any more */
	now += MEASURE_MOST;
	event_active(agents->impatient, EV_TIMEOUT, 0);
	turn();
	assert_int_equal(nobodies, MEASURE_ASKED + 1);
	assert_non_null(ask("alice"));
	turn();
	assert_int_equal(chan_recv(&job, &type, &m, NULL, 0), CHAN_AGAIN);
	say(first, 1);
	assert_int_equal(nobodies, answers);
	say(heard(), 1);
	assert_int_equal(answers, MEASURE_ASKED + 2);
	assert_int_equal(nobodies, MEASURE_ASKED + 1);
	assert_int_equal(last.full, 1);
	chan_close(&job);
}

static void
nobody_answers(void **state)
{
	uint32_t late;

	(void)state;
	assert_non_null(ask("alice"));
	start(asked_for("alice"));
	late = heard();
	now += MEASURE_MOST - 1;
	event_active(agents->impatient, EV_TIMEOUT, 0);
	turn();
	assert_int_equal(answers, 0);
	now += 1;
	event_active(agents->impatient, EV_TIMEOUT, 0);
	turn();
	assert_int_equal(answers, 1);
	assert_int_equal(nobodies, 1);
	say(late, 1); /* and nothing comes of it */
	assert_int_equal(answers, 1);
	/* it ends over a question */
	assert_non_null(ask("alice"));
	turn();
	chan_close(&job);
	turn();
	assert_int_equal(answers, 2);
	assert_int_equal(nobodies, 2);
}

static void
cannot_start(void **state)
{
	struct msg_spawn_failed m = { .dsn = "5.1.1" };

	(void)state;
	assert_non_null(ask("alice"));
	assert_non_null(ask("alice"));
	m.serial = asked_for("alice");
	assert_int_equal(
	    chan_send(&master, SPAWN_T_FAILED, &m, -1, 0), CHAN_OK);
	turn();
	assert_int_equal(answers, 2);
	assert_int_equal(nobodies, 2);
	assert_int_equal(agents_count(agents), 0);
	strlcpy(m.dsn, SPAWN_BUSY, sizeof(m.dsn));
	assert_non_null(ask("bob"));
	m.serial = asked_for("bob");
	assert_int_equal(
	    chan_send(&master, SPAWN_T_FAILED, &m, -1, 0), CHAN_OK);
	turn();
	assert_int_equal(nobodies, 3);
	/* there is no place, as long as that holds */
	assert_null(ask("carol"));
	assert_int_equal(asked_for(""), 0);
}

/* A flood of accounts starts few agents, and takes no place from mail. */
static void
few_start(void **state)
{
	static const char *const users[] = { "a", "b", "c", "d", "e", "f" };
	uint32_t serials[MEASURE_STARTS];

	(void)state;
	for (size_t i = 0; i < MEASURE_STARTS; i++) {
		assert_non_null(ask(users[i]));
		serials[i] = asked_for(users[i]);
	}
	assert_null(ask(users[MEASURE_STARTS]));
	assert_int_equal(asked_for(""), 0);
	start(serials[0]);
	say(heard(), 0);
	assert_non_null(ask(users[MEASURE_STARTS]));
	assert_int_not_equal(asked_for(users[MEASURE_STARTS]), 0);
	turn();
	queue.settings.agents = 5;
	chan_close(&job);
	queue.settings.agents = 0;
	turn();
	assert_null(ask("g"));
}

/* As many as there may be, and not one more. */
static void
few_wait(void **state)
{
	struct measure *m = NULL;

	(void)state;
	for (size_t i = 0; i < MEASURES_MOST; i++)
		assert_non_null(m = ask("alice"));
	assert_null(ask("alice"));
	agents_measure_forget(agents, m);
	assert_non_null(ask("alice"));
	queue.stopping = true;
	assert_null(ask("bob"));
	queue.stopping = false;
	now += MEASURE_MOST;
	event_active(agents->impatient, EV_TIMEOUT, 0);
	turn();
	assert_int_equal(nobodies, MEASURES_MOST);
}

/* Forgotten before and after it went out. */
static void
forgotten(void **state)
{
	struct measure *before, *after;

	(void)state;
	assert_non_null(before = ask("alice"));
	assert_non_null(after = ask("alice"));
	agents_measure_forget(agents, before);
	start(asked_for("alice"));
	(void)heard();
	agents_measure_forget(agents, after);
	chan_close(&job);
	turn();
	assert_int_equal(answers, 0);
}

static int
setup(void **state)
{
	(void)state;
	log_open("t_agent_measure", LOG_TO_FILE, "/dev/null");
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(is_answered, fresh, done),
		cmocka_unit_test_setup_teardown(nobody_answers, fresh, done),
		cmocka_unit_test_setup_teardown(not_asked, fresh, done),
		cmocka_unit_test_setup_teardown(asked_enough, fresh, done),
		cmocka_unit_test_setup_teardown(cannot_start, fresh, done),
		cmocka_unit_test_setup_teardown(few_start, fresh, done),
		cmocka_unit_test_setup_teardown(few_wait, fresh, done),
		cmocka_unit_test_setup_teardown(forgotten, fresh, done),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
