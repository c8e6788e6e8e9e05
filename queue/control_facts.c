/*
 * control_facts: answers to "stats" and "dests".  In queued, as postrider.
 */
#include <string.h>
#include <time.h>

#include <bsd/string.h>

#include "queue/control_item.h"
#include "queue/control_tool.h"
#include "queue/destination.h"
#include "queue/dispatch.h"

enum step
control_stats_step(struct tool *t)
{
	struct msg_control_stat m;
	enum step r;

	if (!control_stat(t->q, t->piece, &m))
		return tool_end(t);
	if ((r = tool_send(t, CONTROL_T_STAT, &m, -1)) == STEP_SENT)
		t->piece++;
	return r;
}

/* Nobody sets a policy for a Unix socket, where there is no TLS. */
static bool
is_usual(const struct queue *q, const struct destination *d)
{
	return (int)d->tls == q->settings.tls || strchr(d->name, '/') != NULL;
}

static void
tell(const struct queue *q, const struct destination *d,
    struct msg_control_dest *m)
{
	struct verdict v = { .diag = DIAG_INIT };
	int64_t left = d->until - deadline_now();

	memset(m, 0, sizeof(*m));
	strlcpy(m->name, d->name, sizeof(m->name));
	if (!is_usual(q, d))
		strlcpy(m->policy, hop_tls_text(d->tls), sizeof(m->policy));
	m->state = d->state;
	m->agents = d->agents;
	m->most = d->window;
	m->waiting = d->waiting + d->outstanding;
	if (d->state != DEST_DOWN)
		return;
	if (left > 0)
		m->next = (uint64_t)(time(NULL) + left / 1000);
	destination_verdict(d, &v);
	strlcpy(m->reason, v.diag.text, sizeof(m->reason));
}

enum step
control_dests_step(struct tool *t)
{
	const struct destinations *all =
	    agents_destinations(dispatch_agents(t->q->dispatch));
	const struct destination *d = destination_after(all, t->name, t->tls);
	struct msg_control_dest m;
	enum step r;

	if (d == NULL)
		return tool_end(t);
	tell(t->q, d, &m);
	if ((r = tool_send(t, CONTROL_T_DEST, &m, -1)) != STEP_SENT)
		return r;
	t->count++;
	strlcpy(t->name, m.name, sizeof(t->name));
	t->tls = d->tls;
	return r;
}
