/*
 * lanes: entries that are due, in turns of destinations and senders.  In
 * queued; memory only.
 */
#include <stdlib.h>
#include <string.h>

#include "queue/lanes.h"

/* The entries of one sender in one lane: first in, first out. */
struct flow {
	RB_ENTRY(flow) by_who;
	TAILQ_ENTRY(flow) in_turn;
	uint32_t who;
	uint32_t first, last; /* numbers of entries */
};

RB_HEAD(flow_tree, flow);

struct lane {
	RB_ENTRY(lane) by_dest;
	RB_ENTRY(lane) by_until;   /* while it waits */
	TAILQ_ENTRY(lane) in_turn; /* while it may be served */
	TAILQ_HEAD(, flow) turns;
	struct flow_tree flows;
	int64_t until; /* it waits; or 0 */
	uint32_t dest;
	uint32_t ready, taken; /* entries */
	bool only;             /* of those that go nowhere else */
	bool turning;          /* is in the round of turns */
};

static int
compare_flows(const struct flow *a, const struct flow *b)
{
	return (a->who > b->who) - (a->who < b->who);
}

static int
compare_lanes(const struct lane *a, const struct lane *b)
{
	if (a->dest != b->dest)
		return a->dest > b->dest ? 1 : -1;
	return a->only - b->only;
}

static int
compare_sleepers(const struct lane *a, const struct lane *b)
{
	if (a->until != b->until)
		return a->until > b->until ? 1 : -1;
	return compare_lanes(a, b);
}

#define LOCAL __attribute__((unused)) static
RB_GENERATE_INTERNAL(flow_tree, flow, by_who, compare_flows, LOCAL)
RB_GENERATE_INTERNAL(lane_tree, lane, by_dest, compare_lanes, LOCAL)
RB_GENERATE_INTERNAL(sleeper_tree, lane, by_until, compare_sleepers, LOCAL)

void
lanes_init(struct lanes *s, const struct entries *all, size_t most)
{
	s->all = all;
	RB_INIT(&s->lanes);
	TAILQ_INIT(&s->turns);
	RB_INIT(&s->sleepers);
	s->most = most;
	s->asleep = 0;
}

/*
 * Puts a lane into the round, or takes it out, as it may be served or not; one
 * that is of no use any more is freed.
 */
static void
turn(struct lanes *s, struct lane *l)
{
	bool may = l->ready > 0 && l->taken < s->most && l->until == 0;

	if (may && !l->turning)
		TAILQ_INSERT_TAIL(&s->turns, l, in_turn);
	else if (!may && l->turning)
		TAILQ_REMOVE(&s->turns, l, in_turn);
	l->turning = may;
	if (l->ready == 0 && l->taken == 0 && l->until == 0) {
		RB_REMOVE(lane_tree, &s->lanes, l);
		free(l);
	}
}

void
lanes_most(struct lanes *s, size_t most)
{
	struct lane *l, *next;

	s->most = most;
	RB_FOREACH_SAFE(l, lane_tree, &s->lanes, next)
	turn(s, l);
}

static struct lane *
find(const struct lanes *s, uint32_t dest, bool only)
{
	struct lane key = { .dest = dest, .only = only };
	struct lane_tree tree = s->lanes;

	return RB_FIND(lane_tree, &tree, &key);
}

static struct lane *
find_or_make(struct lanes *s, uint32_t dest, bool only)
{
	struct lane *l = find(s, dest, only);

	if (l != NULL || (l = calloc(1, sizeof(*l))) == NULL)
		return l;
	l->dest = dest;
	l->only = only;
	TAILQ_INIT(&l->turns);
	RB_INIT(&l->flows);
	RB_INSERT(lane_tree, &s->lanes, l);
	return l;
}

static struct flow *
find_flow(struct lane *l, uint32_t who)
{
	struct flow key = { .who = who };

	return RB_FIND(flow_tree, &l->flows, &key);
}

static struct flow *
find_or_make_flow(struct lane *l, uint32_t who)
{
	struct flow *f = find_flow(l, who);

	if (f != NULL || (f = calloc(1, sizeof(*f))) == NULL)
		return f;
	f->who = who;
	RB_INSERT(flow_tree, &l->flows, f);
	TAILQ_INSERT_TAIL(&l->turns, f, in_turn);
	return f;
}

static void
append(const struct lanes *s, struct flow *f, struct entry *e)
{
	struct entry *last = entries_at(s->all, f->last);

	e->at.flow.next = 0;
	e->at.flow.before = f->last;
	if (last != NULL)
		last->at.flow.next = e->number;
	else
		f->first = e->number;
	f->last = e->number;
}

/* An empty flow is freed. */
static void
unlink_entry(struct lanes *s, struct lane *l, struct flow *f, struct entry *e)
{
	struct entry *before = entries_at(s->all, e->at.flow.before);
	struct entry *next = entries_at(s->all, e->at.flow.next);

	if (before != NULL)
		before->at.flow.next = e->at.flow.next;
	else
		f->first = e->at.flow.next;
	if (next != NULL)
		next->at.flow.before = e->at.flow.before;
	else
		f->last = e->at.flow.before;
	l->ready--;
	if (f->first != 0)
		return;
	RB_REMOVE(flow_tree, &l->flows, f);
	TAILQ_REMOVE(&l->turns, f, in_turn);
	free(f);
}

bool
lanes_put(struct lanes *s, struct entry *e)
{
	struct lane *l = find_or_make(s, e->dest, e->only);
	struct flow *f = l != NULL ? find_or_make_flow(l, e->who) : NULL;

	if (f != NULL) {
		append(s, f, e);
		l->ready++;
		s->asleep += l->until != 0;
	}
	if (l != NULL)
		turn(s, l);
	return f != NULL;
}

void
lanes_remove(struct lanes *s, struct entry *e)
{
	struct lane *l = find(s, e->dest, e->only);

	s->asleep -= l->until != 0;
	unlink_entry(s, l, find_flow(l, e->who), e);
	turn(s, l);
}

struct entry *
lanes_take(struct lanes *s)
{
	struct lane *l = TAILQ_FIRST(&s->turns);
	struct entry *e;
	struct flow *f;

	if (l == NULL)
		return NULL;
	f = TAILQ_FIRST(&l->turns);
	e = entries_at(s->all, f->first);
	/* Both to the end of their rounds. */
	TAILQ_REMOVE(&l->turns, f, in_turn);
	TAILQ_INSERT_TAIL(&l->turns, f, in_turn);
	TAILQ_REMOVE(&s->turns, l, in_turn);
	l->turning = false;
	unlink_entry(s, l, f, e);
	l->taken++;
	turn(s, l);
	return e;
}

bool
lanes_any(const struct lanes *s)
{
	return !TAILQ_EMPTY(&s->turns);
}

void
lanes_give_back(struct lanes *s, const struct entry *e)
{
	struct lane *l = find(s, e->dest, e->only);

	l->taken--;
	turn(s, l);
}

bool
lanes_move(struct lanes *s, struct entry *e, uint32_t dest, bool only)
{
	struct lane *l = find_or_make(s, dest, only);

	if (l == NULL)
		return false;
	l->taken++; /* first, that it is not freed when it is the same */
	turn(s, l);
	lanes_give_back(s, e);
	e->dest = dest;
	e->only = only;
	return true;
}

static void
set_until(struct lanes *s, struct lane *l, int64_t until)
{
	if (l->until != 0) {
		RB_REMOVE(sleeper_tree, &s->sleepers, l);
		s->asleep -= l->ready;
	}
	l->until = until;
	if (until != 0) {
		RB_INSERT(sleeper_tree, &s->sleepers, l);
		s->asleep += l->ready;
	}
	turn(s, l);
}

void
lanes_sleep(struct lanes *s, uint32_t dest, bool only, int64_t until)
{
	struct lane *l =
	    until != 0 ? find_or_make(s, dest, only) : find(s, dest, only);

	if (l != NULL)
		set_until(s, l, until);
}

void
lanes_wake(struct lanes *s, int64_t now)
{
	struct lane *l;

	while (
	    (l = RB_MIN(sleeper_tree, &s->sleepers)) != NULL && l->until <= now)
		set_until(s, l, 0);
}

int64_t
lanes_next(const struct lanes *s)
{
	struct sleeper_tree tree = s->sleepers;
	const struct lane *l = RB_MIN(sleeper_tree, &tree);

	return l != NULL ? l->until : -1;
}

int64_t
lanes_until(const struct lanes *s, const struct entry *e)
{
	const struct lane *l = find(s, e->dest, e->only);

	return l != NULL ? l->until : 0;
}

static void
free_flows(struct lane *l)
{
	struct flow *f;

	while ((f = TAILQ_FIRST(&l->turns)) != NULL) {
		TAILQ_REMOVE(&l->turns, f, in_turn);
		free(f);
	}
}

void
lanes_clear(struct lanes *s)
{
	struct lane *l;

	while ((l = RB_ROOT(&s->lanes)) != NULL) {
		RB_REMOVE(lane_tree, &s->lanes, l);
		free_flows(l);
		free(l);
	}
	lanes_init(s, s->all, s->most);
}
