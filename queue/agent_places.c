/*
 * agent_places: how many agents there may be, which pool gets the next one, and
 * which agent makes room.  In queued, as postrider.
 *
 * Mail that leaves has places of its own.  Destinations that are down get at
 * most a quarter of them, these and new ones together three quarters: one that
 * is known to be well finds a place however many others are tried in vain.  Of
 * these shares a sender gets no more than he leaves free: another's mail for a
 * host that nobody knows yet finds a place however many hosts of his are silent.
 *
 * Commands have places of their own, too, since one may take its time.  Those of
 * one user, or of the aliases, get a quarter of them at most, and beyond the first
 * no more than they leave free.  While others wait, each command is the last of
 * its agent.
 */
#include <string.h>

#include "queue/agents_private.h"

#define BUSY_WAIT 500000   /* microseconds until a place is asked for again */
#define PLACE_FOR_BOUNCE 1 /* a place kept free for a bounce agent */
#define WHOS_MOST 8        /* of a pool's senders that are looked at */

static uint32_t
state_of(const struct pool *p)
{
	return p->dest != NULL ? p->dest->state : 0;
}

struct places *
places_of(struct agents *as, const struct pool *p)
{
	if (p->program == SPAWN_REMOTE)
		return &as->away;
	return p->program == SPAWN_PIPE ? &as->pipes : &as->here;
}

static const struct places *
places_for(const struct agents *as, const struct pool *p)
{
	if (p->program == SPAWN_REMOTE)
		return &as->away;
	return p->program == SPAWN_PIPE ? &as->pipes : &as->here;
}

/* Every pool that waits is in the turns of somebody. */
static void
wake_all(struct agents *as, struct places *pl)
{
	struct pool *p;

	pl->busy = 0;
	for (p = pool_after(&as->pools, NULL); p != NULL;
	     p = pool_after(&as->pools, p))
		if (p->is_starving && places_for(as, p) == pl)
			agents_wake(as, p);
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	struct places *pl = arg;

	(void)fd;
	(void)what;
	wake_all(pl->all, pl);
}

static bool
init(struct agents *as, struct places *pl)
{
	pl->all = as;
	for (size_t i = 0; i < PLACE_STATES; i++)
		senders_init(&pl->by_who[i]);
	pl->again = event_new(as->q->base, -1, 0, on_again, pl);
	return pl->again != NULL;
}

bool
places_init(struct agents *as)
{
	return init(as, &as->here) && init(as, &as->pipes) &&
	    init(as, &as->away);
}

/* So many parts of four, at least one. */
static size_t
quarters(size_t most, size_t n)
{
	return most * n / 4 > 0 ? most * n / 4 : 1;
}

static size_t
less(size_t a, size_t b)
{
	return a > b ? a - b : 0;
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How many agents for other hosts that class may have besides those it has. */
static size_t
share_of(const struct agents *as, uint32_t state)
{
	const struct places *pl = &as->away;
	size_t most = (size_t)as->q->settings.remote_agents;
	size_t down = pl->by_state[DEST_DOWN];
	size_t share = less(quarters(most, 3), down + pl->by_state[DEST_NEW]);

	if (state == DEST_GOOD)
		return most;
	if (state == DEST_NEW)
		return share;
	return least(share, less(quarters(most, 1), down));
}

/* The same, of the places that there are. */
static size_t
room_for(const struct agents *as, const struct places *pl, uint32_t state)
{
	const struct settings *s = &as->q->settings;

	if (pl == &as->here)
		return less((size_t)s->agents, pl->count);
	if (pl == &as->pipes)
		return less((size_t)s->pipe_agents, pl->count);
	return least(
	    share_of(as, state), less((size_t)s->remote_agents, pl->count));
}

/* A sender may have another while he has less than this. */
static size_t
held_most(uint32_t state, size_t room)
{
	return room > 0 && (state == DEST_NEW || state == DEST_DOWN) ? room
								     : SIZE_MAX;
}

/* Of those whose mail waits in the pool, one who has few places. */
static uint32_t
find_who(const struct places *pl, const struct pool *p)
{
	const struct senders *all = &pl->by_who[state_of(p)];
	uint32_t who[WHOS_MOST] = { 0 };
	size_t n, best = 0;

	if (p->dest == NULL)
		return 0;
	n = pool_whos(p, who, WHOS_MOST);
	for (size_t i = 1; i < n; i++)
		if (senders_held(all, who[i]) < senders_held(all, who[best]))
			best = i;
	return who[best];
}

void
places_taken(struct agent *a)
{
	struct pool *p = a->pool;
	struct places *pl = places_of(a->all, p);

	a->who = find_who(pl, p);
	pl->count++;
	pl->by_state[state_of(p)]++;
	a->counted = senders_hold(&pl->by_who[state_of(p)], a->who);
	if (p->dest != NULL)
		p->dest->agents++;
}

/* The best pool that may have a place now. */
static void
wake_next(struct agents *as, const struct places *pl)
{
	static const uint32_t order[] = { 0, DEST_GOOD, DEST_NEW, DEST_DOWN };
	struct pool *p;

	for (size_t i = 0; i < PLACE_STATES; i++) {
		p = senders_next(&pl->by_who[order[i]],
		    held_most(order[i], room_for(as, pl, order[i])));
		if (p == NULL || !places_has(as, p))
			continue;
		agents_wake(as, p);
		return;
	}
}

void
places_next(struct agents *as, const struct pool *p)
{
	wake_next(as, places_of(as, p));
}

void
places_freed(struct agent *a)
{
	struct pool *p = a->pool;
	struct places *pl = places_of(a->all, p);

	pl->count--;
	pl->by_state[state_of(p)]--;
	if (a->counted)
		senders_release(&pl->by_who[state_of(p)], a->who);
	if (p->dest != NULL)
		p->dest->agents--;
	wake_next(a->all, pl);
}

/* The pool's agents count in another class. */
static void
move_agents(struct places *pl, struct pool *p, uint32_t before)
{
	uint32_t now = state_of(p);
	struct agent *a;

	LIST_FOREACH(a, &p->agents, in_pool)
	{
		pl->by_state[before]--;
		pl->by_state[now]++;
		if (a->counted)
			senders_release(&pl->by_who[before], a->who);
		a->counted = senders_hold(&pl->by_who[now], a->who);
	}
}

void
places_moved(struct agents *as, struct destination *d, uint32_t before)
{
	struct pool_key key = { .program = 0, .name = d->name };
	struct pool *p;

	for (p = pool_from(&as->pools, &key);
	     p != NULL && strcmp(p->name, d->name) == 0;
	     p = pool_after(&as->pools, p)) {
		if (p->dest != d)
			continue;
		if (before != d->state)
			move_agents(&as->away, p, before);
		if (p->is_starving) {
			places_starve(as, p, false);
			places_starve(as, p, true);
		}
		agents_wake(as, p);
	}
	wake_next(as, &as->away);
}

void
places_starve(struct agents *as, struct pool *p, bool starving)
{
	struct places *pl = places_of(as, p);

	if (starving == p->is_starving)
		return;
	if (!starving)
		senders_leave(&pl->by_who[p->starves], p);
	else {
		p->starves = state_of(p);
		p->who = find_who(pl, p);
		/* Without memory its messages come again. */
		if (!senders_wait(&pl->by_who[p->starves], p)) {
			pool_lost(p, agent_lost_wait(0));
			return;
		}
	}
	p->is_starving = starving;
}

bool
places_busy(struct agents *as, struct pool *p)
{
	const struct timeval later = { .tv_usec = BUSY_WAIT };
	struct places *pl = places_of(as, p);

	if (event_add(pl->again, &later) == -1)
		return false;
	pl->busy = deadline_now() + BUSY_WAIT / 1000;
	if (p->nagents == 0)
		places_starve(as, p, true);
	return true;
}

/* Others of its senders may have come, who have more of a right to a place. */
static void
file_again(struct agents *as, struct pool *p)
{
	const struct places *pl = places_for(as, p);
	const struct senders *all = &pl->by_who[state_of(p)];

	if (!p->is_starving ||
	    senders_held(all, find_who(pl, p)) >= senders_held(all, p->who))
		return;
	places_starve(as, p, false);
	places_starve(as, p, true);
}

bool
places_has(struct agents *as, struct pool *p)
{
	const struct places *pl = places_for(as, p);
	uint32_t state = state_of(p);
	const struct senders *all = &pl->by_who[state];
	size_t room = room_for(as, pl, state), held;
	struct pool *next;

	if (pl->busy != 0)
		return false;
	if (p->program == SPAWN_BOUNCE)
		return room > 0 ||
		    pl->count <
		    (size_t)as->q->settings.agents + PLACE_FOR_BOUNCE;
	if (room == 0)
		return false;
	held = held_most(state, room);
	file_again(as, p);
	if ((next = senders_next(all, held)) == NULL)
		return senders_held(all, find_who(pl, p)) < held;
	if (next != p)
		agents_wake(as, next); /* it may not know that it has one */
	return next == p;
}

/* Of one uid. */
static size_t
most_agents(const struct agents *as, const struct pool *p)
{
	if (p->program != SPAWN_PIPE)
		return (size_t)as->q->settings.local_agents;
	/* The first is any pool's, if only a place is free. */
	if (p->nagents == 0)
		return 1;
	return least(quarters((size_t)as->q->settings.pipe_agents, 1),
	    room_for(as, &as->pipes, 0));
}

bool
places_allowed(const struct agents *as, const struct pool *p)
{
	const struct destination *d = p->dest;

	if (d == NULL)
		return p->nstarting == 0 && p->nagents < most_agents(as, p);
	if (p->waiting <= p->nstarting)
		return false;
	if (d->state == DEST_DOWN)
		return d->agents < 1u + d->extra;
	return p->nagents == 0 || d->agents < d->window;
}

static bool
may_end(const struct agent *a, const struct places *pl)
{
	return a->peer != NULL && !a->retiring &&
	    places_for(a->all, a->pool) == pl;
}

/* Of two busy agents, the one that is rather done without. */
static bool
is_rather(const struct agent *a, const struct agent *than)
{
	const struct destination *d = a->pool->dest;

	if (a->pool->program == SPAWN_PIPE)
		return false; /* see places_yield() */
	if (d == NULL)        /* they are in the order of their age */
		return than == NULL;
	/* What is not known to be well would not end soon. */
	return d->state == DEST_GOOD &&
	    (than == NULL || d->agents > than->pool->dest->agents);
}

void
places_make(struct agents *as, const struct pool *p)
{
	const struct places *pl = places_of(as, p);
	struct agent *a, *idle = NULL, *other = NULL;

	if (pl->busy != 0)
		return;
	/* What is short may be a share of the places, which nobody can give. */
	if (p->dest != NULL &&
	    (pl->count < (size_t)as->q->settings.remote_agents ||
		share_of(as, state_of(p)) == 0))
		return;
	TAILQ_FOREACH(a, &as->list, link)
	{
		if (!may_end(a, pl))
			continue;
		if (idle == NULL && a->outstanding == 0)
			idle = a;
		if (is_rather(a, other))
			other = a;
	}
	if (idle != NULL)
		other = idle;
	if (other == NULL)
		return;
	other->retiring = true;
	agents_wake(as, other->pool);
}

/* Pools without an agent wait for what this one's have finished with. */
void
places_yield(struct agents *as, const struct pool *p)
{
	size_t wanted = as->pipes.by_who[0].waiting;
	struct agent *a;

	if (p->program != SPAWN_PIPE || room_for(as, &as->pipes, 0) > 0)
		return;
	LIST_FOREACH(a, &p->agents, in_pool)
	if (wanted > 0 && a->peer != NULL && a->outstanding == 0 &&
	    (a->answers > 0 || p->waiting == 0)) {
		a->retiring = true;
		wanted--;
	}
}

void
places_give(struct agents *as, struct pool *p)
{
	const struct destination *d = p->dest;
	size_t most = (size_t)as->q->settings.remote_agents;
	bool wanted = as->away.count >= most;
	struct agent *a;
	size_t i;

	for (i = 0; i < PLACE_STATES && wanted; i++)
		if (as->away.by_who[i].waiting > 0 &&
		    share_of(as, (uint32_t)i) > 0)
			break;
	wanted = wanted && i < PLACE_STATES;
	LIST_FOREACH(a, &p->agents, in_pool)
	if (a->peer != NULL && a->outstanding == 0 &&
	    (wanted || d->agents > d->window)) {
		a->retiring = true;
		return;
	}
}
