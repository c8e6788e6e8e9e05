/*
 * t_agent_places: which next hop gets the next agent, and which agent makes
 * room; and what agents say of their hop, with a clock that the test sets.
 * wrap: deadline_now pool_take pool_fail pool_lost pool_again message_tell
 * wrap: message_lost message_untried message_tell_rcpt message_verdict spool_reader queue_stop route_find
 * wrap: schedule_dest_due schedule_dest_wait schedule_dest_hurry dispatch_kick
 */
#include "tests/unit/unit.h"

#include <bsd/string.h>

#include "common/sock.h"
#include "queue/agents_private.h"
#include "queue/dispatch.h"

#define HOPS 12

static struct queue queue;
static struct agents *agents;
static struct chan master, job;
static struct pool *pools[HOPS];        /* they may go when they are idle */
static struct destination *dests[HOPS]; /* which stay */
static struct entry entry;
static struct message message = { .q = &queue, .entry = &entry };
static int64_t now = 1000000;
static size_t verdicts, losses, untried, again, due, hurried, parked;
static const char *other_hop; /* what the tables say by now; NULL: the same */

int64_t __wrap_deadline_now(void);
bool __wrap_pool_take(struct pool *, bool, size_t, struct pool_work *);
void __wrap_pool_fail(struct pool *, const struct verdict *);
void __wrap_pool_lost(struct pool *, int64_t);
bool __wrap_pool_again(struct pool *, struct message *, size_t);
void __wrap_message_tell(
    const struct message *, struct msg_job_message *, uint32_t);
void __wrap_message_tell_rcpt(
    const struct message *, size_t, const char *, struct msg_job_rcpt *);
void __wrap_message_verdict(struct message *, size_t, const struct verdict *);
void __wrap_message_lost(struct message *, size_t, int64_t);
void __wrap_message_untried(struct message *, size_t);
int __wrap_spool_reader(struct spool *, const char *);
void __wrap_queue_stop(struct queue *);
enum outcome __wrap_route_find(
    struct tables *, const char *, const char *, struct route *, struct diag *);
void __wrap_schedule_dest_due(struct schedule *, uint32_t, int64_t);
void __wrap_schedule_dest_wait(struct schedule *, uint32_t, int64_t);
void __wrap_schedule_dest_hurry(struct schedule *, uint32_t, int64_t, int64_t);
void __wrap_dispatch_kick(struct dispatch *);

int64_t
__wrap_deadline_now(void)
{
	return now;
}

static void
set_waiting(struct pool *p, size_t n)
{
	p->dest->waiting += n - p->waiting;
	p->waiting = n;
}

/* One recipient for each that waits. */
bool
__wrap_pool_take(struct pool *p, bool alone, size_t room, struct pool_work *w)
{
	(void)alone;
	assert_true(room > 0);
	if (p->waiting == 0)
		return false;
	set_waiting(p, p->waiting - 1);
	*w = (struct pool_work){ .message = &message, .n = 1 };
	return true;
}

void
__wrap_pool_fail(struct pool *p, const struct verdict *v)
{
	assert_int_equal(v->diag.outcome, OUT_TEMP);
	verdicts += p->waiting;
	set_waiting(p, 0);
}

void
__wrap_pool_lost(struct pool *p, int64_t wait)
{
	(void)wait;
	set_waiting(p, 0);
}

bool
__wrap_pool_again(struct pool *p, struct message *m, size_t i)
{
	(void)m;
	(void)i;
	set_waiting(p, p->waiting + 1);
	again++;
	return true;
}

void
__wrap_message_tell(
    const struct message *m, struct msg_job_message *out, uint32_t n)
{
	(void)m;
	*out = (struct msg_job_message){ .nrcpt = n };
}

void
__wrap_message_tell_rcpt(const struct message *m, size_t i, const char *mailbox,
    struct msg_job_rcpt *out)
{
	(void)m;
	assert_null(mailbox);
	*out = (struct msg_job_rcpt){ .index = (uint32_t)i };
}

void
__wrap_message_verdict(struct message *m, size_t i, const struct verdict *v)
{
	(void)m;
	(void)i;
	(void)v;
	verdicts++;
}

void
__wrap_message_lost(struct message *m, size_t i, int64_t wait)
{
	(void)m;
	(void)i;
	(void)wait;
	losses++;
}

void
__wrap_message_untried(struct message *m, size_t i)
{
	(void)m;
	(void)i;
	untried++;
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

enum outcome
__wrap_route_find(struct tables *t, const char *mail_name, const char *addr,
    struct route *out, struct diag *d)
{
	(void)t;
	(void)mail_name;
	(void)addr;
	(void)d;
	memset(out, 0, sizeof(*out));
	out->program = SPAWN_REMOTE;
	strlcpy(out->pool, other_hop != NULL ? other_hop : dests[0]->name,
	    sizeof(out->pool));
	return OUT_OK;
}

void
__wrap_schedule_dest_due(struct schedule *s, uint32_t dest, int64_t at)
{
	(void)s;
	(void)dest;
	(void)at;
	due++;
}

void
__wrap_schedule_dest_wait(struct schedule *s, uint32_t dest, int64_t until)
{
	(void)s;
	(void)dest;
	assert_true(until > now);
	parked++;
}

void
__wrap_schedule_dest_hurry(
    struct schedule *s, uint32_t dest, int64_t at, int64_t each)
{
	(void)s;
	(void)dest;
	(void)at;
	(void)each;
	hurried++;
}

void
__wrap_dispatch_kick(struct dispatch *d)
{
	(void)d;
}

static void
turn(void)
{
	for (int i = 0; i < 4; i++)
		(void)event_base_loop(queue.base, EVLOOP_NONBLOCK);
}

static void
find(size_t i)
{
	char name[20];
	const struct pool_key key = { .program = SPAWN_REMOTE, .name = name };

	(void)snprintf(name, sizeof(name), "hop%02zu", i);
	assert_non_null(pools[i] = agents_pool(agents, &key));
}

static int
fresh(void **state)
{
	int pair[2];

	(void)state;
	now += 10000000;
	verdicts = losses = untried = again = due = hurried = parked = 0;
	other_hop = NULL;
	env_init(&message.env);
	if (!env_add(&message.env, "bob@far.test", "", 0))
		return -1;
	queue = (struct queue){ .base = event_base_new(),
		.settings = { .agents = 2,
		    .local_agents = 2,
		    .remote_agents = 8,
		    .destination_agents = 4,
		    .connection_idle = 5,
		    .retry = { .first = 300, .most = 14400 } } };
	if (queue.base == NULL || sock_pair(pair) == -1)
		return -1;
	chan_init(&master, pair[0], &spawn_channel, SPAWN_MASTER);
	if ((agents = agents_new(&queue, pair[1])) == NULL)
		return -1;
	agents_settings(agents);
	for (size_t i = 0; i < HOPS; i++) {
		find(i);
		dests[i] = pools[i]->dest;
		pools[i]->stalls = 1; /* keeps the pool */
	}
	return 0;
}

static int
done(void **state)
{
	struct pool *p;

	(void)state;
	env_free(&message.env);
	chan_close(&master);
	turn();
	assert_true(queue.stopping);
	event_free(agents->wake);
	event_free(agents->sweep);
	event_free(agents->here.again);
	event_free(agents->away.again);
	while ((p = pool_after(&agents->pools, NULL)) != NULL) {
		struct agent *a, *next;

		LIST_FOREACH_SAFE(a, &p->agents, in_pool, next)
		free(a);
		p->nagents = p->waiting = 0;
		p->failures = p->stalls = 0;
		p->is_awake = p->is_starving = false;
		assert_true(pool_tidy(&agents->pools, p));
	}
	destinations_free(agents->dests);
	free(agents);
	event_base_free(queue.base);
	return 0;
}

static void
give(size_t i, size_t n)
{
	find(i);
	set_waiting(pools[i], n);
	agents_wake(agents, pools[i]);
	turn();
}

/* How many agents were asked for since it was looked last. */
static size_t
asked(uint32_t *serial)
{
	unsigned int type;
	union msg_spawn m;
	size_t n = 0;

	while (chan_recv(&master, &type, &m, NULL, 0) == CHAN_OK)
		if (type == SPAWN_T_START) {
			assert_int_equal(m.start.program, SPAWN_REMOTE);
			assert_string_equal(m.start.account, "");
			if (serial != NULL)
				*serial = m.start.serial;
			n++;
		}
	return n;
}

static void
set_state(size_t i, uint32_t state)
{
	struct destination *d = dests[i];
	uint32_t before = d->state;

	d->state = state;
	d->until = 0;
	places_moved(agents, d, before);
}

/* New ones get three quarters; a good one finds a place beside them. */
static void
shares(void **state)
{
	size_t n = 0;

	(void)state;
	set_state(11, DEST_GOOD);
	for (size_t i = 0; i < 10; i++) {
		give(i, 1);
		n += asked(NULL);
	}
	assert_int_equal(n, 6);
	assert_true(pools[6]->is_starving);
	give(11, 5);
	assert_int_equal(asked(NULL), 2); /* its window */
	assert_int_equal(agents_count(agents), 8);
	/* Who is down gets a quarter, and nobody more than there are. */
	assert_false(pools[11]->is_starving);
}

static void
probes(void **state)
{
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < 10; i++) {
		set_state(i, DEST_DOWN);
		give(i, 3);
		n += asked(NULL);
		assert_true(pools[i]->nagents <= 1);
	}
	assert_int_equal(n, 2);
	for (size_t i = 10; i < HOPS; i++) {
		give(i, 3);
		n += asked(NULL);
	}
	assert_int_equal(n, 6);
}

/* One that becomes good has what it waits for without the others' end. */
static void
better_class(void **state)
{
	(void)state;
	for (size_t i = 0; i < 10; i++)
		give(i, 1);
	assert_int_equal(asked(NULL), 6);
	set_state(9, DEST_GOOD);
	turn();
	assert_int_equal(asked(NULL), 1);
	assert_int_equal(pools[9]->nagents, 1);
	assert_int_equal(agents->away.by_state[DEST_GOOD], 1);
	assert_int_equal(agents->away.by_state[DEST_NEW], 6);
}

/* An agent of pools[0], with its channel. */
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

/* The next thing that the agent hears, but for descriptors. */
static unsigned int
heard(union msg_job *m)
{
	unsigned int type = JOB_T_COUNT;
	int fd = -1;

	(void)chan_recv(&job, &type, m, &fd, 0);
	if (fd != -1)
		assert_int_equal(close(fd), 0);
	return type;
}

static uint32_t
heard_job(void)
{
	union msg_job m;
	uint32_t number;

	assert_int_equal(heard(&m), JOB_T_MESSAGE);
	number = m.message.job;
	assert_int_equal(heard(&m), JOB_T_RCPT);
	return number;
}

static void
say(uint32_t number, const char *dsn, uint32_t code, uint32_t flags)
{
	struct msg_job_outcome m = { .job = number,
		.outcome = dsn[0] == '2' ? OUT_OK : OUT_TEMP,
		.code = code,
		.flags = flags };

	strlcpy(m.dsn, dsn, sizeof(m.dsn));
	assert_int_equal(chan_send(&job, JOB_T_OUTCOME, &m, -1, 0), CHAN_OK);
	turn();
}

/* Its first words are the hop; it gets one message until it got through. */
static void
first_words(void **state)
{
	uint32_t serial = 0, number;
	union msg_job m;

	(void)state;
	dests[0]->window = 1;
	give(0, 9);
	assert_int_equal(asked(&serial), 1);
	start(serial);
	assert_int_equal(heard(&m), JOB_T_HOP);
	assert_string_equal(m.hop.hop, "hop00");
	number = heard_job();
	assert_int_equal(heard(&m), JOB_T_COUNT);
	assert_int_equal(dests[0]->outstanding, 1);
	now += 10;
	say(number, "2.0.0", 250, 0);
	assert_int_equal(verdicts, 1);
	assert_int_equal(dests[0]->state, DEST_GOOD);
	/* Some ahead now, and another agent. */
	for (int i = 0; i < 3; i++)
		number = heard_job();
	assert_int_equal(heard(&m), JOB_T_COUNT);
	assert_int_equal(asked(NULL), 1);
	chan_close(&job);
	turn();
}

/* It cannot be reached: nothing waits any more, and the agent goes. */
static void
down(void **state)
{
	uint32_t serial = 0, number;
	union msg_job m;
	struct verdict v;

	(void)state;
	dests[0]->window = 1;
	give(0, 9);
	assert_int_equal(asked(&serial), 1);
	start(serial);
	(void)heard(&m);
	number = heard_job();
	now += 10;
	say(number, "4.4.1", 0, OUTCOME_DOWN);
	assert_int_equal(verdicts, 9);
	assert_int_equal(dests[0]->state, DEST_DOWN);
	assert_int_equal(heard(&m), JOB_T_COUNT);
	assert_int_equal(dests[0]->agents, 0);
	assert_int_equal(due, 1);
	assert_int_equal(parked, 0);
	assert_true(agents_down(agents, "hop00", &v));
	assert_string_equal(v.diag.dsn, "4.4.1");
	assert_false(agents_down(agents, "hop01", &v));
	assert_false(agents_down(agents, "hop99", &v));
	/* The first wait is a fifth of retry-first, or a little less. */
	now += 44000;
	assert_true(agents_down(agents, "hop00", &v));
	now += 16000;
	assert_false(agents_down(agents, "hop00", &v));
	assert_int_equal(parked, 1);
	/* It finds out that all is well. */
	chan_close(&job);
	give(0, 1);
	assert_int_equal(asked(&serial), 1);
	start(serial);
	(void)heard(&m);
	say(heard_job(), "4.2.0", 450, 0); /* which is a greeting, too */
	assert_int_equal(dests[0]->state, DEST_GOOD);
	assert_int_equal(hurried, 1);
	chan_close(&job);
	turn();
}

/* What one connection too many had goes over another one. */
static void
one_too_many(void **state)
{
	uint32_t serial = 0, number;
	struct chan first;
	union msg_job m;

	(void)state;
	dests[0]->window = 1;
	give(0, 1);
	assert_int_equal(asked(&serial), 1);
	start(serial);
	(void)heard(&m);
	say(heard_job(), "2.0.0", 250, 0);
	dests[0]->window = 4;
	now += 10;
	give(0, 4); /* three for the one, and another is asked for */
	first = job;
	assert_int_equal(asked(&serial), 1);
	start(serial);
	(void)heard(&m);
	number = heard_job();
	now += 10;
	say(number, "4.7.0", 421, OUTCOME_BUSY | OUTCOME_DOWN);
	assert_int_equal(verdicts, 1);
	assert_int_equal(again, 1);
	assert_int_equal(dests[0]->state, DEST_GOOD);
	assert_int_equal(dests[0]->window, 2);
	assert_int_equal(dests[0]->agents, 2); /* a new one is on its way */
	chan_close(&job);
	job = first;
	for (int i = 0; i < 3; i++)
		say(heard_job(), "2.0.0", 250, 0);
	say(heard_job(), "2.0.0", 250, 0);
	assert_int_equal(verdicts, 5);
	assert_int_equal(pools[0]->waiting, 0);
	chan_close(&job);
	turn();
}

/* Our own trouble tells nothing of the destination; nor does a crash. */
static void
own_trouble(void **state)
{
	uint32_t serial = 0;
	union msg_job m;

	(void)state;
	dests[0]->window = 1;
	give(0, 2);
	assert_int_equal(asked(&serial), 1);
	start(serial);
	(void)heard(&m);
	say(heard_job(), "4.3.0", 0, 0);
	assert_int_equal(dests[0]->state, DEST_NEW);
	assert_true(agents_slow(agents, dests[0]->number));
	assert_false(agents_slow(agents, 7));             /* a mailbox */
	assert_true(agents_slow(agents, ROUTE_AWAY | 7)); /* unknown */
	assert_false(agents_crowded(agents, dests[0]->number));
	set_waiting(pools[0], 25);
	assert_true(agents_crowded(agents, dests[0]->number));
	set_waiting(pools[0], 0);
	(void)heard_job();
	chan_close(&job);
	turn();
	assert_int_equal(losses, 1);
	assert_int_equal(dests[0]->state, DEST_NEW);
	assert_int_equal(dests[0]->outstanding, 0);
	assert_int_equal(dests[0]->agents, 0);
}

/* The tables name another hop by now: it is not given to this one. */
static void
routed_anew(void **state)
{
	uint32_t serial = 0;
	union msg_job m;

	(void)state;
	give(0, 1);
	assert_int_equal(asked(&serial), 1);
	other_hop = "hop01";
	start(serial);
	assert_int_equal(heard(&m), JOB_T_HOP);
	assert_int_equal(heard(&m), JOB_T_COUNT);
	assert_int_equal(untried, 1);
	assert_int_equal(dests[0]->outstanding, 0);
	chan_close(&job);
	turn();
}

/* An idle one goes when its connection is over, or its place is wanted. */
static void
idle(void **state)
{
	uint32_t serial = 0;
	union msg_job m;

	(void)state;
	give(0, 1);
	assert_int_equal(asked(&serial), 1);
	start(serial);
	(void)heard(&m);
	say(heard_job(), "2.0.0", 250, 0);
	now += 5999;
	event_active(agents->sweep, EV_TIMEOUT, 0);
	turn();
	assert_int_equal(pools[0]->nagents, 1);
	now += 1;
	event_active(agents->sweep, EV_TIMEOUT, 0);
	turn();
	assert_int_equal(dests[0]->agents, 0);
	chan_close(&job);
	turn();
	/* For a place that is wanted at once. */
	queue.settings.remote_agents = 1;
	set_state(5, DEST_GOOD);
	give(0, 1);
	assert_int_equal(asked(&serial), 1);
	start(serial);
	(void)heard(&m);
	say(heard_job(), "2.0.0", 250, 0);
	give(5, 1);
	turn();
	assert_int_equal(dests[0]->agents, 0);
	assert_int_equal(asked(NULL), 1);
	assert_int_equal(pools[5]->nagents, 1);
	chan_close(&job);
	turn();
}

#define T(f) cmocka_unit_test_setup_teardown(f, fresh, done)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(shares),
		T(probes),
		T(better_class),
		T(first_words),
		T(down),
		T(one_too_many),
		T(own_trouble),
		T(routed_anew),
		T(idle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
