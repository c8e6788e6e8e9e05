/*
 * t_agents: agents that hang, that cannot be had now, and that are idle, with
 * a clock that the test sets.
 * wrap: deadline_now pool_take pool_account pool_fail pool_lost
 * wrap: message_target message_tell message_tell_rcpt message_verdict
 * wrap: message_lost spool_reader queue_stop
 */
#include "tests/unit/unit.h"

#include "common/sock.h"
#include "queue/agents_private.h"

static struct queue queue;
static struct agents *agents;
static struct pool *pool;
static struct chan master, job;
static struct entry entry;
static struct message message = { .q = &queue, .entry = &entry };
static int64_t now = 1000000;
static size_t work, outcomes, losses, failed;

int64_t __wrap_deadline_now(void);
bool __wrap_pool_take(struct pool *, bool, size_t, struct pool_work *);
const char *__wrap_pool_account(const struct pool *);
void __wrap_pool_fail(struct pool *, const struct verdict *);
void __wrap_pool_lost(struct pool *, int64_t);
struct target *__wrap_message_target(
    const struct message *, size_t, const struct pool *, struct diag *);
void __wrap_message_tell(
    const struct message *, struct msg_job_message *, uint32_t, size_t);
void __wrap_message_tell_rcpt(const struct message *, size_t,
    const struct target *, struct msg_job_rcpt *);
void __wrap_message_verdict(struct message *, size_t, const struct verdict *);
void __wrap_message_lost(struct message *, size_t, int64_t);
int __wrap_spool_reader(struct spool *, const char *);
void __wrap_queue_stop(struct queue *);

int64_t
__wrap_deadline_now(void)
{
	return now;
}

bool
__wrap_pool_take(struct pool *p, bool alone, size_t room, struct pool_work *w)
{
	(void)alone;
	(void)room;
	if (work == 0)
		return false;
	*w = (struct pool_work){ .message = &message, .n = work };
	for (size_t i = 0; i < work; i++)
		w->indexes[i] = (uint32_t)i;
	work = p->waiting = 0;
	return true;
}

const char *
__wrap_pool_account(const struct pool *p)
{
	(void)p;
	return "alice";
}

void
__wrap_pool_fail(struct pool *p, const struct verdict *v)
{
	assert_int_equal(v->diag.outcome, OUT_TEMP);
	p->waiting = work = 0;
	failed++;
}

void
__wrap_pool_lost(struct pool *p, int64_t wait)
{
	(void)wait;
	p->waiting = work = 0;
	losses++;
}

struct target *
__wrap_message_target(
    const struct message *m, size_t i, const struct pool *p, struct diag *d)
{
	(void)p;
	(void)m;
	(void)i;
	(void)d;
	return calloc(1, sizeof(struct target) + 1);
}

void
__wrap_message_tell(
    const struct message *m, struct msg_job_message *out, uint32_t n, size_t i)
{
	(void)i;
	(void)m;
	*out = (struct msg_job_message){ .nrcpt = n };
}

void
__wrap_message_tell_rcpt(const struct message *m, size_t i,
    const struct target *t, struct msg_job_rcpt *out)
{
	(void)m;
	(void)t;
	*out = (struct msg_job_rcpt){ .index = (uint32_t)i };
}

void
__wrap_message_verdict(struct message *m, size_t i, const struct verdict *v)
{
	(void)m;
	(void)i;
	assert_int_equal(v->diag.outcome, OUT_TEMP);
	outcomes++;
}

void
__wrap_message_lost(struct message *m, size_t i, int64_t wait)
{
	(void)m;
	(void)i;
	(void)wait;
	losses++;
}

int
__wrap_spool_reader(struct spool *s, const char *id)
{
	(void)s;
	(void)id;
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void
__wrap_queue_stop(struct queue *q)
{
	q->stopping = true;
}

static void
turn(void)
{
	(void)event_base_loop(queue.base, EVLOOP_NONBLOCK);
}

static void
sweep(void)
{
	event_active(agents->sweep, EV_TIMEOUT, 0);
	turn();
	turn();
}

/* The next thing that queued says to postriderd. */
static unsigned int
said(union msg_spawn *m)
{
	unsigned int type = SPAWN_T_COUNT;

	(void)chan_recv(&master, &type, m, NULL, 0);
	return type;
}

static int
fresh(void **state)
{
	const struct pool_key key = { .program = SPAWN_LOCAL, .name = "alice" };
	int pair[2];

	(void)state;
	now += 10000000;
	work = outcomes = losses = failed = 0;
	queue = (struct queue){ .base = event_base_new(),
		.settings = { .agents = 2, .local_agents = 2 } };
	if (queue.base == NULL || sock_pair(pair) == -1)
		return -1;
	chan_init(&master, pair[0], &spawn_channel, SPAWN_MASTER);
	agents = agents_new(&queue, pair[1]);
	if (agents == NULL)
		return -1;
	pool = agents_pool(agents, &key);
	return pool == NULL ? -1 : 0;
}

static int
done(void **state)
{
	(void)state;
	chan_close(&master);
	turn();
	turn();
	assert_true(queue.stopping);
	event_free(agents->wake);
	event_free(agents->watch);
	event_free(agents->sweep);
	event_free(agents->impatient);
	event_free(agents->here.again);
	event_free(agents->pipes.again);
	event_free(agents->away.again);
	destinations_free(agents->dests);
	while (pool != NULL && pool->nagents > 0)
		pool->nagents--;
	free(pool);
	free(agents);
	event_base_free(queue.base);
	return 0;
}

/* The agent that is asked for; its serial. */
static uint32_t
asked(size_t n)
{
	union msg_spawn m;

	work = pool->waiting = n;
	agents_wake(agents, pool);
	turn();
	assert_int_equal(said(&m), SPAWN_T_START);
	assert_string_equal(m.start.account, "alice");
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
	for (int i = 0; i < 4; i++)
		turn();
}

static void
dismissed(uint32_t serial, uint32_t grace)
{
	union msg_spawn m;

	assert_int_equal(said(&m), SPAWN_T_STOP);
	assert_int_equal(m.stop.serial, serial);
	assert_int_equal(m.stop.grace, grace);
}

static void
ended(void)
{
	unsigned int type;
	union msg_job m;
	enum chan_result r;
	int fd;

	do {
		r = chan_recv(&job, &type, &m, &fd, 0);
		if (r == CHAN_OK && fd != -1)
			assert_int_equal(close(fd), 0);
	} while (r == CHAN_OK);
	assert_int_equal(r, CHAN_EOF);
	chan_close(&job);
}

/* Work without an answer: after five minutes it is given up. */
static void
hangs(void **state)
{
	uint32_t serial = asked(3);

	(void)state;
	start(serial);
	assert_int_equal(agents_outstanding(agents), 3);
	now += AGENT_WORK_MOST - 1;
	sweep();
	assert_int_equal(outcomes, 0);
	now += 1;
	sweep();
	assert_int_equal(outcomes, 3);
	assert_int_equal(losses, 0);
	assert_int_equal(failed, 1);
	assert_true(entry.alone);
	assert_int_equal(agents_count(agents), 0);
	assert_int_equal(agents_outstanding(agents), 0);
	dismissed(serial, 0);
	dismissed(serial, AGENT_GRACE);
	ended();
	/* The pool has a pause of its own. */
	work = pool->waiting = 1;
	agents_wake(agents, pool);
	turn();
	assert_int_equal(losses, 1);
	assert_int_equal(agents_count(agents), 0);
	now += 60000;
	serial = asked(1);
	start(serial);
	now += AGENT_WORK_MOST;
	sweep();
	assert_int_equal(outcomes, 4);
	assert_true(pool->pause > now + 60000);
	ended();
}

/* One that does not even start. */
static void
never_starts(void **state)
{
	struct msg_spawn_failed m = { .dsn = "4.3.5" };
	uint32_t serial = asked(3);

	(void)state;
	now += AGENT_START_MOST - 1;
	sweep();
	assert_int_equal(agents_count(agents), 1);
	now += 1;
	sweep();
	assert_int_equal(failed, 1);
	assert_int_equal(agents_count(agents), 0);
	dismissed(serial, 0);
	/* What postriderd says of it afterwards is about nobody. */
	m.serial = serial;
	assert_int_equal(
	    chan_send(&master, SPAWN_T_FAILED, &m, -1, 0), CHAN_OK);
	turn();
	assert_int_equal(failed, 1);
}

/* No place is no attempt: the same is asked for again soon. */
static void
busy(void **state)
{
	struct msg_spawn_failed m = { .dsn = SPAWN_BUSY };
	union msg_spawn again;

	(void)state;
	m.serial = asked(3);
	assert_int_equal(
	    chan_send(&master, SPAWN_T_FAILED, &m, -1, 0), CHAN_OK);
	turn();
	turn();
	assert_int_equal(agents_count(agents), 0);
	assert_int_equal(said(&again), SPAWN_T_COUNT);
	for (int i = 0; i < 3 && agents_count(agents) == 0; i++)
		(void)event_base_loop(queue.base, EVLOOP_ONCE);
	assert_int_equal(said(&again), SPAWN_T_START);
	assert_int_equal(outcomes + losses + failed, 0);
	assert_int_equal(pool->waiting, 3);
	start(again.start.serial);
	assert_int_equal(agents_outstanding(agents), 3);
	chan_close(&job);
	turn();
}

/* An idle one may take its time, but not for ever. */
static void
idle(void **state)
{
	uint32_t serial = asked(1);

	(void)state;
	work = pool->waiting = 0; /* dropped meanwhile */
	start(serial);
	assert_int_equal(agents_count(agents), 1);
	now += AGENT_WORK_MOST;
	pool->failures = 1; /* keeps the pool */
	sweep();
	assert_int_equal(agents_count(agents), 0);
	assert_int_equal(outcomes + losses + failed, 0);
	dismissed(serial, AGENT_GRACE);
	ended();
}

/* Whether mail for a pool can be delivered while its client waits. */
static void
ready(void **state)
{
	(void)state;
	assert_true(
	    agents_ready(agents, "bob")); /* no pool: one is asked for */
	assert_true(agents_ready(agents, "alice"));
	pool->pause = now + 1;
	assert_false(agents_ready(agents, "alice"));
	pool->pause = 0;
	agents->here.busy = now + 1;
	assert_false(agents_ready(agents, "alice"));
	assert_false(agents_ready(agents, "bob"));
	agents->here.busy = 0;
	start(asked(2));
	now += 999;
	assert_true(agents_ready(agents, "alice"));
	now += 1; /* a second without an answer */
	assert_false(agents_ready(agents, "alice"));
	assert_true(agents_ready(agents, "bob"));
	chan_close(&job);
	turn();
	turn();
}

/* At the end, postriderd goes before the agents do. */
static void
left_alone(void **state)
{
	(void)state;
	start(asked(2));
	chan_close(&master);
	turn();
	turn();
	assert_true(queue.stopping);
	assert_null(agents->spawn);
	chan_close(&job);
	turn();
	turn();
	assert_int_equal(losses, 2);
	assert_int_equal(agents_count(agents), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(hangs, fresh, done),
		cmocka_unit_test_setup_teardown(never_starts, fresh, done),
		cmocka_unit_test_setup_teardown(busy, fresh, done),
		cmocka_unit_test_setup_teardown(idle, fresh, done),
		cmocka_unit_test_setup_teardown(ready, fresh, done),
		cmocka_unit_test_setup_teardown(left_alone, fresh, done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
