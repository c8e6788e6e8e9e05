/*
 * review: all messages that are known, with their envelopes.  In queued, as
 * postrider.
 *
 * Of some batches one is looked at while the others are read.  A message may go
 * or change between the two: what the schedule knows of it is asked for at the
 * last moment, and an envelope that could not be read, perhaps because it was
 * just being written to, is read once more.
 */
#include <string.h>

#include "queue/review.h"

#define BATCHES 4
#define LOOKS 512 /* entries that are passed over in one go */
#define GOES 4

enum part_state { PART_FREE, PART_READ, PART_READY };

struct part {
	struct review *review;
	struct spool_batch *batch;
	enum part_state state;
};

struct review {
	struct queue *q;
	uint32_t uid;
	void (*ready)(void *);
	void *arg;
	struct entry_id last; /* that was asked for */
	bool all_asked;
	bool waiting; /* ready() is expected */
	struct part parts[BATCHES];
	unsigned int now; /* the part that is looked at */
	size_t next;      /* in it */
};

static void
on_read(void *arg, int error)
{
	struct part *p = arg;
	struct review *v = p->review;

	(void)error; /* each message has its own */
	p->state = PART_READY;
	if (v->waiting && p == &v->parts[v->now]) {
		v->waiting = false;
		v->ready(v->arg);
	}
}

/* Fills a batch with the messages that come next. */
static void
fill(struct review *v, struct spool_batch *b)
{
	struct entry *e;

	for (int i = 0; i < LOOKS; i++) {
		e = schedule_after(v->q->schedule, v->last.s);
		if (e == NULL) {
			v->all_asked = true;
			return;
		}
		if ((v->uid == MSG_NO_UID || e->uid == v->uid) &&
		    !spool_batch_add(b, entry_id(e).s))
			return;
		v->last = entry_id(e);
	}
}

static void
ask(struct review *v, struct part *p)
{
	if (p->state != PART_FREE || v->all_asked)
		return;
	fill(v, p->batch);
	/* Without memory for the question they are read one by one. */
	if (p->batch->n > 0 && spool_batch_read(p->batch, on_read, p))
		p->state = PART_READ;
	else
		p->state = PART_READY;
}

struct review *
review_new(struct queue *q, uint32_t uid, void (*ready)(void *), void *arg)
{
	struct review *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return NULL;
	v->q = q;
	v->uid = uid;
	v->ready = ready;
	v->arg = arg;
	for (size_t i = 0; i < BATCHES; i++) {
		v->parts[i].review = v;
		v->parts[i].batch = spool_batch_new(q->spool);
		if (v->parts[i].batch != NULL)
			continue;
		review_free(v);
		return NULL;
	}
	return v;
}

void
review_free(struct review *v)
{
	if (v == NULL)
		return;
	for (size_t i = 0; i < BATCHES; i++)
		if (v->parts[i].batch != NULL)
			spool_batch_free(v->parts[i].batch);
	free(v);
}

/* Perhaps it was being written to, or is in memory now. */
static void
read_again(struct review *v, struct spool_read *r)
{
	if (r->state != SPOOL_VALID)
		r->state = spool_load(v->q->spool, r->id, &r->file.env,
		    &r->file.content, &r->file.fault);
}

/* The next of the part that is looked at, which was read; NULL at its end. */
static struct entry *
next_of_part(struct review *v, struct spool_read **r)
{
	struct spool_batch *b = v->parts[v->now].batch;
	struct entry *e;

	while (v->next < b->n) {
		*r = &b->at[v->next++];
		if ((e = schedule_find(v->q->schedule, (*r)->id)) == NULL)
			continue;
		read_again(v, *r);
		return e;
	}
	spool_batch_clear(b);
	v->parts[v->now].state = PART_FREE;
	v->now = (v->now + 1) % BATCHES;
	v->next = 0;
	return NULL;
}

enum review_answer
review_next(struct review *v, struct entry **e, struct spool_read **r)
{
	for (int go = 0; go < GOES; go++) {
		for (unsigned int i = 0; i < BATCHES; i++)
			ask(v, &v->parts[(v->now + i) % BATCHES]);
		switch (v->parts[v->now].state) {
		case PART_FREE:
			return REVIEW_END;
		case PART_READ:
			v->waiting = true;
			return REVIEW_WAIT;
		default:
			if ((*e = next_of_part(v, r)) != NULL)
				return REVIEW_ONE;
		}
	}
	return REVIEW_MORE;
}
