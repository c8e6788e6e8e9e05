/*
 * dispatch: takes messages that are due and starts work on them.  In queued,
 * as postrider; reads envelopes from the spool, never content.
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "queue/dispatch.h"
#include "queue/message.h"
#include "queue/pool.h"
#include "queue/route.h"
#include "queue/senders.h"

#define BATCH 64          /* messages started before other events have a turn */
#define READ_AGAIN 60000  /* ms until a file that cannot be read is tried */
#define RCPTS_MOST 200000 /* in memory, beside active-messages */
#define LANE_SHARE 4      /* of the active messages one destination may have */
#define SLOW_WAIT 500     /* ms until there may be room for the slow */

/* Messages in memory that may stay for long, and for whom they count. */
struct lasting {
	size_t count;
	struct senders by;
};

struct dispatch {
	struct queue *q;
	struct agents *agents;
	struct event *work;            /* runs now, or when something is due */
	LIST_HEAD(, message) messages; /* those worked on */
	size_t active, rcpts;          /* in memory */
	/* Of these: to who may not answer, by sender; for commands, by pool. */
	struct lasting slow, piped;
	size_t lane_most;
	struct tables_mark tables; /* as they were when they were looked at */
};

struct agents *
dispatch_agents(struct dispatch *d)
{
	return d->agents;
}

void
dispatch_kick(struct dispatch *d)
{
	event_active(d->work, EV_TIMEOUT, 0);
}

static bool
add(struct dispatch *d, const struct envelope *e, int64_t due)
{
	struct queue *q = d->q;
	struct entry_facts f = { .uid = e->uid, .who = schedule_who(e) };
	struct route_aim aim;
	struct entry *entry;

	/* A look at the spool may have been faster than who made it. */
	if (schedule_find(q->schedule, e->id) != NULL)
		return true;
	aim = route_destination(q->settings.tables, q->settings.mail_name, e);
	f.dest = aim.dest;
	f.only = aim.only;
	entry = schedule_add(q->schedule, e->id, &f, due);
	if (entry == NULL)
		return false;
	if (e->state.held)
		schedule_hold(q->schedule, entry);
	dispatch_kick(d);
	return true;
}

bool
dispatch_accept(struct dispatch *d, const struct envelope *e)
{
	return add(d, e, 0); /* before all that come to be due */
}

bool
dispatch_found(struct dispatch *d, const struct envelope *e, int64_t due)
{
	return add(d, e, due);
}

/* With which others that may stay for long the entry counts, and for whom. */
static struct lasting *
find_lasting(struct dispatch *d, const struct entry *e, uint32_t *who)
{
	if (route_piped(e->dest)) {
		*who = e->dest;
		return &d->piped;
	}
	*who = e->who;
	return agents_slow(d->agents, e->dest) ? &d->slow : NULL;
}

void
dispatch_begun(struct dispatch *d, struct message *m)
{
	LIST_INSERT_HEAD(&d->messages, m, link);
	m->lasting = find_lasting(d, m->entry, &m->who);
	m->held = m->lasting != NULL && senders_hold(&m->lasting->by, m->who);
	if (m->lasting != NULL)
		m->lasting->count++;
	d->active++;
	d->rcpts += m->env.nrcpt;
}

void
dispatch_finished(struct dispatch *d, struct message *m)
{
	LIST_REMOVE(m, link);
	if (m->lasting != NULL)
		m->lasting->count--;
	if (m->held)
		senders_release(&m->lasting->by, m->who);
	d->rcpts -= m->env.nrcpt;
	message_free(m);
	d->active--;
	dispatch_kick(d);
}

/* The file is not what it was when it was accepted. */
static void
lost_file(struct dispatch *d, struct entry *e, enum spool_state state,
    const struct spool_fault *f)
{
	struct queue *q = d->q;

	if (state == SPOOL_FAILED) {
		log_error(
		    entry_id(e).s, "wanted=envelope found=%s", strerror(errno));
		schedule_wait(q->schedule, e, deadline_now() + READ_AGAIN);
		return;
	}
	if (state == SPOOL_GONE)
		log_error(entry_id(e).s, "wanted=spool-file found=none");
	else if (state != SPOOL_ALIEN)
		spool_set_aside(q->spool, entry_id(e).s, f);
	schedule_remove(q->schedule, e);
}

static void
start(struct dispatch *d, struct entry *e)
{
	struct queue *q = d->q;
	enum spool_state state;
	struct spool_content c;
	struct spool_fault f;
	struct envelope env;

	state = spool_load(q->spool, entry_id(e).s, &env, &c, &f);
	if (state != SPOOL_VALID) {
		lost_file(d, e, state, &f);
		return;
	}
	if (message_start(q, e, &env, &c))
		return;
	env_free(&env);
	errno = ENOMEM;
	lost_file(d, e, SPOOL_FAILED, &f);
}

static bool
is_full(const struct dispatch *d)
{
	return d->active >= (size_t)d->q->settings.active ||
	    d->rcpts >= RCPTS_MOST;
}

/*
 * Three quarters of what may be in memory are for destinations that nobody
 * knows to answer, and of each of them only a few messages, and of a sender no
 * more than he leaves room for: they would keep all others out for as long as
 * they are silent.  In the same way an eighth is for commands, and for those of
 * one user no more than they leave.
 */
static bool
has_room_for(struct dispatch *d, const struct entry *e)
{
	size_t active = (size_t)d->q->settings.active, most;
	const struct lasting *l;
	uint32_t who;

	if ((l = find_lasting(d, e, &who)) == NULL)
		return true;
	most = l == &d->slow ? active / 4 * 3 + 1 : active / 8;
	return l->count < most && senders_held(&l->by, who) < most - l->count &&
	    !agents_crowded(d->agents, e->dest);
}

/* Not read now: back to where it was. */
static void
put_back(struct dispatch *d, struct entry *e)
{
	struct schedule *s = d->q->schedule;
	int64_t until = deadline_now() + SLOW_WAIT;

	schedule_like_wait(s, e, until);
	schedule_wait(s, e, e->due); /* so long it has waited */
}

/* The work event is set for when there is something to do. */
static void
set_alarm(struct dispatch *d, bool more)
{
	int64_t now = deadline_now(), due = schedule_due(d->q->schedule, now);
	struct timeval tv;

	if (more) {
		dispatch_kick(d);
		return;
	}
	(void)event_del(d->work); /* fails on a bad event only */
	if (due == -1 || is_full(d))
		return; /* the end of a message kicks */
	due = due > now ? due - now : 0;
	tv.tv_sec = due / 1000;
	tv.tv_usec = due % 1000 * 1000;
	if (event_add(d->work, &tv) == -1)
		log_error("-", "wanted=timer found=%s", strerror(errno));
}

static void
refresh(struct dispatch *d)
{
	struct settings *s = &d->q->settings;
	size_t most;

	(void)settings_refresh(s); /* logs what is wrong */
	/* It may have told somebody else that they are new. */
	if (memcmp(&d->tables, &s->fresh.seen, sizeof(d->tables)) != 0) {
		d->tables = s->fresh.seen;
		agents_renew(d->agents);
	}
	agents_settings(d->agents);
	most = (size_t)s->active / LANE_SHARE + 1;
	if (most != d->lane_most)
		schedule_lane_most(d->q->schedule, most);
	d->lane_most = most;
}

static void
on_work(evutil_socket_t fd, short what, void *arg)
{
	struct dispatch *d = arg;
	struct entry *e = NULL;
	int i;

	(void)fd;
	(void)what;
	if (d->q->stopping)
		return;
	refresh(d);
	for (i = 0; i < BATCH; i++) {
		if (is_full(d) ||
		    (e = schedule_take(d->q->schedule, deadline_now())) == NULL)
			break;
		if (has_room_for(d, e))
			start(d, e);
		else
			put_back(d, e);
	}
	set_alarm(d, i == BATCH);
}

bool
dispatch_look(struct dispatch *d, const struct entry *e)
{
	return agents_look(d->agents, e->dest);
}

void
dispatch_cancel(struct dispatch *d, struct entry *e)
{
	struct message *m;

	LIST_FOREACH(m, &d->messages, link)
	if (m->entry == e) {
		pool_cancel(m); /* perhaps the end of m */
		return;
	}
}

void
dispatch_forget(struct dispatch *d, const char *id)
{
	struct entry *e = schedule_find(d->q->schedule, id);

	if (e == NULL)
		return;
	if (e->state == ENTRY_ACTIVE) {
		e->forget = true;
		dispatch_cancel(d, e);
		return;
	}
	(void)spool_remove(d->q->spool, id); /* logs what it cannot */
	schedule_remove(d->q->schedule, e);
}

bool
dispatch_quiet(struct dispatch *d)
{
	return agents_outstanding(d->agents) == 0;
}

struct dispatch *
dispatch_new(struct queue *q, int spawn)
{
	struct dispatch *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->q = q;
	LIST_INIT(&d->messages);
	senders_init(&d->slow.by);
	senders_init(&d->piped.by);
	d->work = event_new(q->base, -1, 0, on_work, d);
	d->agents = agents_new(q, spawn);
	if (d->work != NULL && d->agents != NULL)
		return d;
	free(d); /* main ends the process */
	return NULL;
}
