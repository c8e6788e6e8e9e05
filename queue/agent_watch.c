/*
 * agent_watch: agents that hang, and those that are done with.  In queued, as
 * postrider.  Local runs as the owner of a mailbox, who may stop it, and works
 * in his directory, which may hang: neither may keep a place for ever.
 * postriderd ends what is dismissed here (msg_spawn.h).
 */
#include <stdlib.h>

#include "common/log.h"
#include "queue/agents_private.h"

#define STALL_FIRST 60000 /* ms until a pool gets another agent */
#define STALL_SHIFT 5     /* doublings at most */

bool
agent_overdue(const struct agent *a, int64_t now)
{
	if (a->peer == NULL)
		return now >= a->waited + AGENT_START_MOST;
	return !a->peer->dead && a->outstanding > 0 &&
	    now >= a->waited + agent_patience(a);
}

/* Whether the channel took it, or nobody is there to be told. */
static bool
say(struct agents *as, const struct msg_spawn_stop *m)
{
	return as->spawn == NULL ||
	    peer_try(as->spawn, SPAWN_T_STOP, m, -1) != CHAN_AGAIN;
}

void
agent_dismiss(struct agents *as, uint32_t serial, uint32_t grace)
{
	struct msg_spawn_stop m = { serial, grace };
	struct dismissal *d;

	if (STAILQ_EMPTY(&as->dismissals) && say(as, &m))
		return;
	if ((d = calloc(1, sizeof(*d))) == NULL) {
		log_error("-", "wanted=memory found=none agent=%u",
		    (unsigned int)serial);
		return; /* if it hangs, it keeps its place until we end */
	}
	d->stop = m;
	STAILQ_INSERT_TAIL(&as->dismissals, d, link);
}

void
agent_dismiss_rest(struct agents *as)
{
	struct dismissal *d;

	while (
	    (d = STAILQ_FIRST(&as->dismissals)) != NULL && say(as, &d->stop)) {
		STAILQ_REMOVE_HEAD(&as->dismissals, link);
		free(d);
	}
}

/* Whether another agent of the pool has ever answered. */
static bool
others_answer(const struct agent *a)
{
	const struct agent *other;

	LIST_FOREACH(other, &a->pool->agents, in_pool)
	if (other != a && other->answers > 0)
		return true;
	return false;
}

/* The pool's work waits with it, unless others do it. */
static void
stall(struct agent *a, const struct verdict *v)
{
	struct pool *p = a->pool;

	if (others_answer(a))
		return;
	p->pause = deadline_now() +
	    ((int64_t)STALL_FIRST
		<< (p->stalls < STALL_SHIFT ? p->stalls : STALL_SHIFT));
	p->stalls++;
	pool_fail(p, v);
}

void
agent_give_up(struct agent *a)
{
	struct agents *as = a->all;
	struct verdict v = { .diag = DIAG_INIT };
	size_t lost;

	if (a->pool->program == SPAWN_LOCAL)
		(void)diag_set(&v.diag, "4.2.0", "The mailbox does not answer");
	else
		(void)diag_set(&v.diag, "4.3.0", "The agent does not answer");
	lost = agent_fail(a, &v.diag);
	as->q->counters.crashes++;
	log_error("-", "pool=%s agent=%u wanted=%s found=no-answer lost=%zu",
	    a->pool->name, (unsigned int)a->serial,
	    a->peer == NULL ? "start" : "outcome", lost);
	agent_dismiss(as, a->serial, 0);
	stall(a, &v);
	a->answers = 0; /* it counts as one that never did anything */
	if (a->peer == NULL)
		agent_remove(a);
	else
		peer_close(a->peer);
}
