/*
 * control_act: answers to "act": one message, all, or those to a domain are
 * held, released, retried or dropped.  In queued, as postrider; only root and
 * the queue's own user come this far.
 */
#include <string.h>

#include <bsd/string.h>

#include "queue/control_tool.h"
#include "queue/recovery.h"
#include "queue/steer.h"

/* All means all: not only those that are known already. */
bool
control_act_may(const struct tool *t)
{
	return t->one || recovery_done(t->q->recovery);
}

static const char *
act_on(struct tool *t, struct entry *e)
{
	const char *error = NO_SUCH;
	bool pending = false;

	if (e != NULL)
		error = steer(t->q, e, t->what, t->peer->uid, &pending);
	else if (tool_sees_damaged(t, t->cursor))
		error = steer_damaged(t->q, t->cursor, t->what, t->peer->uid);
	t->pending += pending;
	t->count += error == NULL && !pending;
	return error;
}

/* Done once, whatever room there is for the answer. */
static enum step
act_one(struct tool *t)
{
	if (!t->acted)
		t->error = act_on(t, tool_find(t, t->cursor));
	t->acted = true;
	return t->error != NULL ? tool_error(t, t->error) : tool_end(t);
}

static enum step
act_all(struct tool *t)
{
	struct entry *e = schedule_after(t->q->schedule, t->cursor);

	if (e == NULL)
		return tool_end(t);
	strlcpy(t->cursor, entry_id(e).s, sizeof(t->cursor));
	(void)act_on(t, e); /* the log says why not; it is not counted */
	return STEP_SENT;
}

static enum step
act_domain(struct tool *t)
{
	struct spool_read *read;
	struct entry *e;
	enum step r;

	if (t->behind)
		return tool_end(t);
	if ((r = tool_review(t, &e, &read)) == STEP_END) {
		t->behind = true;
		return STEP_SENT;
	}
	if (r == STEP_SENT && read->state == SPOOL_VALID &&
	    tool_wants(t, &read->file.env))
		(void)act_on(t, e); /* as above */
	return r;
}

enum step
control_act_step(struct tool *t)
{
	if (t->one)
		return act_one(t);
	return t->domain[0] != '\0' ? act_domain(t) : act_all(t);
}
