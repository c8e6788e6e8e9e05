/*
 * agent_away: what agents of other hosts tell of their destination, and what
 * that means for its pools.  In queued, as postrider; talks to remote
 * (msg_job.h), which has seen bytes of hosts anywhere: what it says of a
 * destination counts for that destination only.
 */
#include <bsd/stdlib.h>

#include "common/log.h"
#include "queue/agents_private.h"
#include "queue/dispatch.h"

#define CROWD 20    /* messages that a destination not known to be well has */
#define JOBS_FEW 3  /* messages an agent has while others could take them */
#define JOBS_MANY 6 /* when they could not */
#define PROBE_MOST 900000 /* ms that others wait for one that finds out */
#define HURRY 5      /* ms from one message to the next when it is up again */
#define WAIT_FIRST 5 /* part of retry-first that is the first wait */
#define WAIT_MOST 4  /* part of retry-most that is the longest */
#define FORGET_LEAST 3600  /* seconds that a destination is remembered */
#define CRASH_MEMORY 60000 /* ms that a pool without work is, after a crash */

/* The bit of numbers that accounts do not have: see route.c. */
static bool
leaves(uint32_t number)
{
	return (number & ROUTE_AWAY) != 0;
}

bool
agents_down(struct agents *as, const struct pool_key *key, bool asked,
    struct verdict *v)
{
	struct destination *d =
	    destination_get(as->dests, key->name, key->away.tls);
	int64_t now = deadline_now();

	if (d == NULL || d->state != DEST_DOWN)
		return false;
	if (destination_open(d, asked, now)) {
		d->probed = true;
		schedule_dest_wait(
		    as->q->schedule, d->number, now + PROBE_MOST);
		return false;
	}
	destination_verdict(d, v);
	v->flags |= OUTCOME_UNTRIED;
	return true;
}

bool
agents_look(struct agents *as, uint32_t number)
{
	struct destination *d = destination_numbered(as->dests, number);
	int64_t now = deadline_now();
	bool wanted = false;

	for (; d != NULL; d = destination_same(d))
		if (destination_ask(d, now))
			wanted = true;
	return wanted;
}

void
agents_renew(struct agents *as)
{
	destinations_renew(as->dests, deadline_now());
}

bool
agents_slow(const struct agents *as, uint32_t number)
{
	const struct destination *d;

	if (!leaves(number))
		return false;
	d = destination_numbered(as->dests, number);
	return d == NULL || d->state != DEST_GOOD;
}

bool
agents_crowded(const struct agents *as, uint32_t number)
{
	const struct destination *d = destination_numbered(as->dests, number);

	/* What is down keeps nothing. */
	return d != NULL && d->state == DEST_NEW &&
	    d->waiting + d->outstanding >= CROWD;
}

const struct destinations *
agents_destinations(const struct agents *as)
{
	return as->dests;
}

void
agents_settings(struct agents *as)
{
	const struct settings *s = &as->q->settings;
	struct destination_policy p = {
		.wait_first = s->retry.first * 1000 / WAIT_FIRST,
		.wait_most = s->retry.most * 1000 / WAIT_MOST,
		.forget = (2 * s->retry.most + FORGET_LEAST) * 1000,
		.window_most = (uint32_t)s->destination_agents,
		.most = DESTINATIONS_MOST,
	};

	if (p.wait_most < p.wait_first)
		p.wait_most = p.wait_first;
	destinations_policy(as->dests, &p);
}

/* Those that waited to hear of it are due; whatever was heard. */
static void
end_probe(struct agents *as, struct destination *d)
{
	d->probed = false;
	schedule_dest_due(as->q->schedule, d->number, deadline_now());
	dispatch_kick(as->q->dispatch);
}

void
agents_probe_over(struct agents *as, struct destination *d)
{
	if (d->probed && d->waiting == 0 && d->outstanding == 0)
		end_probe(as, d);
}

/* Everything that waits for it is deferred with that, without an agent. */
static void
fail_all(
    struct agents *as, const struct destination *d, const struct verdict *v)
{
	const struct pool_key key = { .program = 0, .name = d->name };
	struct pool *p;

	for (p = pool_from(&as->pools, &key);
	     p != NULL && strcmp(p->name, d->name) == 0;
	     p = pool_after(&as->pools, p))
		if (p->dest == d)
			pool_fail(p, v);
}

static void
went_down(struct agents *as, struct destination *d, const struct verdict *v,
    uint32_t before)
{
	struct verdict untried = *v;
	int64_t now = deadline_now();

	if (before != DEST_DOWN)
		log_event("-", "destination-down",
		    "hop=%s policy=%s seconds=%lld dsn=%s text=%s", d->name,
		    hop_tls_text(d->tls), (long long)((d->until - now) / 1000),
		    v->diag.dsn, v->diag.text);
	places_moved(as, d, before);
	untried.flags |= OUTCOME_UNTRIED;
	fail_all(as, d, &untried);
	end_probe(as, d); /* they are deferred, and have times of their own */
}

static void
came_up(struct agents *as, struct destination *d, uint32_t before)
{
	places_moved(as, d, before);
	end_probe(as, d); /* or what was too much for a new one */
	if (before != DEST_DOWN)
		return;
	log_event("-", "destination-up", "hop=%s policy=%s", d->name,
	    hop_tls_text(d->tls));
	schedule_dest_hurry(as->q->schedule, d->number, deadline_now(), HURRY);
}

/* Whether the pool has another agent that had answers. */
static bool
has_others(const struct agent *a)
{
	const struct agent *other;

	LIST_FOREACH(other, &a->pool->agents, in_pool)
	if (other != a && other->peer != NULL && !other->peer->dead &&
	    !other->retiring && other->answers > 0)
		return true;
	return false;
}

/* No connection, or too many; true when another agent is to try. */
static bool
heard_failure(struct agent *a, const struct verdict *v)
{
	struct destination_failure f = { .verdict = *v,
		.since = a->waited,
		.others = has_others(a),
		.chance = arc4random() };
	struct destination *d = a->pool->dest;
	uint32_t before = d->state;
	enum destination_news news;

	/* Whatever it was: another connection is not for this agent to make. */
	a->retiring = true;
	news = destination_failed(a->all->dests, d, &f, deadline_now());
	if (news == DESTINATION_DOWN)
		went_down(a->all, d, v, before);
	return news == DESTINATION_CROWDED && f.others &&
	    v->diag.outcome == OUT_TEMP;
}

void
agent_heard_nothing(struct agent *a, const struct verdict *v)
{
	(void)heard_failure(
	    a, v); /* nobody else fares better: it is not GOOD */
}

bool
agent_heard(struct agent *a, const struct verdict *v, bool last)
{
	struct destination *d = a->pool->dest;
	uint32_t before;

	if (d == NULL)
		return false;
	if ((v->flags & (OUTCOME_DOWN | OUTCOME_BUSY)) != 0)
		return heard_failure(a, v);
	if (v->diag.outcome != OUT_OK && v->code == 0)
		return false; /* in remote's own words: nothing is known */
	before = d->state;
	if (destination_succeeded(a->all->dests, d, deadline_now()))
		came_up(a->all, d, before);
	if (last && v->diag.outcome == OUT_OK)
		destination_delivered(a->all->dests, d);
	return false;
}

size_t
agent_jobs_most(const struct agent *a)
{
	const struct pool *p = a->pool;
	const struct agent *other;

	if (p->dest == NULL)
		return JOB_WINDOW; /* each has a recipient at least */
	if (a->answers == 0)
		return 1; /* nobody knows whether it gets through */
	if (p->nstarting > 0 || p->dest->agents < p->dest->window)
		return JOBS_FEW;
	LIST_FOREACH(other, &p->agents, in_pool)
	if (other->outstanding == 0)
		return JOBS_FEW;
	return JOBS_MANY;
}

int64_t
agent_patience(const struct agent *a)
{
	if (a->pool->dest != NULL)
		return AGENT_AWAY_MOST;
	/* Pipe ends a command that takes too long, and then says so. */
	if (a->pool->program == SPAWN_PIPE)
		return AGENT_WORK_MOST +
		    a->all->q->settings.pipe_timeout * 1000;
	return AGENT_WORK_MOST;
}

void
agents_sweep_away(struct agents *as, int64_t now)
{
	struct pool *p, *next;

	for (p = pool_after(&as->pools, NULL); p != NULL; p = next) {
		next = pool_after(&as->pools, p);
		if (p->dest == NULL || p->waiting > 0 || p->nagents > 0 ||
		    now < p->pause + CRASH_MEMORY)
			continue;
		p->failures = p->stalls = 0;
		agents_wake(as, p); /* it goes */
	}
	destinations_sweep(as->dests, now);
}
