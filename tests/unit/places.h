/*
 * places: agents for other hosts, or for commands, without their processes, for
 * the tests of what queued makes of them.  The clock is the test's.
 */
#ifndef TESTS_UNIT_PLACES_H
#define TESTS_UNIT_PLACES_H

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
static uint32_t sender; /* of all messages; 0: each pool its own */
static uint32_t wanted_program = SPAWN_REMOTE;
static const char *other_hop; /* what the tables say by now; NULL: the same */

int64_t __wrap_deadline_now(void);
bool __wrap_pool_take(struct pool *, bool, size_t, struct pool_work *);
void __wrap_pool_fail(struct pool *, const struct verdict *);
void __wrap_pool_lost(struct pool *, int64_t);
size_t __wrap_pool_whos(const struct pool *, uint32_t[], size_t);
bool __wrap_pool_again(struct pool *, struct message *, size_t);
void __wrap_message_tell(
    const struct message *, struct msg_job_message *, uint32_t, size_t);
void __wrap_message_tell_rcpt(const struct message *, size_t,
    const struct target *, struct msg_job_rcpt *);
void __wrap_message_verdict(struct message *, size_t, const struct verdict *);
void __wrap_message_lost(struct message *, size_t, int64_t);
void __wrap_message_moved(struct message *, size_t);
int __wrap_spool_reader(struct spool *, const char *);
void __wrap_queue_stop(struct queue *);
enum outcome __wrap_route_find(struct tables *, const char *,
    const struct route_ask *, struct route *, struct diag *);
void __wrap_schedule_dest_due(struct schedule *, uint32_t, int64_t);
void __wrap_schedule_dest_wait(struct schedule *, uint32_t, int64_t);
void __wrap_schedule_dest_hurry(struct schedule *, uint32_t, int64_t, int64_t);
void __wrap_dispatch_kick(struct dispatch *);

int64_t
__wrap_deadline_now(void)
{
	return now;
}

static inline void
set_waiting(struct pool *p, size_t n)
{
	if (p->dest != NULL)
		p->dest->waiting += n - p->waiting;
	p->waiting = n;
}

/* One recipient for each that waits. */
bool
__wrap_pool_take(struct pool *p, bool alone, size_t room, struct pool_work *w)
{
	(void)alone;
	assert_true(room > 0 || p->dest == NULL);
	if (p->waiting == 0 || room == 0)
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

/* One that the test says, or another for each pool. */
size_t
__wrap_pool_whos(const struct pool *p, uint32_t who[], size_t most)
{
	assert_true(most > 0);
	who[0] = sender;
	for (uint32_t i = 0; sender == 0 && i < HOPS; i++)
		if (p == pools[i])
			who[0] = 100 + i;
	return 1;
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
	(void)t; /* remote has none */
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
__wrap_message_moved(struct message *m, size_t i)
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
__wrap_route_find(struct tables *t, const char *mail_name,
    const struct route_ask *q, struct route *out, struct diag *d)
{
	(void)t;
	(void)mail_name;
	(void)q;
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

static inline void
turn(void)
{
	for (int i = 0; i < 4; i++)
		(void)event_base_loop(queue.base, EVLOOP_NONBLOCK);
}

static inline void
find(size_t i)
{
	char name[20];
	const struct pool_key key = { .program = SPAWN_REMOTE, .name = name };

	(void)snprintf(name, sizeof(name), "hop%02zu", i);
	assert_non_null(pools[i] = agents_pool(agents, &key));
}

static inline int
fresh(void **state)
{
	int pair[2];

	(void)state;
	now += 10000000;
	verdicts = losses = untried = again = due = hurried = parked = 0;
	other_hop = NULL;
	sender = 0;
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

static inline void
forget_agent(struct agent *a)
{
	const struct destination *d = a->pool->dest;
	struct places *pl = places_of(agents, a->pool);

	if (a->counted)
		senders_release(&pl->by_who[d != NULL ? d->state : 0], a->who);
	free(a);
}

static inline int
done(void **state)
{
	struct pool *p;

	(void)state;
	env_free(&message.env);
	chan_close(&master);
	turn();
	assert_true(queue.stopping);
	event_free(agents->wake);
	event_free(agents->watch);
	event_free(agents->sweep);
	event_free(agents->impatient);
	event_free(agents->here.again);
	event_free(agents->pipes.again);
	event_free(agents->away.again);
	while ((p = pool_after(&agents->pools, NULL)) != NULL) {
		struct agent *a, *next;

		LIST_FOREACH_SAFE(a, &p->agents, in_pool, next)
		forget_agent(a);
		places_starve(agents, p, false);
		p->nagents = p->waiting = 0;
		p->failures = p->stalls = 0;
		p->is_awake = false;
		assert_true(pool_tidy(&agents->pools, p));
	}
	destinations_free(agents->dests);
	free(agents);
	event_base_free(queue.base);
	return 0;
}

static inline void
give(size_t i, size_t n)
{
	find(i);
	set_waiting(pools[i], n);
	agents_wake(agents, pools[i]);
	turn();
}

static inline bool
is_down(const char *hop, struct verdict *v)
{
	const struct pool_key key = { .program = SPAWN_REMOTE, .name = hop };

	return agents_down(agents, &key, false, v);
}

/* How many agents were asked for since it was looked last. */
static inline size_t
asked(uint32_t *serial)
{
	unsigned int type;
	union msg_spawn m;
	size_t n = 0;

	while (chan_recv(&master, &type, &m, NULL, 0) == CHAN_OK)
		if (type == SPAWN_T_START) {
			assert_int_equal(m.start.program, wanted_program);
			assert_string_equal(m.start.account, "");
			if (serial != NULL)
				*serial = m.start.serial;
			n++;
		}
	return n;
}

static inline void
set_state(size_t i, uint32_t state)
{
	struct destination *d = dests[i];
	uint32_t before = d->state;

	d->state = state;
	d->until = 0;
	places_moved(agents, d, before);
}

/* An agent of pools[0], with its channel. */
static inline void
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
static inline unsigned int
heard(union msg_job *m)
{
	unsigned int type = JOB_T_COUNT;
	int fd = -1;

	(void)chan_recv(&job, &type, m, &fd, 0);
	if (fd != -1)
		assert_int_equal(close(fd), 0);
	return type;
}

static inline uint32_t
heard_job(void)
{
	union msg_job m;
	uint32_t number;

	assert_int_equal(heard(&m), JOB_T_MESSAGE);
	number = m.message.job;
	assert_int_equal(heard(&m), JOB_T_RCPT);
	return number;
}

static inline void
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

#endif
