/*
 * shutdown: the order in which a suite stops.  In postriderd, as root; sends
 * signals only to children that it has not yet waited for.
 */
#include <signal.h>
#include <stdlib.h>

#include "common/agent_spawn.h"
#include "common/log.h"
#include "common/shutdown.h"

#define TICK_MS 20

/* What is let go of, when that is done, and how long it may take. */
struct phase {
	void (*begin)(struct shutdown *);
	bool (*done)(const struct shutdown *);
	int64_t seconds;
};

static void
begin_sessions(struct shutdown *s)
{
	drop_pickup_close(s->drop);
	submit_close(s->submit, s->run_dir);
	supervise_unlink(s->run_dir);
	submit_stop_sessions(s->submit);
	agent_stop_sessions(s->m);
	supervise_stop(&s->daemons[DAEMON_AUTHD]);
	supervise_stop(&s->daemons[DAEMON_TLSD]);
}

/* Only queued and what it has asked for are left. */
static bool
sessions_done(const struct shutdown *s)
{
	return s->daemons[DAEMON_AUTHD].pid == 0 &&
	    s->daemons[DAEMON_TLSD].pid == 0 && agent_sessions(s->m) == 0 &&
	    submit_sessions(s->submit) == 0;
}

static void
begin_queue(struct shutdown *s)
{
	supervise_stop(&s->daemons[DAEMON_QUEUED]);
	supervise_stop(&s->daemons[DAEMON_DNSD]); /* nothing new is asked */
	supervise_stop(&s->daemons[DAEMON_MAPD]); /* by any of them */
}

static bool
all_done(const struct shutdown *s)
{
	return s->m->children.count == 0;
}

static void
begin_kill(struct shutdown *s)
{
	if (s->m->children.count > 0)
		log_error("-", "children=%zu wanted=ended found=killed",
		    s->m->children.count);
	children_signal(&s->m->children, SIGKILL);
}

static const struct phase phases[] = {
	{ begin_sessions, sessions_done, 5 },
	{ begin_queue, all_done, 10 },
	{ begin_kill, all_done, 2 },
};

static void
tick(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval soon = { 0, TICK_MS * 1000 };
	struct shutdown *s = arg;

	(void)fd;
	(void)what;
	while (phases[s->phase].done(s) || deadline_left(s->until) == 0) {
		if (++s->phase == sizeof(phases) / sizeof(phases[0])) {
			(void)event_base_loopbreak(s->m->base);
			return;
		}
		s->until = deadline_in(phases[s->phase].seconds);
		phases[s->phase].begin(s);
	}
	if (evtimer_add(s->tick, &soon) == -1)
		(void)event_base_loopbreak(s->m->base); /* no memory left */
}

static void
on_signal(evutil_socket_t sig, short what, void *arg)
{
	struct shutdown *s = arg;

	(void)what;
	if (s->phase != -1)
		return; /* it is under way */
	log_event("-", "stopping", "signal=%d", (int)sig);
	s->phase = 0;
	s->until = deadline_in(phases[0].seconds);
	phases[0].begin(s);
	tick(-1, 0, s);
}

bool
shutdown_watch(struct shutdown *s)
{
	static const int signals[] = { SIGTERM, SIGINT };
	struct event *e;

	s->phase = -1;
	if ((s->tick = evtimer_new(s->m->base, tick, s)) == NULL)
		return false;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		e = evsignal_new(s->m->base, signals[i], on_signal, s);
		if (e == NULL || event_add(e, NULL) == -1)
			return false;
	}
	return true;
}
