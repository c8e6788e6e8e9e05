/*
 * agent_places: how many agents there may be, which pool gets the next one, and
 * which agent makes room.  In queued, as postrider.
 *
 * Mail that leaves has places of its own.  Destinations that are down get at
 * most a quarter of them, these and new ones together three quarters: one that
 * is known to be well finds a place however many others are tried in vain.
 */
#include "queue/agents_private.h"

#define BUSY_WAIT 500000   /* microseconds until a place is asked for again */
#define PLACE_FOR_BOUNCE 1 /* a place kept free for a bounce agent */

static uint32_t
state_of(const struct pool *p)
{
	return p->dest != NULL ? p->dest->state : 0;
}

struct places *
places_of(struct agents *as, const struct pool *p)
{
	return p->program == SPAWN_REMOTE ? &as->away : &as->here;
}

static const struct places *
places_for(const struct agents *as, const struct pool *p)
{
	return p->program == SPAWN_REMOTE ? &as->away : &as->here;
}

static void
wake_all(struct agents *as, struct places *pl)
{
	struct pool *p;

	pl->busy = 0;
	for (size_t i = 0; i < PLACE_STATES; i++)
		TAILQ_FOREACH(p, &pl->starving[i], starving)
	agents_wake(as, p);
}

static void
on_again_here(evutil_socket_t fd, short what, void *arg)
{
	struct agents *as = arg;

	(void)fd;
	(void)what;
	wake_all(as, &as->here);
}

static void
on_again_away(evutil_socket_t fd, short what, void *arg)
{
	struct agents *as = arg;

	(void)fd;
	(void)what;
	wake_all(as, &as->away);
}

bool
places_init(struct agents *as)
{
	for (size_t i = 0; i < PLACE_STATES; i++) {
		TAILQ_INIT(&as->here.starving[i]);
		TAILQ_INIT(&as->away.starving[i]);
	}
	as->here.again = event_new(as->q->base, -1, 0, on_again_here, as);
	as->away.again = event_new(as->q->base, -1, 0, on_again_away, as);
	return as->here.again != NULL && as->away.again != NULL;
}

void
places_taken(struct agents *as, const struct pool *p)
{
	struct places *pl = places_of(as, p);

	pl->count++;
	pl->by_state[state_of(p)]++;
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
		p = TAILQ_FIRST(&pl->starving[order[i]]);
		if (p != NULL && places_has(as, p)) {
			agents_wake(as, p);
			return;
		}
	}
}

void
places_freed(struct agents *as, const struct pool *p)
{
	struct places *pl = places_of(as, p);

	pl->count--;
	pl->by_state[state_of(p)]--;
	if (p->dest != NULL)
		p->dest->agents--;
	wake_next(as, pl);
}

void
places_moved(struct agents *as, struct destination *d, uint32_t before)
{
	struct pool_key key = { .program = 0, .name = d->name };
	struct pool *p;

	as->away.by_state[before] -= d->agents;
	as->away.by_state[d->state] += d->agents;
	for (p = pool_from(&as->pools, &key);
	     p != NULL && strcmp(p->name, d->name) == 0;
	     p = pool_after(&as->pools, p)) {
		if (p->dest != d)
			continue;
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

	if (starving && !p->is_starving) {
		p->starves = state_of(p);
		TAILQ_INSERT_TAIL(&pl->starving[p->starves], p, starving);
	} else if (!starving && p->is_starving)
		TAILQ_REMOVE(&pl->starving[p->starves], p, starving);
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

/* So many parts of four, at least one. */
static size_t
quarters(size_t most, size_t n)
{
	return most * n / 4 > 0 ? most * n / 4 : 1;
}

static bool
has_share(const struct agents *as, uint32_t state)
{
	const struct places *pl = &as->away;
	size_t most = (size_t)as->q->settings.remote_agents;
	size_t down = pl->by_state[DEST_DOWN];

	if (pl->count >= most)
		return false;
	if (state == DEST_DOWN && down >= quarters(most, 1))
		return false;
	return state == DEST_GOOD ||
	    down + pl->by_state[DEST_NEW] < quarters(most, 3);
}

bool
places_has(struct agents *as, const struct pool *p)
{
	const struct places *pl = places_for(as, p);
	const struct pool *first = TAILQ_FIRST(&pl->starving[state_of(p)]);
	size_t most = (size_t)as->q->settings.agents;

	if (pl->busy != 0)
		return false;
	if (p->program == SPAWN_BOUNCE)
		return pl->count < most + PLACE_FOR_BOUNCE;
	if (first != NULL && first != p)
		return false;
	return p->dest != NULL ? has_share(as, p->dest->state)
			       : pl->count < most;
}

bool
places_allowed(const struct agents *as, const struct pool *p)
{
	const struct destination *d = p->dest;

	if (d == NULL)
		return p->nstarting == 0 &&
		    p->nagents < (size_t)as->q->settings.local_agents;
	if (p->waiting <= p->nstarting)
		return false;
	if (d->state == DEST_DOWN)
		return d->agents == 0;
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

	if (d == NULL) /* they are in the order of their age */
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
	/* What is short is a share of the places, which nobody can give. */
	if (p->dest != NULL &&
	    pl->count < (size_t)as->q->settings.remote_agents)
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

void
places_give(struct agents *as, struct pool *p)
{
	const struct destination *d = p->dest;
	size_t most = (size_t)as->q->settings.remote_agents;
	bool wanted = as->away.count >= most;
	struct agent *a;
	size_t i;

	for (i = 0; i < PLACE_STATES && wanted; i++)
		if (!TAILQ_EMPTY(&as->away.starving[i]))
			break;
	wanted = wanted && i < PLACE_STATES;
	LIST_FOREACH(a, &p->agents, in_pool)
	if (a->peer != NULL && a->outstanding == 0 &&
	    (wanted || d->agents > d->window)) {
		a->retiring = true;
		return;
	}
}
