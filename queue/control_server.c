/*
 * control_server: showing and steering the queue.  In queued, as postrider;
 * talks to the tools of any local user (msg_control.h).  Only root and the
 * queue's own user may do more than look at what they submitted themselves.
 *
 * An answer may be long and its reader slow: it is made piece by piece, as
 * much as the channel takes.
 */
#include <bsd/sys/queue.h>

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/log.h"
#include "common/msg_control.h"
#include "common/server.h"
#include "queue/control_server.h"
#include "queue/control_tool.h"
#include "queue/recovery.h"
#include "queue/spool_id.h"
#include "queue/steer.h"

#define BATCH 64       /* pieces before others have a turn */
#define NOT_YET 10000  /* microseconds until recovery is asked again */
#define TOOLS_ONE 8    /* of one user who is not root */
#define TOOLS_ALL 32   /* of all these; the other places are root's */
#define IDLE_MOST 60   /* seconds without a question */
#define STUCK_MOST 600 /* seconds without reading, in the middle of an answer */

struct control_server {
	struct server server; /* first: a peer leads back to here */
	struct queue *q;
	LIST_HEAD(, tool) tools;
};

bool
tool_is_root(const struct tool *t)
{
	return t->peer->uid == 0 || t->peer->uid == getuid();
}

bool
tool_may_see(const struct tool *t, const struct entry *e)
{
	return tool_is_root(t) ||
	    (e->uid != MSG_NO_UID && e->uid == t->peer->uid);
}

bool
tool_sees_damaged(const struct tool *t, const char *id)
{
	uint64_t size;
	int fd = -1;

	if (tool_is_root(t))
		fd = spool_damaged_reader(t->q->spool, id, &size);
	if (fd != -1)
		(void)close(fd); /* was only looked at */
	return fd != -1;
}

struct entry *
tool_find(const struct tool *t, const char *id)
{
	struct entry *e = schedule_find(t->q->schedule, id);

	if (e != NULL || recovery_done(t->q->recovery))
		return e;
	recovery_look(t->q->recovery, id);
	return schedule_find(t->q->schedule, id);
}

bool
tool_wants(const struct tool *t, const struct envelope *e)
{
	const char *at;

	if (t->domain[0] == '\0')
		return true;
	for (size_t i = 0; i < e->nrcpt; i++)
		if (e->rcpts[i].status == RCPT_QUEUED &&
		    (at = strrchr(env_addr(e, i), '@')) != NULL &&
		    strcasecmp(at + 1, t->domain) == 0)
			return true;
	return false;
}

static void
go_on(void *arg)
{
	struct tool *t = arg;

	if (event_add(t->go, NULL) == -1)
		peer_close(t->peer);
}

enum step
tool_review(struct tool *t, struct entry **e, struct spool_read **r)
{
	uint32_t uid = tool_is_root(t) ? MSG_NO_UID : (uint32_t)t->peer->uid;

	if (t->review == NULL)
		t->review = review_new(t->q, uid, go_on, t);
	if (t->review == NULL)
		return tool_error(t, "out of memory");
	switch (review_next(t->review, e, r)) {
	case REVIEW_ONE:
		return STEP_SENT;
	case REVIEW_WAIT:
		return STEP_WAIT;
	case REVIEW_MORE:
		return STEP_TURN;
	default:
		return STEP_END;
	}
}

enum step
tool_send(struct tool *t, unsigned int type, const void *msg, int fd)
{
	enum chan_result r = chan_send(&t->peer->chan, type, msg, fd, 0);

	if (r == CHAN_OK)
		return STEP_SENT;
	if (r != CHAN_AGAIN)
		peer_close(t->peer);
	return STEP_FULL;
}

enum step
tool_end(struct tool *t)
{
	const struct msg_control_end m = { t->count, t->pending };
	enum step r = tool_send(t, CONTROL_T_END, &m, -1);

	return r == STEP_SENT ? STEP_END : r;
}

enum step
tool_error(struct tool *t, const char *text)
{
	struct msg_control_error m;
	enum step r;

	strlcpy(m.text, text, sizeof(m.text));
	r = tool_send(t, CONTROL_T_ERROR, &m, -1);
	return r == STEP_SENT ? STEP_END : r;
}

static const struct {
	enum step (*step)(struct tool *);
	bool (*may)(const struct tool *); /* NULL: always */
} tasks[] = {
	[TASK_LIST] = { control_list_step, control_list_may },
	[TASK_ACT] = { control_act_step, control_act_may },
	[TASK_STATS] = { control_stats_step, NULL },
	[TASK_DESTS] = { control_dests_step, NULL },
};

static void
on_idle(evutil_socket_t fd, short what, void *arg)
{
	const struct tool *t = arg;

	(void)fd;
	(void)what;
	peer_close(t->peer);
}

/* Something has happened: it may take its time again. */
static void
rest(struct tool *t)
{
	const struct timeval most = {
		.tv_sec = t->task == TASK_NONE ? IDLE_MOST : STUCK_MOST
	};

	if (event_add(t->idle, &most) == -1)
		peer_close(t->peer);
}

/* What the answer has of its own; all else begin() sets. */
static void
forget_answer(struct tool *t)
{
	review_free(t->review);
	t->review = NULL;
	t->read = NULL;
	free(t->pack);
	t->pack = NULL;
	env_free(&t->env);
}

static void
on_go(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval later = { .tv_usec = NOT_YET };
	struct tool *t = arg;
	enum step r = STEP_SENT;

	(void)fd;
	(void)what;
	if (t->peer->dead || t->task == TASK_NONE)
		return;
	if (tasks[t->task].may != NULL && !tasks[t->task].may(t)) {
		if (event_add(t->wait, &later) == -1)
			peer_close(t->peer);
		return;
	}
	for (int i = 0; i < BATCH && r == STEP_SENT; i++)
		r = tasks[t->task].step(t);
	if (r == STEP_END) {
		t->task = TASK_NONE;
		forget_answer(t);
	} else if (r != STEP_WAIT)
		go_on(t);
	rest(t);
}

static void
begin(struct tool *t, enum task task, const char *id, const char *domain)
{
	t->task = task;
	t->since = deadline_now();
	t->count = t->pending = 0;
	t->piece = 0;
	t->behind = t->acted = false;
	t->one = id[0] != '\0';
	strlcpy(t->cursor, id, sizeof(t->cursor));
	strlcpy(t->domain, domain, sizeof(t->domain));
	t->name[0] = '\0';
	go_on(t);
}

static void
refuse(struct tool *t, const char *text)
{
	struct msg_control_error m;

	strlcpy(m.text, text, sizeof(m.text));
	(void)peer_send(t->peer, CONTROL_T_ERROR, &m, -1); /* or it is closed */
}

static void
on_list(struct tool *t, const struct msg_control_list *m)
{
	if (m->id[0] != '\0' && !spool_id_valid(m->id))
		refuse(t, NO_SUCH);
	else if ((m->flags & LIST_CONTENT) != 0 && m->id[0] == '\0')
		refuse(t, "content is shown of one message only");
	else {
		t->flags = m->flags;
		begin(t, TASK_LIST, m->id, m->domain);
	}
}

static void
on_act(struct tool *t, const struct msg_control_act *m)
{
	if (steer_name(m->what) == NULL)
		refuse(t, "no such action");
	else if (!tool_is_root(t)) {
		if (server_may_log(t->peer->server))
			log_event("-", "control",
			    "action=%s uid=%u result=not-allowed",
			    steer_name(m->what), (unsigned int)t->peer->uid);
		refuse(t, "only root may do that");
	} else if (m->id[0] != '\0' && !spool_id_valid(m->id))
		refuse(t, NO_SUCH);
	else {
		t->what = m->what;
		begin(t, TASK_ACT, m->id, m->domain);
	}
}

static void
on_dests(struct tool *t)
{
	if (tool_is_root(t))
		begin(t, TASK_DESTS, "", "");
	else
		refuse(t, "only root may see that");
}

static void
on_message(struct peer *p, unsigned int type, const void *msg, int fd)
{
	struct tool *t = p->data;

	if (fd != -1)
		(void)close(fd); /* none is wanted */
	if (t == NULL)
		return; /* its memory could not be had; the peer is closing */
	if (type == CONTROL_T_LIST)
		on_list(t, msg);
	else if (type == CONTROL_T_ACT)
		on_act(t, msg);
	else if (type == CONTROL_T_STATS)
		begin(t, TASK_STATS, "", "");
	else if (type == CONTROL_T_DESTS)
		on_dests(t);
	rest(t);
}

static void
tool_free(struct tool *t)
{
	if (t->go != NULL)
		event_free(t->go);
	if (t->wait != NULL)
		event_free(t->wait);
	if (t->idle != NULL)
		event_free(t->idle);
	LIST_REMOVE(t, link);
	forget_answer(t);
	free(t);
}

static void
on_closed(struct peer *p)
{
	if (p->data != NULL)
		tool_free(p->data);
}

static void
on_opened(struct peer *p)
{
	struct control_server *s = (struct control_server *)p->server;
	struct tool *t = calloc(1, sizeof(*t));

	if (t == NULL) {
		peer_close(p);
		return;
	}
	LIST_INSERT_HEAD(&s->tools, t, link);
	t->q = s->q;
	t->peer = p;
	env_init(&t->env);
	t->go = event_new(s->q->base, p->chan.fd, EV_WRITE, on_go, t);
	t->wait = event_new(s->q->base, -1, 0, on_go, t);
	t->idle = evtimer_new(s->q->base, on_idle, t);
	p->data = t;
	if (t->go == NULL || t->wait == NULL || t->idle == NULL)
		peer_close(p);
	else
		rest(t);
}

static const struct peer_ops ops = { on_message, on_closed };

/*
 * Anybody may ask; what he is told depends on who he is.  Nobody takes all
 * places away from root.
 */
static bool
allowed(const struct server *s, uid_t uid)
{
	const struct control_server *c = s->data;
	size_t same = 0, all = 0;
	struct tool *t;

	if (uid == 0 || uid == getuid())
		return true;
	LIST_FOREACH(t, &c->tools, link)
	{
		same += t->peer->uid == uid;
		all += t->peer->uid != 0;
	}
	return same < TOOLS_ONE && all < TOOLS_ALL;
}

struct control_server *
control_server_new(struct queue *q, int fd, size_t peers)
{
	struct control_server *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->q = q;
	LIST_INIT(&s->tools);
	s->server.proto = &control_channel;
	s->server.self = CONTROL_SERVER;
	s->server.ops = &ops;
	s->server.allowed = allowed;
	s->server.data = s;
	s->server.opened = on_opened;
	s->server.max = peers;
	if (server_start(&s->server, q->base, fd))
		return s;
	free(s);
	return NULL;
}
