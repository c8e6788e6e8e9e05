/*
 * pools: pools without agents, for tests that wrap dispatch_agents, agents_pool,
 * agents_wake, agents_down, message_verdict, message_lost and message_untried.
 */
#ifndef TESTS_UNIT_POOLS_H
#define TESTS_UNIT_POOLS_H

#include "tests/unit/unit.h"

#include <bsd/string.h>

#include "common/msg_spawn.h"
#include "queue/agents.h"
#include "queue/destination.h"
#include "queue/dispatch.h"
#include "queue/pool.h"

static struct pool_tree pools;
static struct queue queue;
static size_t outcomes, losses, untried, wakes;
static bool down; /* every next hop is */

struct agents *__wrap_dispatch_agents(struct dispatch *);
struct pool *__wrap_agents_pool(struct agents *, const struct pool_key *);
void __wrap_agents_wake(struct agents *, struct pool *);
bool __wrap_agents_down(
    struct agents *, const struct pool_key *, bool, struct verdict *);
void __wrap_message_verdict(struct message *, size_t, const struct verdict *);
void __wrap_message_lost(struct message *, size_t, int64_t);
void __wrap_message_untried(struct message *, size_t);

struct agents *
__wrap_dispatch_agents(struct dispatch *d)
{
	(void)d;
	return NULL;
}

struct pool *
__wrap_agents_pool(struct agents *as, const struct pool_key *key)
{
	(void)as;
	return pool_find(&pools, key);
}

bool
__wrap_agents_down(struct agents *as, const struct pool_key *key, bool asked,
    struct verdict *v)
{
	(void)as;
	assert_int_equal(key->program, SPAWN_REMOTE);
	assert_false(asked);
	*v = (struct verdict){ .diag = DIAG_INIT };
	(void)diag_set(&v->diag, "4.4.1", "down");
	return down;
}

void
__wrap_agents_wake(struct agents *as, struct pool *p)
{
	(void)as;
	(void)p;
	wakes++;
}

void
__wrap_message_verdict(struct message *m, size_t i, const struct verdict *v)
{
	(void)i;
	assert_int_equal(v->diag.outcome, OUT_TEMP);
	m->open--;
	outcomes++;
}

void
__wrap_message_lost(struct message *m, size_t i, int64_t wait)
{
	(void)i;
	assert_int_equal(wait, 77);
	m->open--;
	losses++;
}

void
__wrap_message_untried(struct message *m, size_t i)
{
	(void)i;
	m->open--;
	untried++;
}

static inline int
begin(void **state)
{
	(void)state;
	RB_INIT(&pools);
	outcomes = losses = untried = wakes = 0;
	down = false;
	return 0;
}

/* Every pool of a test is empty at its end, and goes. */
static inline int
end(void **state)
{
	struct pool *p;

	(void)state;
	while ((p = pool_after(&pools, NULL)) != NULL) {
		assert_int_equal(p->waiting, 0);
		(void)pool_tidy(&pools, p);
	}
	return 0;
}

static inline struct pool *
find(uint32_t program, const char *name)
{
	const struct pool_key key = { .program = program, .name = name };

	return pool_find(&pools, &key);
}

#endif
