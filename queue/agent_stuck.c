/*
 * agent_stuck: agents for hosts that do not answer, when others want their
 * places.  In queued, as postrider.
 *
 * Whoever can make us send mail can make us send it to hosts that accept a
 * connection and say nothing, and each of them may take minutes (RFC 5321
 * section 4.5.3.2).  As long as there are places that harms nobody.  When pools
 * wait for places of the same class, those that have been stuck for longest are
 * given up: their destination is down, which it is for whoever waits.
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "queue/agents_private.h"

#define WATCH_EVERY 500000 /* microseconds, while pools wait */
#define STUCK_NEW 5000     /* ms without a sign of life; and of one that was */
#define STUCK_DOWN 30000   /* down before, so that the slow have a chance */

/* What a class of destinations puts up with. */
static const struct patience {
	uint32_t state;
	int64_t most;
	size_t quarters; /* of the places may be stuck without harm */
} patiences[] = {
	{ DEST_NEW, STUCK_NEW, 1 },
	{ DEST_DOWN, STUCK_DOWN, 0 },
};

static bool
is_stuck(const struct agent *a, const struct patience *p, int64_t now)
{
	return a->pool->dest != NULL && a->pool->dest->state == p->state &&
	    a->peer != NULL && !a->peer->dead && !a->ready && !a->retiring &&
	    a->answers == 0 && a->outstanding > 0 && now >= a->waited + p->most;
}

/* The agent is gone afterwards. */
static void
give_up(struct agent *a)
{
	struct agents *as = a->all;
	struct verdict v = { .diag = DIAG_INIT, .flags = OUTCOME_DOWN };

	(void)diag_set(&v.diag, "4.4.1", "no answer yet, and other mail waits");
	agent_heard_nothing(a, &v);
	agent_defer(a, &v);
	agent_dismiss(as, a->serial, 0);
	peer_close(a->peer);
}

static void
relieve(struct agents *as, const struct patience *p, int64_t now)
{
	size_t most = (size_t)as->q->settings.remote_agents, stuck = 0;
	size_t wanted = as->away.by_who[p->state].waiting;
	size_t kept = most * p->quarters / 4;
	struct agent *a, *next;

	TAILQ_FOREACH(a, &as->list, link)
	stuck += is_stuck(a, p, now);
	/* The list begins with those that were started first. */
	TAILQ_FOREACH_SAFE(a, &as->list, link, next)
	if (wanted > 0 && stuck > kept && is_stuck(a, p, now)) {
		wanted--;
		stuck--;
		give_up(a);
	}
}

static void
on_watch(evutil_socket_t fd, short what, void *arg)
{
	struct agents *as = arg;
	int64_t now = deadline_now();

	(void)fd;
	(void)what;
	for (size_t i = 0; i < sizeof(patiences) / sizeof(patiences[0]); i++)
		relieve(as, &patiences[i], now);
	agents_watch(as);
}

void
agents_watch(struct agents *as)
{
	const struct timeval every = { .tv_usec = WATCH_EVERY };

	if (as->away.by_who[DEST_NEW].waiting == 0 &&
	    as->away.by_who[DEST_DOWN].waiting == 0)
		return;
	if (!event_pending(as->watch, EV_TIMEOUT, NULL) &&
	    event_add(as->watch, &every) == -1)
		log_error("-", "wanted=timer found=%s", strerror(errno));
}

bool
agents_watch_init(struct agents *as)
{
	as->watch = event_new(as->q->base, -1, 0, on_watch, as);
	return as->watch != NULL;
}
