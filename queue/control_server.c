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
#include <unistd.h>

#include <bsd/string.h>

#include "common/log.h"
#include "common/msg_control.h"
#include "common/server.h"
#include "queue/steer.h"
#include "queue/control_item.h"
#include "queue/control_server.h"
#include "queue/recovery.h"
#include "queue/spool_id.h"

#define BATCH 64       /* pieces before others have a turn */
#define NOT_YET 10000  /* microseconds until recovery is asked again */
#define TOOLS_ONE 8    /* of one user who is not root */
#define TOOLS_ALL 32   /* of all these; the other places are root's */
#define IDLE_MOST 60   /* seconds without a question */
#define STUCK_MOST 600 /* seconds without reading, in the middle of an answer */
#define NO_SUCH CONTROL_NO_SUCH

struct control_server {
	struct server server; /* first: a peer leads back to here */
	struct queue *q;
	LIST_HEAD(, tool) tools;
};

enum task { TASK_NONE, TASK_LIST, TASK_ACT, TASK_STATS };

/* One tool, and how far its answer is. */
struct tool {
	LIST_ENTRY(tool) link;
	struct queue *q;
	struct peer *peer;
	struct event *go;   /* when the channel has room */
	struct event *wait; /* after a while */
	struct event *idle; /* nothing has happened for long */
	enum task task;
	uint32_t flags, what;
	bool one;                /* a single id was given */
	char cursor[ID_MAX + 1]; /* the last message done with */
	bool acted;              /* on the single id */
	const char *error;       /* what came of it */
	bool damaged;            /* behind the last: those set aside */
	uint32_t count, pending;
	size_t piece;        /* the recipient, or statistic, that is next */
	struct envelope env; /* whose recipients are being sent */
};

/* A piece is sent, there is no room for it, or it was the last. */
enum step { STEP_SENT, STEP_FULL, STEP_END };

static bool
may_do_all(const struct tool *t)
{
	return t->peer->uid == 0 || t->peer->uid == getuid();
}

static bool
may_see(const struct tool *t, const struct entry *e)
{
	return may_do_all(t) ||
	    (e->uid != MSG_NO_UID && e->uid == t->peer->uid);
}

static enum step
send_piece(struct tool *t, unsigned int type, const void *msg, int fd)
{
	enum chan_result r = chan_send(&t->peer->chan, type, msg, fd, 0);

	if (r == CHAN_OK)
		return STEP_SENT;
	if (r != CHAN_AGAIN)
		peer_close(t->peer);
	return STEP_FULL;
}

static enum step
send_end(struct tool *t)
{
	struct msg_control_end m = { t->count, t->pending };

	return send_piece(t, CONTROL_T_END, &m, -1) == STEP_SENT ? STEP_END
								 : STEP_FULL;
}

static enum step
send_error(struct tool *t, const char *text)
{
	struct msg_control_error m;

	strlcpy(m.text, text, sizeof(m.text));
	return send_piece(t, CONTROL_T_ERROR, &m, -1) == STEP_SENT ? STEP_END
								   : STEP_FULL;
}

static enum step
send_rcpt(struct tool *t)
{
	struct msg_control_rcpt m;
	enum step r;

	m.status = (unsigned char)t->env.rcpts[t->piece].status;
	strlcpy(m.addr, env_addr(&t->env, t->piece), sizeof(m.addr));
	if ((r = send_piece(t, CONTROL_T_RCPT, &m, -1)) == STEP_SENT &&
	    ++t->piece == t->env.nrcpt)
		env_free(&t->env);
	return r;
}

static void
done_with(struct tool *t, const char *id)
{
	strlcpy(t->cursor, id, sizeof(t->cursor));
	t->count++;
}

static enum step
send_item(struct tool *t, const struct entry *e)
{
	struct msg_control_item m;
	enum step r;
	int fd = -1;

	if (!control_item(t->q, e, &t->env, &m)) {
		/* It cannot be read now; the log says why. */
		strlcpy(t->cursor, entry_id(e).s, sizeof(t->cursor));
		return STEP_SENT;
	}
	if ((t->flags & LIST_CONTENT) != 0)
		fd = spool_reader(t->q->spool, entry_id(e).s);
	r = send_piece(t, CONTROL_T_ITEM, &m, fd);
	if (fd != -1)
		(void)close(fd); /* was only read */
	t->piece = 0;
	if (r == STEP_SENT)
		done_with(t, entry_id(e).s);
	if (r != STEP_SENT || (t->flags & LIST_RCPTS) == 0)
		env_free(&t->env);
	return r;
}

static enum step
send_damaged(struct tool *t, const char *id)
{
	struct msg_control_item m;
	int fd = control_damaged(t->q, id, &m);
	bool pass = fd != -1 && (t->flags & LIST_CONTENT) != 0;
	enum step r;

	r = send_piece(t, CONTROL_T_ITEM, &m, pass ? fd : -1);
	if (fd != -1)
		(void)close(fd); /* was only read */
	if (r == STEP_SENT)
		done_with(t, id);
	return r;
}

static bool
is_damaged(const struct tool *t, const char *id)
{
	uint64_t size;
	int fd = -1;

	if (may_do_all(t))
		fd = spool_damaged_reader(t->q->spool, id, &size);
	if (fd != -1)
		(void)close(fd); /* was only looked at */
	return fd != -1;
}

/* The one message that was asked for, or the end behind it. */
static enum step
list_one(struct tool *t)
{
	struct entry *e = schedule_find(t->q->schedule, t->cursor);

	if (t->count > 0)
		return send_end(t);
	if (e != NULL && may_see(t, e)) {
		if (send_item(t, e) == STEP_FULL)
			return STEP_FULL;
		return t->count > 0 ? STEP_SENT : send_error(t, NO_SUCH);
	}
	if (is_damaged(t, t->cursor))
		return send_damaged(t, t->cursor);
	return send_error(t, NO_SUCH);
}

/* The next of all, or the end behind them. */
static enum step
list_next(struct tool *t)
{
	char id[ID_MAX + 1];
	struct entry *e;

	if (!t->damaged) {
		e = schedule_after(t->q->schedule, t->cursor);
		if (e != NULL && may_see(t, e))
			return send_item(t, e);
		if (e != NULL) {
			strlcpy(t->cursor, entry_id(e).s, sizeof(t->cursor));
			return STEP_SENT;
		}
		t->damaged = true;
		t->cursor[0] = '\0';
	}
	if (may_do_all(t) && spool_damaged_after(t->q->spool, t->cursor, id))
		return send_damaged(t, id);
	return send_end(t);
}

static enum step
list_step(struct tool *t)
{
	if (t->env.nrcpt > 0)
		return send_rcpt(t);
	return t->one ? list_one(t) : list_next(t);
}

static const char *
act_on(struct tool *t, struct entry *e)
{
	const char *error = NO_SUCH;
	bool pending = false;

	if (e != NULL)
		error = steer(t->q, e, t->what, t->peer->uid, &pending);
	else if (is_damaged(t, t->cursor))
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
		t->error = act_on(t, schedule_find(t->q->schedule, t->cursor));
	t->acted = true;
	return t->error != NULL ? send_error(t, t->error) : send_end(t);
}

static enum step
act_step(struct tool *t)
{
	struct entry *e;

	if (t->one)
		return act_one(t);
	if ((e = schedule_after(t->q->schedule, t->cursor)) == NULL)
		return send_end(t);
	strlcpy(t->cursor, entry_id(e).s, sizeof(t->cursor));
	(void)act_on(t, e); /* the log says why not; it is not counted */
	return STEP_SENT;
}

static enum step
stats_step(struct tool *t)
{
	struct msg_control_stat m;
	enum step r;

	if (!control_stat(t->q, t->piece, &m))
		return send_end(t);
	if ((r = send_piece(t, CONTROL_T_STAT, &m, -1)) == STEP_SENT)
		t->piece++;
	return r;
}

static enum step
step(struct tool *t)
{
	if (t->task == TASK_LIST)
		return list_step(t);
	return t->task == TASK_ACT ? act_step(t) : stats_step(t);
}

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

static void
on_go(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval later = { .tv_usec = NOT_YET };
	struct tool *t = arg;
	enum step r = STEP_SENT;

	(void)fd;
	(void)what;
	if (t->peer->dead)
		return;
	if (!recovery_done(t->q->recovery) && t->task != TASK_STATS) {
		if (event_add(t->wait, &later) == -1)
			peer_close(t->peer);
		return;
	}
	for (int i = 0; i < BATCH && r == STEP_SENT; i++)
		r = step(t);
	if (r == STEP_END)
		t->task = TASK_NONE;
	else if (event_add(t->go, NULL) == -1)
		peer_close(t->peer);
	rest(t);
}

static void
begin(struct tool *t, enum task task, const char *id)
{
	t->task = task;
	t->count = t->pending = 0;
	t->piece = 0;
	t->damaged = t->acted = false;
	t->one = id[0] != '\0';
	strlcpy(t->cursor, id, sizeof(t->cursor));
	if (event_add(t->go, NULL) == -1)
		peer_close(t->peer);
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
		begin(t, TASK_LIST, m->id);
	}
}

static void
on_act(struct tool *t, const struct msg_control_act *m)
{
	if (steer_name(m->what) == NULL)
		refuse(t, "no such action");
	else if (!may_do_all(t)) {
		if (server_may_log(t->peer->server))
			log_event("-", "control",
			    "action=%s uid=%u result=not-allowed",
			    steer_name(m->what), (unsigned int)t->peer->uid);
		refuse(t, "only root may do that");
	} else if (m->id[0] != '\0' && !spool_id_valid(m->id))
		refuse(t, NO_SUCH);
	else {
		t->what = m->what;
		begin(t, TASK_ACT, m->id);
	}
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
		begin(t, TASK_STATS, "");
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
	env_free(&t->env);
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
