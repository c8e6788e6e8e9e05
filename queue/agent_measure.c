/*
 * agent_measure: how full a mailbox is, asked of local.  In queued, as
 * postrider.
 *
 * Whoever may name recipients can have this asked, so that it costs little: an
 * agent that is there, or one more where a place is free that nobody waits for,
 * and few of these at once.  Nobody waits long for an answer, and a mailbox that
 * nobody measures is none that is full.
 */
#include <string.h>

#include <bsd/string.h>

#include "common/log.h"
#include "queue/agents_private.h"

struct measure {
	TAILQ_ENTRY(measure) link;
	char pool[LOGIN_MAX + 1];
	struct agent *agent; /* that was asked; NULL: none yet */
	struct msg_job_measure question;
	int64_t most;  /* deadline_now() when nobody waits any more */
	measure_fn fn; /* NULL: it was asked, and nobody waits any more */
	void *arg;
};

/* Answered, or nobody will. */
static void
remove_measure(struct agents *as, struct measure *m)
{
	TAILQ_REMOVE(&as->measures, m, link);
	as->nmeasures -= m->fn != NULL;
	if (m->agent != NULL)
		m->agent->asked--;
	free(m);
}

/* An agent that was asked may answer yet. */
static void
abandon(struct agents *as, struct measure *m)
{
	if (m->agent == NULL) {
		remove_measure(as, m);
		return;
	}
	m->fn = NULL;
	as->nmeasures--;
}

/* The question is over before its owner hears of it. */
static void
answer(struct agents *as, struct measure *m, const struct msg_job_measured *a)
{
	measure_fn fn = m->fn;
	void *arg = m->arg;

	remove_measure(as, m);
	if (fn != NULL)
		fn(arg, a);
}

/* The oldest that somebody waits for; NULL: none. */
static struct measure *
find_waiting(struct agents *as)
{
	struct measure *m;

	TAILQ_FOREACH(m, &as->measures, link)
	if (m->fn != NULL)
		return m;
	return NULL;
}

static void
set_alarm(struct agents *as)
{
	const struct measure *m = find_waiting(as);
	struct timeval tv = { 0, 0 };
	int64_t wait;

	if (m == NULL || event_pending(as->impatient, EV_TIMEOUT, NULL))
		return;
	wait = m->most - deadline_now();
	if (wait > 0) {
		tv.tv_sec = wait / 1000;
		tv.tv_usec = wait % 1000 * 1000;
	}
	if (event_add(as->impatient, &tv) == -1)
		log_error("-", "wanted=timer found=none");
}

static void
on_impatient(evutil_socket_t fd, short what, void *arg)
{
	struct agents *as = arg;
	struct measure *m;
	measure_fn fn;
	void *owner;

	(void)fd;
	(void)what;
	while ((m = find_waiting(as)) != NULL && m->most <= deadline_now()) {
		fn = m->fn;
		owner = m->arg;
		abandon(as, m);
		fn(owner, NULL);
	}
	set_alarm(as);
}

bool
agents_measure_init(struct agents *as)
{
	TAILQ_INIT(&as->measures);
	as->impatient = event_new(as->q->base, -1, 0, on_impatient, as);
	return as->impatient != NULL;
}

/* Nothing comes between the parts of a job. */
static bool
can_ask(const struct agent *a)
{
	return a->peer != NULL && !a->peer->dead && !a->retiring && !a->alone &&
	    TAILQ_EMPTY(&a->unsent) && a->asked < MEASURE_ASKED;
}

/* The one with the least to do; NULL: none. */
static struct agent *
find_agent(const struct pool *p)
{
	struct agent *a, *best = NULL;

	LIST_FOREACH(a, &p->agents, in_pool)
	if (can_ask(a) && (best == NULL || a->outstanding < best->outstanding))
		best = a;
	return best;
}

static void
ask(struct measure *m, struct agent *a)
{
	enum chan_result r;

	r = peer_try(a->peer, JOB_T_MEASURE, &m->question, -1);
	if (r != CHAN_OK)
		return; /* no room now; or its end is told soon */
	m->agent = a;
	a->asked++;
	a->idle = deadline_now();
}

static bool
is_for(const struct measure *m, const struct pool *p)
{
	return p->program == SPAWN_LOCAL && strcmp(m->pool, p->name) == 0;
}

void
agents_measure_send(struct agents *as, const struct pool *p)
{
	struct measure *m;
	struct agent *a;

	TAILQ_FOREACH(m, &as->measures, link)
	{
		if (m->agent != NULL || !is_for(m, p))
			continue;
		if ((a = find_agent(p)) == NULL)
			return;
		ask(m, a);
	}
}

bool
agent_measured(struct agent *a, const struct msg_job_measured *answered)
{
	struct agents *as = a->all;
	struct measure *m;

	TAILQ_FOREACH(m, &as->measures, link)
	if (m->agent == a && m->question.serial == answered->serial)
		break;
	if (m == NULL)
		return false;
	a->answers++;
	a->pool->failures = 0;
	answer(as, m, answered);
	agents_measure_send(as, a->pool); /* it may be asked more now */
	return true;
}

void
agent_measure_lost(struct agent *a)
{
	struct measure *m, *next;

	TAILQ_FOREACH_SAFE(m, &a->all->measures, link, next)
	if (m->agent == a)
		answer(a->all, m, NULL);
}

void
agents_measure_fail(struct agents *as, const struct pool *p)
{
	struct measure *m, *next;

	TAILQ_FOREACH_SAFE(m, &as->measures, link, next)
	if (m->agent == NULL && is_for(m, p))
		answer(as, m, NULL);
}

/* Agents that start while their pool has no work. */
static size_t
count_starts(const struct agents *as)
{
	const struct agent *a;
	size_t n = 0;

	TAILQ_FOREACH(a, &as->list, link)
	n += a->peer == NULL && a->pool->program == SPAWN_LOCAL &&
	    a->pool->waiting == 0;
	return n;
}

/* An agent is there, starts, or can be started. */
static bool
has_agent(struct agents *as, struct pool *p, const char *account)
{
	return p->nagents > 0 ||
	    (count_starts(as) < MEASURE_STARTS && agents_start(as, p, account));
}

struct measure *
agents_measure(struct agents *as, const struct measure_whom *whom,
    const struct msg_job_measure *question, measure_fn fn, void *arg)
{
	const struct pool_key key = { .program = SPAWN_LOCAL,
		.name = whom->pool };
	struct measure *m = NULL;
	struct pool *p;

	if (as->nmeasures >= MEASURES_MOST || as->q->stopping ||
	    (p = agents_pool(as, &key)) == NULL)
		return NULL;
	if (has_agent(as, p, whom->account))
		m = calloc(1, sizeof(*m));
	agents_wake(as, p); /* it may have nothing, and go */
	if (m == NULL)
		return NULL;
	m->fn = fn;
	m->arg = arg;
	m->most = deadline_now() + MEASURE_MOST;
	m->question = *question;
	m->question.serial = ++as->number;
	strlcpy(m->pool, p->name, sizeof(m->pool));
	TAILQ_INSERT_TAIL(&as->measures, m, link);
	as->nmeasures++;
	set_alarm(as);
	return m;
}

void
agents_measure_forget(struct agents *as, struct measure *m)
{
	abandon(as, m);
}
