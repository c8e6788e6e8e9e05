/*
 * pool: the work that waits for agents of one kind.  In queued; memory only.
 */
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/msg_spawn.h"
#include "queue/agents.h"
#include "queue/destination.h"
#include "queue/dispatch.h"
#include "queue/pool.h"

#define GROUP_MORE 4 /* recipients that a group has room for at first */

/* The groups of one account, or one sender, in a pool. */
struct share {
	RB_ENTRY(share) by_owner;
	TAILQ_ENTRY(share) in_turn;
	struct group_list groups;
	char owner[LOGIN_MAX + 1];
};

static int
compare_shares(const struct share *a, const struct share *b)
{
	return strcmp(a->owner, b->owner);
}

/* Those of one message. */
static int
compare_groups(const struct group *a, const struct group *b)
{
	int r = pool_compare(a->pool, b->pool);

	return r != 0 ? r : a->forwarded - b->forwarded;
}

#define LOCAL __attribute__((unused)) static
RB_GENERATE_INTERNAL(share_tree, share, by_owner, compare_shares, LOCAL)
RB_GENERATE_INTERNAL(group_tree, group, of_message, compare_groups, LOCAL)

/* Whether the recipient is in another group of the pool than others are. */
static bool
is_apart(const struct pool *p, const struct message *m, size_t i)
{
	return p->program == SPAWN_REMOTE && message_is_forwarded(m, i);
}

/* The message's group in a pool that recipient i is in, or would be. */
static struct group *
get_group(struct message *m, size_t i, struct pool *p)
{
	struct group key = { .pool = p, .forwarded = is_apart(p, m, i) };

	return RB_FIND(group_tree, &m->groups, &key);
}

/* Who takes turns with others in a pool. */
static void
set_turn(struct group *g, size_t i)
{
	const struct message *m = g->message;
	const char *turn = g->account;

	/* Aliases are nobody's. */
	if (g->pool->program == SPAWN_PIPE && turn[0] == '\0')
		turn = env_addr(&m->env, i);
	strlcpy(g->turn, turn, sizeof(g->turn));
	if (g->pool->program == SPAWN_REMOTE)
		(void)snprintf(g->turn, sizeof(g->turn), "%08x",
		    (unsigned int)m->entry->who);
}

/* A group for recipient i, which is not in it yet; NULL without memory. */
static struct group *
new_group(struct message *m, size_t i, struct pool *p, const char *account)
{
	struct group *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	g->message = m;
	g->pool = p;
	g->forwarded = p->program == SPAWN_REMOTE && message_is_forwarded(m, i);
	strlcpy(g->account, account, sizeof(g->account));
	set_turn(g, i);
	RB_INSERT(group_tree, &m->groups, g);
	return g;
}

static bool
add(struct group *g, size_t i)
{
	size_t room = g->room != 0 ? 2 * g->room : GROUP_MORE;
	uint32_t *p;

	if (g->n == g->room) {
		p = reallocarray(g->indexes, room, sizeof(*p));
		if (p == NULL)
			return false;
		g->indexes = p;
		g->room = room;
	}
	g->indexes[g->n++] = (uint32_t)i;
	return true;
}

static bool
give(struct message *m, size_t i, const struct pool_key *key,
    const char *account)
{
	struct pool *p = agents_pool(dispatch_agents(m->q->dispatch), key);
	struct group *g;

	if (p == NULL)
		return false;
	if ((g = get_group(m, i, p)) == NULL)
		g = new_group(m, i, p, account);
	return g != NULL && add(g, i);
}

/* Whether the message goes to that pool anyway. */
static bool
has_group(struct message *m, const struct pool_key *k)
{
	struct pool p = pool_as_key(k);
	struct group key = { .pool = &p };
	const struct group *g = RB_NFIND(group_tree, &m->groups, &key);

	return g != NULL && pool_compare(g->pool, &p) == 0;
}

bool
pool_give(struct message *m, size_t i, const struct route *r)
{
	const struct pool_key key = { r->program, r->pool, r->away };
	struct verdict v;

	if (r->program == SPAWN_REMOTE && !has_group(m, &key) &&
	    agents_down(dispatch_agents(m->q->dispatch), &key, m->look, &v)) {
		message_verdict(m, i, &v);
		return true;
	}
	return give(m, i, &key, r->account);
}

bool
pool_give_report(struct message *m, size_t i)
{
	const struct pool_key key = { .program = SPAWN_BOUNCE,
		.name = POOL_BOUNCE };

	return give(m, i, &key, "");
}

static struct share *
find_share(struct pool *p, const char *owner)
{
	struct share *s, key;

	strlcpy(key.owner, owner, sizeof(key.owner));
	if ((s = RB_FIND(share_tree, &p->shares, &key)) != NULL)
		return s;
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	strlcpy(s->owner, owner, sizeof(s->owner));
	TAILQ_INIT(&s->groups);
	RB_INSERT(share_tree, &p->shares, s);
	TAILQ_INSERT_TAIL(&p->turns, s, in_turn);
	return s;
}

/* So many groups more wait, or fewer. */
static void
count(struct pool *p, int more)
{
	p->waiting += (size_t)more;
	if (p->dest != NULL)
		p->dest->waiting += (size_t)more;
}

static void
enqueue(struct group *g)
{
	struct pool *p = g->pool;

	count(p, 1);
	if (!g->message->entry->alone)
		g->share = find_share(p, g->turn);
	/* Without memory it waits for an agent of its own: not lost. */
	if (g->share != NULL)
		TAILQ_INSERT_TAIL(&g->share->groups, g, queued);
	else
		TAILQ_INSERT_TAIL(&p->suspects, g, queued);
}

void
pool_given(struct message *m)
{
	struct group *g;

	RB_FOREACH(g, group_tree, &m->groups)
	{
		enqueue(g);
		agents_wake(dispatch_agents(m->q->dispatch), g->pool);
	}
}

bool
pool_again(struct pool *p, struct message *m, size_t i)
{
	struct group *g = get_group(m, i, p);

	if (g != NULL)
		return add(g, i);
	if ((g = new_group(m, i, p, "")) == NULL)
		return false;
	if (!add(g, i)) {
		RB_REMOVE(group_tree, &g->message->groups, g);
		free(g);
		return false;
	}
	enqueue(g);
	return true;
}

static void
leave_share(struct pool *p, struct group *g)
{
	struct share *s = g->share;

	if (s == NULL) {
		TAILQ_REMOVE(&p->suspects, g, queued);
		return;
	}
	TAILQ_REMOVE(&s->groups, g, queued);
	if (!TAILQ_EMPTY(&s->groups))
		return;
	RB_REMOVE(share_tree, &p->shares, s);
	TAILQ_REMOVE(&p->turns, s, in_turn);
	free(s);
}

static void
remove_group(struct group *g)
{
	leave_share(g->pool, g);
	count(g->pool, -1);
	RB_REMOVE(group_tree, &g->message->groups, g);
	free(g->indexes);
	free(g);
}

static struct group *
next_group(struct pool *p, bool alone)
{
	struct share *s;

	if (!TAILQ_EMPTY(&p->suspects))
		return alone ? TAILQ_FIRST(&p->suspects) : NULL;
	if ((s = TAILQ_FIRST(&p->turns)) == NULL)
		return NULL;
	TAILQ_REMOVE(&p->turns, s, in_turn);
	TAILQ_INSERT_TAIL(&p->turns, s, in_turn);
	return TAILQ_FIRST(&s->groups);
}

bool
pool_take(struct pool *p, bool alone, size_t room, struct pool_work *w)
{
	struct group *g = next_group(p, alone);

	if (g == NULL || room == 0)
		return false;
	w->n = g->n - g->given;
	if (w->n > room)
		w->n = room;
	if (w->n > JOB_RCPT_MAX)
		w->n = JOB_RCPT_MAX;
	memcpy(w->indexes, g->indexes + g->given, w->n * sizeof(*g->indexes));
	g->given += w->n;
	w->message = g->message;
	w->suspect = g->share == NULL;
	if (g->given == g->n)
		remove_group(g);
	return true;
}

static const struct group *
any_group(const struct pool *p)
{
	const struct share *s = TAILQ_FIRST(&p->turns);

	return s != NULL ? TAILQ_FIRST(&s->groups) : TAILQ_FIRST(&p->suspects);
}

const char *
pool_account(const struct pool *p)
{
	const struct group *g = any_group(p);

	return g != NULL ? g->account : "";
}

size_t
pool_whos(const struct pool *p, uint32_t who[], size_t most)
{
	const struct group *g = TAILQ_FIRST(&p->suspects);
	const struct share *s;
	size_t n = 0;

	if (g != NULL && n < most)
		who[n++] = g->message->entry->who;
	TAILQ_FOREACH(s, &p->turns, in_turn)
	{
		if (n == most)
			break;
		who[n++] = TAILQ_FIRST(&s->groups)->message->entry->who;
	}
	return n;
}

/* Everything that waits in the pool now, in one list. */
static void
take_all(struct pool *p, struct group_list *out)
{
	struct share *s;
	struct group *g;

	TAILQ_INIT(out);
	TAILQ_FOREACH(s, &p->turns, in_turn)
	TAILQ_FOREACH(g, &s->groups, queued)
	g->share = NULL;
	while ((s = TAILQ_FIRST(&p->turns)) != NULL) {
		TAILQ_CONCAT(&p->suspects, &s->groups, queued);
		RB_REMOVE(share_tree, &p->shares, s);
		TAILQ_REMOVE(&p->turns, s, in_turn);
		free(s);
	}
	TAILQ_CONCAT(out, &p->suspects, queued);
	if (p->dest != NULL)
		p->dest->waiting -= p->waiting;
	p->waiting = 0;
}

enum back { BACK_OUTCOME, BACK_LOST, BACK_UNTRIED };

/* A group that is in no list any more: its recipients go back. */
static void
give_back(struct group *g, enum back how, const struct verdict *v, int64_t wait)
{
	struct message *m = g->message;
	size_t i;

	RB_REMOVE(group_tree, &g->message->groups, g);
	while (g->given < g->n) {
		i = g->indexes[g->given++];
		if (how == BACK_OUTCOME)
			message_verdict(m, i, v);
		else if (how == BACK_LOST)
			message_lost(m, i, wait);
		else
			message_untried(m, i);
	}
	free(g->indexes);
	free(g);
}

static void
back_all(struct pool *p, enum back how, const struct verdict *v, int64_t wait)
{
	struct group_list all;
	struct group *g;

	take_all(p, &all);
	while ((g = TAILQ_FIRST(&all)) != NULL) {
		TAILQ_REMOVE(&all, g, queued);
		give_back(g, how, v, wait);
	}
}

void
pool_fail(struct pool *p, const struct verdict *v)
{
	back_all(p, BACK_OUTCOME, v, 0);
}

void
pool_lost(struct pool *p, int64_t wait)
{
	back_all(p, BACK_LOST, NULL, wait);
}

void
pool_cancel(struct message *m)
{
	struct group_list mine;
	struct group *g;

	TAILQ_INIT(&mine);
	RB_FOREACH(g, group_tree, &m->groups)
	{
		leave_share(g->pool, g);
		count(g->pool, -1);
		agents_wake(dispatch_agents(m->q->dispatch), g->pool);
		TAILQ_INSERT_TAIL(&mine, g, queued);
	}
	while ((g = TAILQ_FIRST(&mine)) != NULL) {
		TAILQ_REMOVE(&mine, g, queued);
		give_back(g, BACK_UNTRIED, NULL, 0);
	}
}
