/*
 * agent_answers: what an agent says of the recipients that it has.  In queued, as
 * postrider; talks to local and pipe, which run as users, to remote, and to
 * bounce (msg_job.h).  An agent can answer for the recipients it was given, once
 * for each, and for nothing else.
 */
#include <string.h>

#include <bsd/string.h>

#include "common/msg_spawn.h"
#include "queue/agents_private.h"

static bool
is_passed_on(const struct agent *a, const struct verdict *v)
{
	return v->diag.outcome == OUT_OK &&
	    (v->flags & OUTCOME_FORWARDED) != 0 &&
	    (a->pool->program == SPAWN_LOCAL || a->pool->program == SPAWN_PIPE);
}

void
job_answered(
    struct agent *a, struct job *j, uint32_t k, const struct verdict *v)
{
	struct message *m = j->message;
	uint32_t index = j->rcpts[k].index;
	struct forward *f = forward_leave(a, j, k);

	job_close_rcpt(a, j, k);
	if (is_passed_on(a, v))
		forward_go(a, m, index, f);
	else {
		forward_free(f);
		message_verdict(m, index, v);
	}
	if (a->outstanding == 0)
		a->alone = false;
}

static struct job *
find_job(struct agent *a, uint32_t number)
{
	struct job *j;

	LIST_FOREACH(j, &a->jobs, of_agent)
	if (j->number == number)
		return j;
	return NULL;
}

/* What the agent says, in our own words where it is no outcome at all. */
static void
take_outcome(const struct msg_job_outcome *m, struct verdict *v)
{
	struct diag *d = &v->diag;
	const char *wanted = "245";

	if (m->outcome > OUT_PERM || !dsn_valid(m->dsn) ||
	    m->dsn[0] != wanted[m->outcome]) {
		(void)diag_set(d, "4.3.0", "The agent's answer is none");
		return;
	}
	(void)diag_set(d, m->dsn, "%s", m->text);
	d->outcome = (enum outcome)m->outcome;
	v->flags = m->flags & OUTCOME_AGENT;
	v->code = m->code;
	strlcpy(v->mta, m->mta, sizeof(v->mta));
}

/* Another agent of the pool is to try; false without memory. */
static bool
try_another(struct agent *a, struct job *j, uint32_t k)
{
	struct message *m = j->message;

	if (!pool_again(a->pool, m, j->rcpts[k].index))
		return false;
	job_close_rcpt(a, j, k);
	return true;
}

static void
take_answer(struct agent *a, struct job *j, uint32_t k, const struct verdict *v)
{
	bool again = agent_heard(a, v, j->left == 1);

	a->answers++;
	a->pool->answers++;
	a->idle = a->waited = deadline_now();
	a->pool->failures = 0;
	j->message->entry->alone = false;
	if (!again || !try_another(a, j, k))
		job_answered(a, j, k, v);
}

/* Which recipient of which job an agent speaks of; NULL: of none it has. */
static struct job *
find_rcpt(struct agent *a, uint32_t number, uint32_t index, uint32_t *k)
{
	struct job *j = find_job(a, number);

	if (j == NULL || j->sent == 0)
		return NULL;
	for (*k = 0; *k < j->n; (*k)++)
		if (j->rcpts[*k].index == index)
			return j->rcpts[*k].answered ? NULL : j;
	return NULL;
}

bool
agent_take(struct agent *a, unsigned int type, const union msg_job *m)
{
	struct verdict v = { .diag = DIAG_INIT };
	struct job *j;
	uint32_t k;

	if (type == JOB_T_READY) {
		a->ready = true;
		return true;
	}
	/* Both begin in the same way. */
	j = find_rcpt(a, m->outcome.job, m->outcome.index, &k);
	if (j == NULL)
		return false;
	if (type == JOB_T_FORWARD)
		return forward_take(a, j, k, &m->forward);
	if (type != JOB_T_OUTCOME)
		return false;
	take_outcome(&m->outcome, &v);
	take_answer(a, j, k, &v);
	agents_wake(a->all, a->pool);
	return true;
}
