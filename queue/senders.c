/*
 * senders: who holds places for mail that leaves, and who waits for one.  In
 * queued, as postrider; memory only.
 */
#include <stdlib.h>

#include "queue/pool.h"
#include "queue/senders.h"

struct sender {
	RB_ENTRY(sender) by_who;
	TAILQ_ENTRY(sender) in_turn; /* while pools wait */
	TAILQ_HEAD(, pool) pools;    /* those */
	uint32_t who;
	size_t held;
};

static int
compare(const struct sender *a, const struct sender *b)
{
	return (a->who > b->who) - (a->who < b->who);
}

#define LOCAL __attribute__((unused)) static
RB_GENERATE_INTERNAL(sender_tree, sender, by_who, compare, LOCAL)

void
senders_init(struct senders *s)
{
	RB_INIT(&s->all);
	TAILQ_INIT(&s->turns);
	s->waiting = 0;
}

static struct sender *
find(const struct senders *s, uint32_t who)
{
	struct sender key = { .who = who };
	struct sender_tree tree = s->all;

	return RB_FIND(sender_tree, &tree, &key);
}

static struct sender *
find_or_make(struct senders *s, uint32_t who)
{
	struct sender *o = find(s, who);

	if (o != NULL || (o = calloc(1, sizeof(*o))) == NULL)
		return o;
	o->who = who;
	TAILQ_INIT(&o->pools);
	RB_INSERT(sender_tree, &s->all, o);
	return o;
}

/* Who has nothing and wants nothing is forgotten. */
static void
tidy(struct senders *s, struct sender *o)
{
	if (o->held > 0 || !TAILQ_EMPTY(&o->pools))
		return;
	RB_REMOVE(sender_tree, &s->all, o);
	free(o);
}

size_t
senders_held(const struct senders *s, uint32_t who)
{
	const struct sender *o = find(s, who);

	return o != NULL ? o->held : 0;
}

bool
senders_hold(struct senders *s, uint32_t who)
{
	struct sender *o = find_or_make(s, who);

	if (o != NULL)
		o->held++;
	return o != NULL;
}

void
senders_release(struct senders *s, uint32_t who)
{
	struct sender *o = find(s, who);

	o->held--;
	tidy(s, o);
}

bool
senders_wait(struct senders *s, struct pool *p)
{
	struct sender *o = find_or_make(s, p->who);

	if (o == NULL)
		return false;
	if (TAILQ_EMPTY(&o->pools))
		TAILQ_INSERT_TAIL(&s->turns, o, in_turn);
	TAILQ_INSERT_TAIL(&o->pools, p, starving);
	s->waiting++;
	return true;
}

void
senders_leave(struct senders *s, struct pool *p)
{
	struct sender *o = find(s, p->who);

	TAILQ_REMOVE(&o->pools, p, starving);
	s->waiting--;
	/* To the end of the round. */
	TAILQ_REMOVE(&s->turns, o, in_turn);
	if (!TAILQ_EMPTY(&o->pools))
		TAILQ_INSERT_TAIL(&s->turns, o, in_turn);
	tidy(s, o);
}

struct pool *
senders_next(const struct senders *s, size_t held)
{
	const struct sender *o;

	TAILQ_FOREACH(o, &s->turns, in_turn)
	if (o->held < held)
		return TAILQ_FIRST(&o->pools);
	return NULL;
}
