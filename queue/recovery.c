/*
 * recovery: finds what is in the spool.  In queued, as postrider.  What it
 * meets and what it does is the table in spool(5); a crash in the middle
 * changes nothing, the next start begins again.
 */
#include <errno.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "common/log.h"
#include "queue/control_server.h"
#include "queue/dispatch.h"
#include "queue/intake_server.h"
#include "queue/recovery.h"

#define BATCH 100       /* files before other events have a turn */
#define AGAIN_MOST 3600 /* seconds between two rounds */
#define AGAIN_LEAST 60
#define MEMORY_WAIT 1 /* seconds until a round that could not begin */

struct recovery {
	struct queue *q;
	struct spool_walk *walk; /* NULL between rounds */
	struct event *step;
	bool done;                      /* one round at least */
	size_t found, removed, damaged; /* in this round */
};

bool
recovery_done(const struct recovery *r)
{
	return r->done;
}

int64_t
recovery_wait(const struct retry_policy *p, uint32_t attempts, uint32_t chance)
{
	int64_t delay;

	if (attempts == 0)
		return 0;
	delay = retry_delay(p, attempts);
	if (delay > p->first)
		delay = p->first;
	return delay * 1000 * (chance & 1023) / 1024;
}

static void
take(struct recovery *r, struct envelope *e)
{
	struct queue *q = r->q;
	int64_t wait =
	    recovery_wait(&q->settings.retry, e->state.attempts, arc4random());

	r->found++;
	/* The next round finds again what there is no memory for. */
	if (!dispatch_found(q->dispatch, e, deadline_now() + wait))
		log_error(e->id, "wanted=memory found=none");
}

static void
incomplete(struct recovery *r, const char *id)
{
	if (spool_age(r->q->spool, id) < r->q->settings.incomplete)
		return;
	log_event(id, "removed", "reason=never-completed");
	spool_abort(r->q->spool, id);
	r->removed++;
}

static void
look(struct recovery *r, const char *id)
{
	struct queue *q = r->q;
	struct spool_content c;
	struct spool_fault f;
	struct envelope e;

	/* Known, or being written by a session or for an alias. */
	if (schedule_find(q->schedule, id) != NULL ||
	    intake_server_has(q->intake, id) || spool_is_copying(q->spool, id))
		return;
	switch (spool_load(q->spool, id, &e, &c, &f)) {
	case SPOOL_VALID:
		take(r, &e);
		env_free(&e);
		break;
	case SPOOL_INCOMPLETE:
		incomplete(r, id);
		break;
	case SPOOL_DAMAGED:
		spool_set_aside(q->spool, id, &f);
		r->damaged++;
		break;
	case SPOOL_FAILED:
		log_error(id, "wanted=readable found=%s", strerror(errno));
		break;
	case SPOOL_ALIEN: /* has been logged */
	case SPOOL_GONE:
		break;
	}
}

static int64_t
round_seconds(const struct recovery *r)
{
	int64_t s = r->q->settings.incomplete / 2;

	if (s < AGAIN_LEAST)
		return AGAIN_LEAST;
	return s < AGAIN_MOST ? s : AGAIN_MOST;
}

static void
look_again(struct recovery *r, int64_t seconds)
{
	const struct timeval again = { .tv_sec = seconds };

	if (event_add(r->step, &again) == -1)
		log_error("-", "wanted=timer found=%s", strerror(errno));
}

static void
end_round(struct recovery *r)
{
	spool_walk_free(r->walk);
	r->walk = NULL;
	if (!r->done || r->found + r->removed + r->damaged > 0)
		log_event("-", "recovered",
		    "messages=%zu removed=%zu damaged=%zu", r->found,
		    r->removed, r->damaged);
	r->done = true;
	r->found = r->removed = r->damaged = 0;
	look_again(r, round_seconds(r));
}

static void
on_step(evutil_socket_t fd, short what, void *arg)
{
	struct recovery *r = arg;
	char id[ID_MAX + 1];

	(void)fd;
	(void)what;
	if (r->walk == NULL &&
	    (r->walk = spool_walk_new(r->q->spool, true)) == NULL) {
		log_error("-", "wanted=memory found=none");
		look_again(r, MEMORY_WAIT);
		return;
	}
	for (int i = 0; i < BATCH; i++) {
		if (!spool_walk_next(r->walk, id)) {
			end_round(r);
			return;
		}
		look(r, id);
	}
	event_active(r->step, EV_TIMEOUT, 0);
}

struct recovery *
recovery_new(struct queue *q)
{
	struct recovery *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->q = q;
	r->step = event_new(q->base, -1, 0, on_step, r);
	if (r->step == NULL) {
		free(r);
		return NULL;
	}
	event_active(r->step, EV_TIMEOUT, 0);
	return r;
}
