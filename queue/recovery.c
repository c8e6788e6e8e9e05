/*
 * recovery: finds what is in the spool.  In queued, as postrider.  What it
 * meets and what it does is the table in spool(5); a crash in the middle
 * changes nothing, the next start begins again.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "common/log.h"
#include "queue/control_server.h"
#include "queue/dispatch.h"
#include "queue/intake_server.h"
#include "queue/recovery.h"
#include "queue/spool_read.h"

#define NAMES 256       /* looked at before other events have a turn */
#define BATCHES 8       /* some are read while others are taken in */
#define AGAIN_MOST 3600 /* seconds between two rounds */
#define AGAIN_LEAST 60
#define MEMORY_WAIT 1 /* seconds until a round that could not begin */

enum part_state { PART_FREE, PART_READ };

struct part {
	struct recovery *recovery;
	struct spool_batch *batch;
	enum part_state state;
};

struct recovery {
	struct queue *q;
	struct spool_walk *walk; /* NULL between rounds */
	struct event *step;
	struct part parts[BATCHES];
	bool all_named;                 /* the walk is at its end */
	bool done;                      /* one round at least */
	size_t found, removed, damaged; /* in this round */
};

bool
recovery_done(const struct recovery *r)
{
	return r->done;
}

int64_t
recovery_wait(const struct retry_policy *p, uint32_t attempts, int64_t since,
    uint32_t chance)
{
	int64_t delay;

	if (attempts == 0)
		return 0;
	delay = retry_delay(p, attempts);
	if (since < delay)
		return (delay - (since > 0 ? since : 0)) * 1000;
	if (delay > p->first)
		delay = p->first;
	return delay * 1000 * (chance & 1023) / 1024;
}

static void
take(struct recovery *r, const struct spool_read *f)
{
	struct queue *q = r->q;
	int64_t wait =
	    recovery_wait(&q->settings.retry, f->file.env.state.attempts,
		time(NULL) - f->file.written, arc4random());

	r->found++;
	/* The next round finds again what there is no memory for. */
	if (!dispatch_found(q->dispatch, &f->file.env, deadline_now() + wait))
		log_error(f->id, "wanted=memory found=none");
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

/* Known, or being written by a session or for an alias. */
static bool
is_known(const struct recovery *r, const char *id)
{
	const struct queue *q = r->q;

	return schedule_find(q->schedule, id) != NULL ||
	    intake_server_has(q->intake, id) || spool_is_copying(q->spool, id);
}

/* A file of which nobody in this process knew; nor does anybody touch it. */
static void
judge(struct recovery *r, const struct spool_read *f)
{
	struct queue *q = r->q;

	switch (f->state) {
	case SPOOL_VALID:
		take(r, f);
		break;
	case SPOOL_INCOMPLETE:
		incomplete(r, f->id);
		break;
	case SPOOL_DAMAGED:
		spool_set_aside(q->spool, f->id, &f->file.fault);
		r->damaged++;
		break;
	case SPOOL_FAILED:
		log_error(
		    f->id, "wanted=readable found=%s", strerror(f->error));
		break;
	case SPOOL_ALIEN: /* has been logged */
	case SPOOL_GONE:
		break;
	}
}

/*
 * What is known now was made known alone, by recovery_look(); a file that is
 * in nobody's hands when its name is read can come into nobody's later.
 */
static void
on_read(void *arg, int error)
{
	struct part *p = arg;
	struct recovery *r = p->recovery;

	(void)error; /* each file has its own */
	for (size_t i = 0; i < p->batch->n; i++)
		if (!is_known(r, p->batch->at[i].id))
			judge(r, &p->batch->at[i]);
	spool_batch_clear(p->batch);
	p->state = PART_FREE;
	event_active(r->step, EV_TIMEOUT, 0);
}

void
recovery_look(struct recovery *r, const char *id)
{
	struct spool_read f = { .state = SPOOL_GONE };

	if (is_known(r, id))
		return;
	strlcpy(f.id, id, sizeof(f.id));
	f.state = spool_load(
	    r->q->spool, id, &f.file.env, &f.file.content, &f.file.fault);
	f.error = errno;
	if (f.state != SPOOL_VALID)
		return; /* its round will say so */
	take(r, &f);
	env_free(&f.file.env);
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
	for (size_t i = 0; i < BATCHES; i++) {
		spool_batch_free(r->parts[i].batch);
		r->parts[i].batch = NULL;
	}
	if (!r->done || r->found + r->removed + r->damaged > 0)
		log_event("-", "recovered",
		    "messages=%zu removed=%zu damaged=%zu", r->found,
		    r->removed, r->damaged);
	r->done = true;
	r->found = r->removed = r->damaged = 0;
	look_again(r, round_seconds(r));
}

/* Adds names that nobody knows to a batch; false: it is not full yet. */
static bool
fill(struct recovery *r, struct spool_batch *b, int *names)
{
	char id[ID_MAX + 1];

	while (b->n < SPOOL_BATCH) {
		if (r->all_named || (*names)-- <= 0)
			return false;
		if (!spool_walk_next(r->walk, id))
			r->all_named = true;
		else if (!is_known(r, id))
			(void)spool_batch_add(b, id); /* it has room */
	}
	return true;
}

/* The thread gets all batches that are full, or will not be. */
static void
ask(struct recovery *r, int *names)
{
	for (size_t i = 0; i < BATCHES; i++) {
		struct part *p = &r->parts[i];

		if (p->state == PART_READ ||
		    (!fill(r, p->batch, names) && !r->all_named) ||
		    p->batch->n == 0)
			continue;
		p->state = PART_READ;
		if (!spool_batch_read(p->batch, on_read, p)) {
			log_error("-", "wanted=memory found=none");
			spool_batch_clear(p->batch); /* for the next round */
			p->state = PART_FREE;
		}
	}
}

static bool
is_reading(const struct recovery *r)
{
	for (size_t i = 0; i < BATCHES; i++)
		if (r->parts[i].state == PART_READ)
			return true;
	return false;
}

static bool
begin_round(struct recovery *r)
{
	for (size_t i = 0; i < BATCHES; i++) {
		r->parts[i].recovery = r;
		if (r->parts[i].batch == NULL)
			r->parts[i].batch = spool_batch_new(r->q->spool);
		if (r->parts[i].batch == NULL)
			return false;
	}
	r->all_named = false;
	r->walk = spool_walk_new(r->q->spool, true);
	return r->walk != NULL;
}

static void
on_step(evutil_socket_t fd, short what, void *arg)
{
	struct recovery *r = arg;
	int names = NAMES;

	(void)fd;
	(void)what;
	if (r->walk == NULL && !begin_round(r)) {
		log_error("-", "wanted=memory found=none");
		look_again(r, MEMORY_WAIT);
		return;
	}
	ask(r, &names);
	if (names <= 0 && !r->all_named)
		event_active(r->step, EV_TIMEOUT, 0);
	else if (is_reading(r))
		return; /* on_read() goes on */
	else if (r->all_named)
		end_round(r);
	else
		look_again(r, MEMORY_WAIT);
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
