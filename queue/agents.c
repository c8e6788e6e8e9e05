/*
 * agents: the processes that deliver and report.  In queued, as postrider;
 * asks postriderd for them (msg_spawn.h).
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/log.h"
#include "queue/agents_private.h"

#define SWEEP_EVERY 5   /* seconds between looks for idle agents */
#define IDLE_MOST 60000 /* milliseconds that an idle agent is kept */
#define IDLE_AWAY 1000  /* and remote longer than its connection */
#define READY_MOST 1000 /* ms since the last answer of one that is quick */

struct pool *
agents_pool(struct agents *as, const struct pool_key *key)
{
	struct pool *p = pool_find(&as->pools, key);

	if (p == NULL || p->program != SPAWN_REMOTE || p->dest != NULL)
		return p;
	p->dest = destination_find(as->dests, p->name, p->away.tls);
	if (p->dest == NULL) {
		(void)pool_tidy(&as->pools, p); /* it is empty: goes */
		return NULL;
	}
	if (p->away.routed)
		destination_routed(as->dests, p->dest);
	destination_enter(as->dests, p->dest);
	return p;
}

bool
agents_ready(const struct agents *as, const char *name)
{
	const struct pool_key key = { .program = SPAWN_LOCAL, .name = name };
	const struct pool *p = pool_get(&as->pools, &key);
	int64_t now = deadline_now();
	const struct agent *a;

	if (p == NULL || p->nagents == 0)
		return as->here.busy == 0 && (p == NULL || p->pause <= now);
	LIST_FOREACH(a, &p->agents, in_pool)
	if (a->outstanding == 0 || now < a->waited + READY_MOST)
		return true;
	return false;
}

size_t
agents_count(const struct agents *as)
{
	return as->here.count + as->pipes.count + as->away.count;
}

size_t
agents_outstanding(const struct agents *as)
{
	return as->outstanding;
}

void
agents_wake(struct agents *as, struct pool *p)
{
	if (!p->is_awake) {
		p->is_awake = true;
		TAILQ_INSERT_TAIL(&as->awake, p, awake);
	}
	event_active(as->wake, EV_TIMEOUT, 0);
}

/* Out of all lists; the next pool in need may have the place. */
static void
drop_agent(struct agent *a)
{
	struct agents *as = a->all;

	if (a->writable != NULL)
		event_free(a->writable);
	if (a->peer == NULL)
		a->pool->nstarting--;
	LIST_REMOVE(a, in_pool);
	TAILQ_REMOVE(&as->list, a, link);
	a->pool->nagents--;
	agent_measure_lost(a);
	if (a->pool->nagents == 0)
		agents_measure_fail(as, a->pool);
	places_freed(a);
	free(a);
}

/* And its pool looks for another. */
void
agent_remove(struct agent *a)
{
	agents_wake(a->all, a->pool);
	drop_agent(a);
}

/* Whether an agent of the pool has ever answered. */
static bool
is_healthy(const struct pool *p)
{
	const struct agent *a;

	LIST_FOREACH(a, &p->agents, in_pool)
	if (a->answers > 0)
		return true;
	return false;
}

/* An agent ended that never did anything: the next may be no better. */
static void
pause_pool(struct pool *p)
{
	int64_t now = deadline_now();

	if (now < p->pause || is_healthy(p))
		return;
	p->pause = now + agent_lost_wait(p->failures);
	p->failures++;
}

void
agent_ended(struct agent *a)
{
	struct pool *p = a->pool;
	size_t lost = agent_lose(a);

	if (lost > 0) {
		a->all->q->counters.crashes++;
		log_error("-", "pool=%s wanted=%zu-outcomes found=agent-ended",
		    p->name, lost);
	}
	if (a->answers == 0 && !a->retiring)
		pause_pool(p);
	if (a->answers > 0 && lost == 0)
		p->stalls = 0;
	agent_dismiss(a->all, a->serial, AGENT_GRACE);
	agent_remove(a);
}

static struct agent *
new_agent(struct agents *as, struct pool *p)
{
	struct agent *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->all = as;
	a->pool = p;
	a->serial = ++as->serial;
	a->waited = deadline_now();
	LIST_INIT(&a->jobs);
	TAILQ_INIT(&a->unsent);
	LIST_INSERT_HEAD(&p->agents, a, in_pool);
	TAILQ_INSERT_TAIL(&as->list, a, link);
	p->nagents++;
	p->nstarting++;
	places_taken(a);
	return a;
}

/* postriderd has no place now, which is not the messages' fault. */
static void
be_busy(struct agents *as, struct pool *p)
{
	if (!places_busy(as, p))
		pool_lost(p, agent_lost_wait(0));
}

static void
start_one(struct agents *as, struct pool *p, const char *account)
{
	struct msg_spawn_start m = { .program = p->program };
	struct agent *a = new_agent(as, p);

	if (a == NULL) {
		pool_lost(p, agent_lost_wait(0));
		return;
	}
	places_starve(as, p, false);
	m.serial = a->serial;
	strlcpy(m.account, account, sizeof(m.account));
	if (peer_try(as->spawn, SPAWN_T_START, &m, -1) != CHAN_AGAIN)
		return; /* if postriderd is gone, we stop */
	drop_agent(a);
	be_busy(as, p);
}

bool
agents_start(struct agents *as, struct pool *p, const char *account)
{
	if (p->pause > deadline_now() || as->spawn == NULL ||
	    !places_allowed(as, p) || !places_has(as, p))
		return false;
	start_one(as, p, account);
	return p->nagents > 0;
}

static void
want_agent(struct agents *as, struct pool *p)
{
	int64_t pause = p->pause - deadline_now();

	if (pause > 0 && !is_healthy(p)) {
		if (p->nagents == 0)
			pool_lost(p, pause);
		return;
	}
	while (p->waiting > 0 && places_allowed(as, p) && places_has(as, p))
		start_one(as, p, pool_account(p));
	if (p->waiting > 0 && p->nagents == 0 && !p->is_starving) {
		places_starve(as, p, true);
		places_make(as, p);
		agents_watch(as);
	}
}

/* Those that are idle look for work, or those that are not. */
static void
fill(struct pool *p, bool idle)
{
	struct agent *a;

	LIST_FOREACH(a, &p->agents, in_pool)
	if (a->peer != NULL && !a->peer->dead && (a->outstanding == 0) == idle)
		agent_fill(a);
}

static void
close_retired(struct pool *p)
{
	struct agent *a, *next;

	LIST_FOREACH_SAFE(a, &p->agents, in_pool, next)
	if (a->peer != NULL && !a->peer->dead && a->retiring &&
	    a->outstanding == 0)
		peer_close(a->peer);
}

/*
 * The pool's agents look for work; those that are to go, go.  What the idle
 * ones leave wants another agent, and does not wait for it.
 */
static void
work(struct agents *as, struct pool *p)
{
	bool starved = p->is_starving;

	places_yield(as, p);
	close_retired(p);
	fill(p, true);
	if (p->waiting > 0 && !as->q->stopping)
		want_agent(as, p);
	fill(p, false);
	if (p->waiting == 0)
		places_starve(as, p, false);
	/* It may have been woken for a place that it does not need any more. */
	if (starved && !p->is_starving)
		places_next(as, p);
	agents_measure_send(as, p);
	if (p->dest != NULL) {
		agents_probe_over(as, p->dest);
		places_give(as, p);
		close_retired(p);
	}
}

/* A pool that has nothing goes, and leaves its destination. */
static void
tidy(struct agents *as, struct pool *p)
{
	struct destination *d = p->dest;

	if (pool_tidy(&as->pools, p) && d != NULL)
		destination_leave(as->dests, d, deadline_now());
}

static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct agents *as = arg;
	struct pool *p;

	(void)fd;
	(void)what;
	while ((p = TAILQ_FIRST(&as->awake)) != NULL) {
		TAILQ_REMOVE(&as->awake, p, awake);
		p->is_awake = false;
		work(as, p);
		tidy(as, p);
	}
}

/* How long an agent is kept that has nothing to do. */
static int64_t
idle_most(const struct agent *a)
{
	if (a->pool->dest == NULL)
		return IDLE_MOST;
	return a->all->q->settings.connection_idle * 1000 + IDLE_AWAY;
}

/* Closes those that were idle for long; gives up those that hang. */
static void
on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct agents *as = arg;
	struct agent *a, *next;
	int64_t now = deadline_now();

	(void)fd;
	(void)what;
	agent_dismiss_rest(as);
	TAILQ_FOREACH_SAFE(a, &as->list, link, next)
	if (agent_overdue(a, now))
		agent_give_up(a);
	else if (a->peer != NULL && a->outstanding == 0 &&
	    now >= a->idle + idle_most(a)) {
		a->retiring = true;
		agents_wake(as, a->pool);
	}
	/* What others left may be for those that have some. */
	TAILQ_FOREACH(a, &as->list, link)
	if (a->pool->program == SPAWN_PIPE && a->pool->waiting > 0)
		agents_wake(as, a->pool);
	agents_sweep_away(as, now);
}

static struct agent *
find_starting(struct agents *as, uint32_t serial)
{
	struct agent *a;

	TAILQ_FOREACH(a, &as->list, link)
	if (a->serial == serial && a->peer == NULL)
		return a;
	return NULL;
}

static void
on_started(struct agent *a, int fd)
{
	bool good = fd != -1 && agent_start(a, fd);

	if (!good)
		log_error("-", "pool=%s wanted=agent found=%s", a->pool->name,
		    fd == -1 ? "no-channel" : strerror(errno));
	if (a->peer == NULL) {
		agent_ended(a);
		return;
	}
	a->pool->nstarting--;
	agents_wake(a->all, a->pool);
}

/* The account cannot be served: its mail waits, or is undeliverable. */
static void
on_failed(struct agent *a, const struct msg_spawn_failed *m)
{
	struct agents *as = a->all;
	struct pool *p = a->pool;
	struct verdict v = { .diag = DIAG_INIT };
	bool one_account = p->program != SPAWN_REMOTE && p->name[0] != '@' &&
	    strcmp(p->name, ROUTE_PIPE) != 0;

	if (strcmp(m->dsn, SPAWN_BUSY) == 0) {
		drop_agent(a);
		be_busy(as, p);
		return;
	}
	if (dsn_valid(m->dsn) && m->dsn[0] == '5' && one_account)
		(void)diag_set(&v.diag, m->dsn, "%s", m->text);
	else
		(void)diag_set(&v.diag, "4.3.0", "%s", m->text);
	if (p->program == SPAWN_LOCAL && one_account &&
	    strcmp(m->dsn, "5.1.1") == 0)
		v.flags |= VERDICT_NO_USER;
	log_event("-", "agent-failed", "pool=%s dsn=%s text=%s", p->name,
	    m->dsn, m->text);
	if (p->nagents == 1)
		pool_fail(p, &v);
	agent_remove(a);
}

static void
on_message(struct peer *peer, unsigned int type, const void *msg, int fd)
{
	const union msg_spawn *m = msg;
	struct agents *as = peer->data;
	struct agent *a = find_starting(as, m->started.serial);

	if (a == NULL || type == SPAWN_T_FAILED) {
		if (fd != -1)
			(void)close(fd); /* ends what was not asked for */
		if (a != NULL)
			on_failed(a, &m->failed);
		return;
	}
	on_started(a, fd);
}

/* postriderd is gone, or wants us to go. */
static void
on_closed(struct peer *peer)
{
	struct agents *as = peer->data;

	as->spawn = NULL;
	queue_stop(as->q);
}

static const struct peer_ops ops = { on_message, on_closed };

struct agents *
agents_new(struct queue *q, int spawn)
{
	const struct timeval every = { .tv_sec = SWEEP_EVERY };
	struct agents *as = calloc(1, sizeof(*as));

	if (as == NULL)
		return NULL;
	as->q = q;
	RB_INIT(&as->pools);
	TAILQ_INIT(&as->list);
	TAILQ_INIT(&as->awake);
	STAILQ_INIT(&as->dismissals);
	as->dests = destinations_new();
	as->wake = event_new(q->base, -1, 0, on_wake, as);
	as->sweep = event_new(q->base, -1, EV_PERSIST, on_sweep, as);
	as->spawn = peer_new(q->base, spawn, &spawn_channel, SPAWN_ASKER, &ops);
	if (as->spawn != NULL)
		as->spawn->data = as;
	if (as->wake != NULL && as->sweep != NULL && as->dests != NULL &&
	    places_init(as) && agents_watch_init(as) &&
	    agents_measure_init(as) && as->spawn != NULL &&
	    event_add(as->sweep, &every) == 0)
		return as;
	free(as); /* main ends the process */
	return NULL;
}
