/*
 * mailbox_agents: the pop3-mailbox processes that authd has had started.  In
 * authd, as postrider-auth; asks postriderd for them (msg_spawn.h) and holds
 * the other end of their channels (msg_mailbox.h).  They run as the owners of
 * mailboxes, who may stop or kill them: what does not answer is given up, and
 * none is believed more than concerns its own clients.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/log.h"
#include "common/mailbox_agents.h"
#include "common/msg_spawn.h"

#define SWEEP_EVERY 1     /* seconds between looks at all of them */
#define START_MOST 30000  /* milliseconds until it must run */
#define ANSWER_MOST 10000 /* and until the oldest question is answered */
#define IDLE_MOST 60000   /* that it is kept without a session */
#define GRACE 30000       /* to end when its channel was closed */

/* There is one postriderd. */
static struct peer *master;
static struct event_base *loop;
static struct event *sweeper;
static const struct mailbox_agents_ops *owner;
static LIST_HEAD(, mailbox_agent) agents = LIST_HEAD_INITIALIZER(agents);
static size_t count;
static uint32_t last_serial;

/* Sent now or when there is room; if postriderd is gone, we stop. */
static void
stop_process(uint32_t serial, uint32_t grace)
{
	union msg_spawn m = { .stop = { serial, grace } };

	if (master != NULL)
		(void)peer_post(master, SPAWN_T_STOP, &m, -1); /* see above */
}

/* Forgets it; its line goes to the owner. */
static void
drop(struct mailbox_agent *a, const char *dsn, const char *text)
{
	struct handover_line line = TAILQ_HEAD_INITIALIZER(line);
	char account[LOGIN_MAX + 1];

	if (a->peer != NULL) {
		a->peer->data = NULL;
		peer_close(a->peer);
	}
	LIST_REMOVE(a, link);
	if (--count == 0)
		(void)event_del(sweeper); /* fails for none of its kind */
	TAILQ_CONCAT(&line, &a->line, link);
	strlcpy(account, a->account, sizeof(account));
	free(a);
	owner->gone(&line, account, dsn, text);
}

void
mailbox_agent_breach(struct mailbox_agent *a, const char *what)
{
	log_error("-", "channel=mailbox uid=%u account=%s found=%s",
	    (unsigned int)a->peer->uid, a->account, what);
	stop_process(a->serial, 0);
	drop(a, NULL, NULL);
}

static void
agent_message(struct peer *p, unsigned int type, const void *msg, int fd)
{
	struct mailbox_agent *a = p->data;

	if (fd != -1)
		(void)close(fd); /* none is wanted */
	if (a == NULL)
		return;
	if (fd != -1)
		mailbox_agent_breach(a, "a descriptor");
	else
		owner->message(a, type, msg);
}

/* It may have sessions that go on: only one that has none is in a hurry. */
static void
agent_closed(struct peer *p)
{
	struct mailbox_agent *a = p->data;

	if (a == NULL)
		return; /* we have closed it */
	a->peer = NULL;
	if (a->running == 0)
		stop_process(a->serial, GRACE);
	drop(a, NULL, NULL);
}

static const struct peer_ops agent_ops = { agent_message, agent_closed };

static void
give_up(struct mailbox_agent *a)
{
	log_error("-", "program=pop3-mailbox account=%s wanted=%s found=none",
	    a->account, a->peer == NULL ? "start" : "answer");
	stop_process(a->serial, 0);
	if (a->peer != NULL)
		drop(a, NULL, NULL);
	else
		drop(a, "4.3.0", "the mailbox cannot be opened now");
}

static bool
is_overdue(const struct mailbox_agent *a, int64_t now)
{
	if (a->peer == NULL)
		return now >= a->since + START_MOST;
	return a->unanswered > 0 && now >= a->since + ANSWER_MOST;
}

static bool
is_idle(const struct mailbox_agent *a)
{
	return a->peer != NULL && a->waiting == 0 && a->running == 0;
}

static void
retire(struct mailbox_agent *a)
{
	stop_process(a->serial, GRACE);
	drop(a, NULL, NULL);
}

static void
on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct mailbox_agent *a, *next;
	int64_t now = deadline_now();

	(void)fd;
	(void)what;
	(void)arg;
	LIST_FOREACH_SAFE(a, &agents, link, next)
	{
		if (is_overdue(a, now)) {
			give_up(a);
			return; /* its clients may have moved others */
		}
		if (is_idle(a) && now >= a->since + IDLE_MOST)
			retire(a);
		else if (a->peer != NULL)
			owner->ready(a);
	}
}

static void
started(struct mailbox_agent *a, int fd)
{
	if (fd != -1)
		a->peer = peer_new(
		    loop, fd, &mailbox_channel, MAILBOX_AUTHD, &agent_ops);
	if (a->peer == NULL) {
		if (fd != -1)
			(void)close(fd); /* no memory: it ends */
		drop(a, "4.3.0", "the mailbox cannot be opened now");
		return;
	}
	a->peer->data = a;
	a->since = deadline_now();
	owner->ready(a);
}

static void
master_message(struct peer *p, unsigned int type, const void *msg, int fd)
{
	const union msg_spawn *m = msg;
	uint32_t serial =
	    type == SPAWN_T_STARTED ? m->started.serial : m->failed.serial;
	struct mailbox_agent *a;

	(void)p;
	LIST_FOREACH(a, &agents, link)
	if (a->peer == NULL && a->serial == serial)
		break;
	if (a == NULL || type != SPAWN_T_STARTED) {
		if (fd != -1)
			(void)close(fd); /* too late: it ends */
		if (a != NULL)
			drop(a, m->failed.dsn, m->failed.text);
		return;
	}
	started(a, fd);
}

static void
master_closed(struct peer *p)
{
	(void)p;
	master = NULL;
	(void)event_base_loopbreak(loop); /* postriderd wants us to stop */
}

static const struct peer_ops master_ops = { master_message, master_closed };

bool
mailbox_agents_init(
    struct event_base *base, const struct mailbox_agents_ops *ops)
{
	loop = base;
	owner = ops;
	sweeper = event_new(base, -1, EV_PERSIST, on_sweep, NULL);
	if (sweeper != NULL)
		master = peer_new(
		    base, SPAWN_FD, &spawn_channel, SPAWN_ASKER, &master_ops);
	return master != NULL;
}

static struct mailbox_agent *
start(const char *account, const char *name)
{
	static const struct timeval every = { SWEEP_EVERY, 0 };
	union msg_spawn m = { .start = { .program = SPAWN_MAILBOX } };
	struct mailbox_agent *a;
	bool lost;

	if (master == NULL) {
		errno = ENOTCONN;
		return NULL;
	}
	if ((a = calloc(1, sizeof(*a))) == NULL)
		return NULL;
	a->serial = m.start.serial = ++last_serial;
	strlcpy(m.start.account, account, sizeof(m.start.account));
	/* The answer comes later, and so does that it is lost. */
	lost = !peer_post(master, SPAWN_T_START, &m, -1);
	if (lost || (count == 0 && event_add(sweeper, &every) == -1)) {
		free(a);
		errno = lost ? ENOTCONN : ENOMEM;
		return NULL;
	}
	strlcpy(a->name, name, sizeof(a->name));
	strlcpy(a->account, account, sizeof(a->account));
	TAILQ_INIT(&a->line);
	a->since = deadline_now();
	LIST_INSERT_HEAD(&agents, a, link);
	count++;
	return a;
}

/* The one that has been idle for the longest; false if none is. */
static bool
retire_one(void)
{
	struct mailbox_agent *a, *oldest = NULL;

	LIST_FOREACH(a, &agents, link)
	if (is_idle(a) && (oldest == NULL || a->since < oldest->since))
		oldest = a;
	if (oldest == NULL)
		return false;
	retire(oldest);
	return true;
}

struct mailbox_agent *
mailbox_agent_for(const char *account, size_t most)
{
	const char *name = strchr(account, '@') != NULL ? "" : account;
	struct mailbox_agent *a;

	LIST_FOREACH(a, &agents, link)
	if (strcmp(a->name, name) == 0)
		return a;
	if (count >= most && !retire_one()) {
		errno = EAGAIN;
		return NULL;
	}
	return start(account, name);
}

uint64_t
mailbox_agents_load(void)
{
	const struct mailbox_agent *a;
	uint64_t n = 0;

	LIST_FOREACH(a, &agents, link)
	n += a->running + a->waiting;
	return n;
}
