/*
 * queue: what is the whole queue's, and its end.  In queued, as postrider.
 */
#include <time.h>

#include "common/log.h"
#include "queue/agents.h"
#include "queue/dispatch.h"
#include "queue/expand.h"
#include "queue/intake_server.h"
#include "queue/queue.h"

#define STOP_LOOK 20000 /* microseconds between looks whether all is done */

void
queue_expander(const struct queue *q, struct expander *x)
{
	*x = (struct expander){ .tables = q->settings.tables,
		.mail_name = q->settings.mail_name,
		.srs = &q->srs,
		.now = time(NULL) };
}

static void
on_stop_look(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval look = { .tv_usec = STOP_LOOK };
	struct queue *q = arg;
	bool quiet = dispatch_quiet(q->dispatch) &&
	    spool_pending(q->spool) == 0 && intake_server_quiet(q->intake);

	(void)fd;
	(void)what;
	if (!quiet && deadline_now() < q->stop_most &&
	    event_add(q->stop_look, &look) == 0)
		return;
	if (!quiet)
		log_event("-", "stopping", "unanswered=%zu",
		    agents_outstanding(dispatch_agents(q->dispatch)));
	(void)event_base_loopbreak(q->base); /* fails on a bad base only */
}

void
queue_stop(struct queue *q)
{
	if (q->stopping)
		return;
	q->stopping = true;
	q->stop_most = deadline_now() + QUEUE_STOP_MOST * 1000;
	if (q->intake != NULL)
		intake_server_stop(q->intake);
	q->stop_look = event_new(q->base, -1, 0, on_stop_look, q);
	if (q->stop_look == NULL)
		(void)event_base_loopbreak(q->base); /* as above */
	else
		event_active(q->stop_look, EV_TIMEOUT, 0);
}
