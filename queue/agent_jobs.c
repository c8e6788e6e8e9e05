/*
 * agent_jobs: what one agent is given, and what becomes of it.  In queued, as
 * postrider; talks to local, which runs as the owner of a mailbox, to remote,
 * and to bounce (msg_job.h).  An agent can answer for the recipients it was given,
 * once for each, and for nothing else.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/hop_token.h"
#include "common/log.h"
#include "common/msg_spawn.h"
#include "queue/agents_private.h"

#define LOST_FIRST 1000 /* ms until a message that lost an agent goes again */
#define LOST_SHIFT 5    /* doublings at most */

int64_t
agent_lost_wait(unsigned int times)
{
	return (int64_t)LOST_FIRST << (times < LOST_SHIFT ? times : LOST_SHIFT);
}

static void
forget_job(struct agent *a, struct job *j)
{
	if (j->sent < 1 + j->n)
		TAILQ_REMOVE(&a->unsent, j, unsent);
	LIST_REMOVE(j, of_agent);
	a->njobs--;
	for (uint32_t k = 0; k < j->n; k++) {
		free(j->rcpts[k].target);
		forward_free(forward_leave(a, j, k));
	}
	free(j);
}

/* So many recipients more are with the agent, or fewer. */
static void
count(struct agent *a, int more)
{
	a->outstanding += (size_t)more;
	a->all->outstanding += (size_t)more;
	if (a->pool->dest != NULL)
		a->pool->dest->outstanding += (size_t)more;
}

void
job_close_rcpt(struct agent *a, struct job *j, uint32_t k)
{
	j->rcpts[k].answered = true;
	j->left--;
	count(a, -1);
	if (j->left == 0)
		forget_job(a, j);
}

/* A job of which nothing was sent ends with this. */
static void
abandon(struct agent *a, struct job *j, const struct diag *d)
{
	const struct verdict v = { .diag = *d };

	/* The last one frees the job. */
	for (uint32_t k = 0, n = j->n; k < n; k++)
		job_answered(a, j, k, &v);
}

/* Sends the message number j->sent of a job. */
static enum chan_result
send_one(struct agent *a, struct job *j, int fd)
{
	struct chan *c = &a->peer->chan;
	union msg_job m;
	uint32_t k = j->sent - 1;

	if (j->sent == 0) {
		message_tell(j->message, &m.message, j->n, j->rcpts[0].index);
		m.message.job = j->number;
		return chan_send(c, JOB_T_MESSAGE, &m.message, fd, 0);
	}
	message_tell_rcpt(
	    j->message, j->rcpts[k].index, j->rcpts[k].target, &m.rcpt);
	m.rcpt.job = j->number;
	return chan_send(c, JOB_T_RCPT, &m.rcpt, -1, 0);
}

/* Whoever shows it may log in there; authd refuses who has none. */
static void
give_leave(const struct agent *a, struct msg_job_hop *m)
{
	const struct hop_leave l = { .hop = m->hop, .tls = m->tls };

	if (m->credentials != 0 &&
	    hop_token_make(a->all->q->hops, &l, m->leave))
		m->leave_len = HOP_TOKEN;
}

/* Before all else, to remote. */
static enum chan_result
send_hop(struct agent *a)
{
	const struct pool *p = a->pool;
	struct msg_job_hop m = { .tls = (uint32_t)p->away.tls,
		.credentials = p->away.credentials,
		.routed = p->away.routed };
	enum chan_result r;

	if (a->greeted || p->program != SPAWN_REMOTE)
		return CHAN_OK;
	strlcpy(m.hop, p->name, sizeof(m.hop));
	give_leave(a, &m);
	r = chan_send(&a->peer->chan, JOB_T_HOP, &m, -1, 0);
	a->greeted = r == CHAN_OK;
	return r;
}

/* With the message's descriptor; false when there is none. */
static bool
send_head(struct agent *a, struct job *j, enum chan_result *r)
{
	struct diag d = DIAG_INIT;
	int fd = spool_reader(a->all->q->spool, j->message->env.id);

	if (fd == -1) {
		(void)diag_set(
		    &d, "4.3.0", "The queue's file: %s", strerror(errno));
		abandon(a, j, &d);
		return false;
	}
	*r = send_one(a, j, fd);
	(void)close(fd); /* was only read; the agent has its own */
	return true;
}

void
agent_send(struct agent *a)
{
	enum chan_result r = send_hop(a);
	struct job *j;

	while (r == CHAN_OK && (j = TAILQ_FIRST(&a->unsent)) != NULL) {
		if (j->sent > 0)
			r = send_one(a, j, -1);
		else if (!send_head(a, j, &r))
			continue;
		if (r == CHAN_OK && j->sent++ == j->n)
			TAILQ_REMOVE(&a->unsent, j, unsent);
	}
	if (r == CHAN_AGAIN)
		r = event_add(a->writable, NULL) == 0 ? CHAN_OK : CHAN_ERROR;
	if (r != CHAN_OK)
		peer_close(a->peer); /* its jobs go back */
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	agent_send(arg);
}

/* What pool_take() gave, as a job; NULL without memory. */
static struct job *
new_job(struct agent *a, const struct pool_work *w)
{
	struct job *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return NULL;
	j->message = w->message;
	j->number = ++a->all->number;
	j->n = j->left = (uint32_t)w->n;
	for (size_t k = 0; k < w->n; k++)
		j->rcpts[k].index = w->indexes[k];
	LIST_INSERT_HEAD(&a->jobs, j, of_agent);
	TAILQ_INSERT_TAIL(&a->unsent, j, unsent);
	if (a->outstanding == 0)
		a->waited = deadline_now();
	a->njobs++;
	count(a, (int)w->n);
	return j;
}

/*
 * Those for whom the configuration names another way by now are left out, to
 * be tried that way soon.
 */
static void
check_hops(struct pool_work *w, const struct pool *p)
{
	struct message *m = w->message;
	struct settings *s = &m->q->settings;
	struct pool_key key;
	struct route r;
	size_t kept = 0;

	for (size_t k = 0; k < w->n; k++) {
		const struct route_ask q = route_ask(&m->env, w->indexes[k]);
		struct diag d = DIAG_INIT;
		enum outcome o =
		    route_find(s->tables, s->mail_name, &q, &r, &d);

		key = pool_key_of(&r);
		if (o == OUT_OK && pool_is(p, &key))
			w->indexes[kept++] = w->indexes[k];
		else
			message_moved(m, w->indexes[k]);
	}
	w->n = kept;
}

/*
 * Those for whom there is nothing any more where this pool could deliver (the
 * tables have changed) are answered here, or go another way, and are not given.
 */
static void
find_targets(struct pool_work *w, const struct pool *p,
    struct target *targets[JOB_RCPT_MAX])
{
	struct message *m = w->message;
	struct diag d;
	size_t kept = 0;

	for (size_t k = 0; k < w->n; k++) {
		d = (struct diag)DIAG_INIT;
		targets[kept] = message_target(m, w->indexes[k], p, &d);
		if (targets[kept] != NULL)
			w->indexes[kept++] = w->indexes[k];
		else if (d.outcome != OUT_OK)
			message_outcome(m, w->indexes[k], &d);
		else
			message_moved(m, w->indexes[k]);
	}
	w->n = kept;
}

static void
give_job(struct agent *a, struct pool_work *w)
{
	struct target *targets[JOB_RCPT_MAX];
	struct job *j;

	memset(targets, 0, sizeof(targets));
	if (a->pool->dest != NULL)
		check_hops(w, a->pool);
	else if (a->pool->program != SPAWN_BOUNCE)
		find_targets(w, a->pool, targets);
	if (w->n == 0)
		return; /* and the message may be gone */
	j = new_job(a, w);
	for (size_t k = 0; k < w->n; k++)
		if (j != NULL)
			j->rcpts[k].target = targets[k];
		else {
			free(targets[k]);
			message_lost(
			    w->message, w->indexes[k], agent_lost_wait(0));
		}
}

/* Recipients that it may be given: those away are counted by the message. */
static size_t
room_for(const struct agent *a)
{
	size_t left = JOB_WINDOW - a->outstanding;

	if (a->pool->dest != NULL)
		return JOB_RCPT_MAX;
	/* A command may take its time, and others need not wait for it. */
	if (a->pool->program == SPAWN_PIPE)
		return a->outstanding == 0 ? 1 : 0;
	/* A job is a report: as few as can be, and not what is just left. */
	if (a->pool->program == SPAWN_BOUNCE)
		return left >= JOB_RCPT_MAX ? JOB_RCPT_MAX : 0;
	return left;
}

void
agent_fill(struct agent *a)
{
	struct pool_work w;

	while (!a->alone && !a->retiring && !a->all->q->stopping &&
	    a->njobs < agent_jobs_most(a) &&
	    pool_take(a->pool, a->outstanding == 0, room_for(a), &w)) {
		give_job(a, &w);
		a->alone = w.suspect && a->outstanding > 0;
	}
	agent_send(a);
}

static void
on_message(struct peer *p, unsigned int type, const void *msg, int fd)
{
	struct agent *a = p->data;

	if (fd != -1)
		(void)close(fd); /* none is wanted */
	if (type == JOB_T_MEASURED ? agent_measured(a, msg)
				   : agent_take(a, type, msg))
		return;
	log_error("-",
	    "channel=job pool=%s wanted=answer-asked-for found=another",
	    a->pool->name);
	peer_close(p);
}

static void
on_closed(struct peer *p)
{
	agent_ended(p->data);
}

static const struct peer_ops ops = { on_message, on_closed };

bool
agent_start(struct agent *a, int fd)
{
	a->peer = peer_new(a->all->q->base, fd, &job_channel, JOB_QUEUED, &ops);
	if (a->peer == NULL) {
		(void)close(fd); /* ends the agent */
		return false;
	}
	a->peer->data = a;
	a->writable = event_new(a->all->q->base, fd, EV_WRITE, on_writable, a);
	if (a->writable == NULL)
		peer_close(a->peer);
	a->idle = deadline_now();
	return a->writable != NULL;
}

/*
 * The message is suspected when agents of the pool do answer otherwise: this
 * one has, or another since the message lost its last one.
 */
static void
suspect(const struct agent *a, struct entry *e)
{
	bool healthy = a->answers > 0 || a->pool->answers != e->answers;

	e->alone = true;
	e->answers = a->pool->answers;
	if (healthy && e->crashes < UINT16_MAX)
		e->crashes++;
}

/* The job's recipients go back, or end with v; it is over afterwards. */
static void
lose_job(struct agent *a, struct job *j, int64_t wait, const struct verdict *v)
{
	struct message *m = j->message;
	uint32_t index;

	for (uint32_t k = 0, n = j->n; k < n; k++) {
		if (j->rcpts[k].answered)
			continue;
		index = j->rcpts[k].index;
		n = j->left == 1 ? 0 : n; /* the last one frees the job */
		job_close_rcpt(a, j, k);
		if (v != NULL)
			message_verdict(m, index, v);
		else
			message_lost(m, index, wait);
	}
}

size_t
agent_lose(struct agent *a)
{
	size_t n = a->outstanding;
	int64_t wait = agent_lost_wait(a->pool->failures);
	struct job *j;

	while ((j = LIST_FIRST(&a->jobs)) != NULL) {
		if (j->sent > 0)
			suspect(a, j->message->entry);
		lose_job(a, j, wait, NULL);
	}
	return n;
}

size_t
agent_fail(struct agent *a, const struct diag *d)
{
	const struct verdict v = { .diag = *d };
	size_t n = a->outstanding;
	struct job *j;

	while ((j = LIST_FIRST(&a->jobs)) != NULL) {
		j->message->entry->alone = true;
		lose_job(a, j, 0, &v);
	}
	return n;
}

void
agent_defer(struct agent *a, const struct verdict *v)
{
	struct job *j;

	while ((j = LIST_FIRST(&a->jobs)) != NULL)
		lose_job(a, j, 0, v);
}
