/*
 * steer: what the administrator does to a message.  In queued; asked by
 * root or by the queue's own user only.
 */
#include <string.h>

#include "common/log.h"
#include "common/msg_control.h"
#include "queue/steer.h"
#include "queue/dispatch.h"
#include "queue/settle.h"

static const char unreadable[] = "its file cannot be read, see the log";

static const char *
load(struct queue *q, const struct entry *entry, struct envelope *e)
{
	struct spool_content c;
	struct spool_fault f;

	return spool_load(q->spool, entry_id(entry).s, e, &c, &f) == SPOOL_VALID
	    ? NULL
	    : unreadable;
}

static const char *
write_hold(struct queue *q, const struct entry *entry, bool held)
{
	struct envelope e;
	const char *error;

	if ((error = load(q, entry, &e)) != NULL)
		return error;
	e.state.held = held;
	spool_put_state(q->spool, &e);
	env_free(&e);
	return NULL;
}

static const char *
hold(struct queue *q, struct entry *entry)
{
	const char *error;

	if (entry->state == ENTRY_HELD)
		return NULL;
	if (entry->state == ENTRY_ACTIVE) {
		entry->hold = true;
		dispatch_cancel(q->dispatch, entry);
		return NULL;
	}
	if ((error = write_hold(q, entry, true)) == NULL)
		schedule_hold(q->schedule, entry);
	return error;
}

static const char *
release(struct queue *q, struct entry *entry)
{
	const char *error;

	if (entry->state != ENTRY_HELD) {
		error = entry->hold ? NULL : "it is not held";
		entry->hold = false;
		return error;
	}
	if ((error = write_hold(q, entry, false)) == NULL)
		schedule_wait(q->schedule, entry, 0);
	return error;
}

static const char *
retry(struct queue *q, struct entry *entry)
{
	if (entry->state == ENTRY_HELD)
		return "it is held: release it first";
	if (entry->state == ENTRY_ACTIVE)
		return NULL; /* it is being tried */
	entry->look = true;
	if (dispatch_look(q->dispatch, entry))
		schedule_now(q->schedule, entry);
	else if (entry->state == ENTRY_WAITING)
		schedule_wait(q->schedule, entry, 0);
	return NULL;
}

static void
drop_rcpts(struct queue *q, struct envelope *e)
{
	for (size_t i = 0; i < e->nrcpt; i++) {
		settle_log_drop(e, i);
		q->counters.dropped += e->rcpts[i].status == RCPT_QUEUED;
	}
}

static const char *
drop(struct queue *q, struct entry *entry)
{
	struct envelope e;
	const char *error;

	if (entry->state == ENTRY_ACTIVE) {
		entry->drop = true;
		dispatch_cancel(q->dispatch, entry);
		return NULL;
	}
	if ((error = load(q, entry, &e)) != NULL)
		return error;
	if (!spool_remove(q->spool, entry_id(entry).s))
		error = "its file cannot be removed, see the log";
	else {
		drop_rcpts(q, &e);
		schedule_remove(q->schedule, entry);
	}
	env_free(&e);
	return error;
}

static const struct {
	const char *name;
	const char *(*act)(struct queue *, struct entry *);
} acts[] = {
	[CONTROL_HOLD] = { "hold", hold },
	[CONTROL_RELEASE] = { "release", release },
	[CONTROL_RETRY] = { "retry", retry },
	[CONTROL_DROP] = { "drop", drop },
};

const char *
steer_name(uint32_t what)
{
	return what < sizeof(acts) / sizeof(acts[0]) ? acts[what].name : NULL;
}

/* Its work goes on after it was cancelled: an agent has it. */
static bool
is_pending(struct queue *q, const char *id, uint32_t what)
{
	const struct entry *e = schedule_find(q->schedule, id);

	return e != NULL && e->state == ENTRY_ACTIVE &&
	    ((what == CONTROL_HOLD && e->hold) ||
		(what == CONTROL_DROP && e->drop));
}

const char *
steer(struct queue *q, struct entry *entry, uint32_t what, uid_t uid,
    bool *pending)
{
	const struct entry_id id = entry_id(entry);
	const char *error;

	error = acts[what].act(q, entry);
	*pending = error == NULL && is_pending(q, id.s, what);
	log_event(id.s, "control", "action=%s uid=%u result=%s",
	    acts[what].name, (unsigned int)uid,
	    error != NULL  ? error
		: *pending ? "being-delivered"
			   : "ok");
	dispatch_kick(q->dispatch);
	return error;
}

const char *
steer_damaged(struct queue *q, const char *id, uint32_t what, uid_t uid)
{
	const char *error = NULL;

	if (what != CONTROL_DROP)
		error = "it is damaged and can only be dropped, see spool(5)";
	else if (!spool_damaged_remove(q->spool, id))
		error = CONTROL_NO_SUCH;
	log_event(id, "control", "action=%s uid=%u result=%s", acts[what].name,
	    (unsigned int)uid, error != NULL ? error : "ok");
	return error;
}
