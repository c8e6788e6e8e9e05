/*
 * intake_early: delivery before the answer.  In queued, as postrider.  What is
 * small and only for mailboxes of this host stays in memory while its agents
 * deliver it; when that is not done in time, or not for every recipient, the
 * session is asked to file it, and the client waits for that.
 */
#include "common/log.h"
#include "common/msg_spawn.h"
#include "queue/agents.h"
#include "queue/dispatch.h"
#include "queue/intake_private.h"
#include "queue/route.h"

#define EARLY_RCPTS 50  /* recipients at most */
#define EARLY_MORE 4096 /* bytes that a session adds to what was declared */

/* Whether each recipient has a mailbox here, and an agent that is not slow. */
static bool
is_quick(struct queue *q, const struct envelope *e)
{
	const struct agents *as = dispatch_agents(q->dispatch);
	struct diag d = DIAG_INIT;
	struct route_ask ask;
	struct route route;

	for (size_t i = 0; i < e->nrcpt; i++) {
		ask = route_ask(e, i);
		if (route_find(q->settings.tables, q->settings.mail_name, &ask,
			&route, &d) != OUT_OK ||
		    route.alias || route.program != SPAWN_LOCAL ||
		    !agents_ready(as, route.pool))
			return false;
	}
	return true;
}

uint64_t
early_room(const struct incoming *in)
{
	struct queue *q = in->server->q;
	const struct settings *set = &q->settings;
	uint64_t room = (uint64_t)set->early_size;

	if (set->early_wait == 0 || in->size > room ||
	    in->env.nrcpt > EARLY_RCPTS)
		return 0;
	if (in->size > 0 && in->size + EARLY_MORE < room)
		room = in->size + EARLY_MORE;
	if (spool_memory_used(q->spool) + room > (uint64_t)set->early_memory ||
	    !is_quick(q, &in->env))
		return 0;
	return room;
}

/*
 * Looks again when the first of them is late; an alarm that is set stays, also
 * for one that has less time by a newer configuration.
 */
static void
set_alarm(struct intake_server *s)
{
	const struct incoming *in = TAILQ_FIRST(&s->early);
	struct timeval tv = { 0, 0 };
	int64_t wait;

	if (in == NULL || event_pending(s->late, EV_TIMEOUT, NULL))
		return;
	wait = in->late - deadline_now();
	if (wait > 0) {
		tv.tv_sec = wait / 1000;
		tv.tv_usec = wait % 1000 * 1000;
	}
	if (event_add(s->late, &tv) == -1)
		log_error("-", "wanted=timer found=none");
}

void
early_begin(struct incoming *in)
{
	struct intake_server *s = in->server;

	in->is_early = true;
	in->late = deadline_now() + s->q->settings.early_wait * 1000;
	in->because = "late";
	TAILQ_INSERT_TAIL(&s->early, in, in_early);
	if (s->q->stopping)
		early_over(in, "stopping"); /* nothing new is begun */
	else
		set_alarm(s);
}

void
early_leave(struct incoming *in)
{
	if (in->is_early)
		TAILQ_REMOVE(&in->server->early, in, in_early);
	in->is_early = false;
}

void
early_over(struct incoming *in, const char *because)
{
	struct intake_server *s = in->server;

	if (!in->is_early || in->late == 0)
		return; /* it is on its way */
	TAILQ_REMOVE(&s->early, in, in_early);
	TAILQ_INSERT_HEAD(&s->early, in, in_early);
	in->late = 0;
	in->because = because;
	event_active(s->late, EV_TIMEOUT, 0);
}

/* Nobody is told that a message is accepted whose session is gone. */
static void
file(struct incoming *in)
{
	early_leave(in);
	in->busy = false;
	if (in->peer == NULL) {
		incoming_give_up(in, "session-gone");
		return;
	}
	log_event(in->env.id, "filing", "reason=%s", in->because);
	incoming_file(in);
}

void
early_late(evutil_socket_t fd, short what, void *arg)
{
	struct intake_server *s = arg;
	int64_t now = deadline_now();
	struct incoming *in;

	(void)fd;
	(void)what;
	while ((in = TAILQ_FIRST(&s->early)) != NULL && in->late <= now)
		file(in);
	set_alarm(s);
}

void
early_stop(struct intake_server *s)
{
	struct incoming *in;

	TAILQ_FOREACH(in, &s->early, in_early)
	if (in->late > 0) {
		in->late = 0;
		in->because = "stopping";
	}
	event_active(s->late, EV_TIMEOUT, 0);
}
