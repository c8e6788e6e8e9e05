/*
 * agent_spawn: starting agents for the daemons that ask.  In postriderd, as
 * root; reads numbers and an account's name from queued and authd
 * (msg_spawn.h), and nothing from the channels that it makes for them.
 */
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/agent_enter.h"
#include "common/agent_spawn.h"
#include "common/log.h"
#include "common/options.h"
#include "common/sock.h"
#include "common/supervise.h"

#define GRACE 30000 /* milliseconds that an agent may outlive its asker */

/* Places beyond the asker's limit: for those that are ending, and reports. */
#define SPARE(limit) ((limit) / 4 + 4)

struct row {
	uint32_t program; /* SPAWN_* */
	const char *name;
	size_t asker;      /* DAEMON_* */
	const char *limit; /* the option that says how many there may be */
	bool session;      /* serves clients, who outlive the asker */
};

/* clang-format off */
static const struct row rows[] = {
	{ SPAWN_LOCAL,		"local",	DAEMON_QUEUED,	"agents",	false },
	{ SPAWN_PIPE,		"pipe",		DAEMON_QUEUED,	"pipe-agents",	false },
	{ SPAWN_BOUNCE,		"bounce",	DAEMON_QUEUED,	"agents",	false },
	{ SPAWN_REMOTE,		"remote",	DAEMON_QUEUED,	"remote-agents",	false },
	{ SPAWN_MAILBOX,	"pop3-mailbox",	DAEMON_AUTHD,	"mailbox-sessions",	true },
};
/* clang-format on */

struct agent {
	struct master *m;
	struct peer *peer; /* who asked; NULL when gone */
	uint32_t serial;
	const struct row *row;
	char account[LOGIN_MAX + 1];
	pid_t pid;
	int job; /* the asker's end of the channel, or -1 */
	int report;
	struct event *readable; /* report is waited for; NULL: answered */
	struct refusal told[2]; /* what came through it */
	size_t got;             /* bytes of told */
	struct event *kill;     /* NULL: it was not asked to end */
	int64_t due;            /* then: deadline_now() when it is killed */
	LIST_ENTRY(agent) link;
};

/* The answer waits for room if need be; job is taken over. */
static void
answer(struct peer *p, uint32_t serial, const struct diag *d, int job)
{
	union msg_spawn m;

	memset(&m, 0, sizeof(m));
	if (d->outcome == OUT_OK) {
		m.started.serial = serial;
		(void)peer_post(
		    p, SPAWN_T_STARTED, &m, job); /* or it is gone */
		return;
	}
	if (job != -1)
		(void)close(job); /* the agent ends */
	m.failed.serial = serial;
	strlcpy(m.failed.dsn, d->dsn, sizeof(m.failed.dsn));
	strlcpy(m.failed.text, d->text, sizeof(m.failed.text));
	(void)peer_post(p, SPAWN_T_FAILED, &m, -1); /* as above */
}

/* What the child said of itself; see agent_enter(). */
static void
judge(const struct agent *a, struct refusal *r)
{
	if (a->got % sizeof(a->told[0]) == 0 && a->got > 0)
		*r = a->told[a->got / sizeof(a->told[0]) - 1];
	else {
		(void)diag_set(&r->diag, "4.3.5", "%s (see the log)",
		    a->account[0] != '\0'
			? "the mailbox cannot be opened"
			: "the mail system is not able to send now");
		strlcpy(
		    r->detail, "wanted=started found=ended", sizeof(r->detail));
	}
}

static void
conclude(struct agent *a)
{
	struct refusal r = REFUSAL_INIT;

	if (a->readable == NULL)
		return;
	event_free(a->readable);
	a->readable = NULL;
	(void)close(a->report); /* read to its end */
	judge(a, &r);
	if (r.diag.outcome != OUT_OK)
		log_error("-", "program=%s account=%s dsn=%s detail=%s",
		    a->row->name, a->account, r.diag.dsn, r.detail);
	if (a->peer != NULL)
		answer(a->peer, a->serial, &r.diag, a->job);
	else if (a->job != -1)
		(void)close(a->job); /* the agent ends */
	a->job = -1;
}

/* The pipe ends when its last writer is gone: at exec or at the end. */
static void
on_report(evutil_socket_t fd, short what, void *arg)
{
	struct agent *a = arg;
	ssize_t n;

	(void)what;
	do {
		n = read(
		    fd, (char *)a->told + a->got, sizeof(a->told) - a->got);
		if (n > 0)
			a->got += (size_t)n;
	} while (n > 0 && a->got < sizeof(a->told));
	if (n != -1 || errno != EAGAIN)
		conclude(a);
}

static void
on_ended(void *arg, pid_t pid, int status)
{
	struct agent *a = arg;
	char how[32];

	if (a->readable != NULL)
		on_report(a->report, EV_READ, a);
	conclude(a);
	if (a->kill != NULL)
		event_free(a->kill);
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGTERM)
		log_error("-", "program=%s pid=%d account=%s how=%s",
		    a->row->name, (int)pid, a->account,
		    child_status_text(status, how, sizeof(how)));
	LIST_REMOVE(a, link);
	free(a);
}

static bool
watch(struct agent *a, int report)
{
	a->report = report;
	a->readable =
	    event_new(a->m->base, report, EV_READ | EV_PERSIST, on_report, a);
	if (a->readable != NULL && event_add(a->readable, NULL) == 0)
		return true;
	if (a->readable != NULL)
		event_free(a->readable);
	return false;
}

static void
close_all(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i] != -1)
			(void)close(fds[i]); /* nothing is lost with them */
}

/* The ends of the channel and of the report: [0] ours, [1] the agent's. */
static bool
open_pipes(int job[2], int report[2])
{
	job[0] = job[1] = report[0] = report[1] = -1;
	return pipe2(report, O_CLOEXEC) == 0 &&
	    fcntl(report[0], F_SETFL, O_NONBLOCK) != -1 && sock_pair(job) == 0;
}

static bool
start(struct agent *a, const struct msg_spawn_start *msg)
{
	int job[2], report[2];

	if (!open_pipes(job, report) || !watch(a, report[0])) {
		close_all(job, 2);
		close_all(report, 2);
		return false;
	}
	a->pid = child_fork(&a->m->children, on_ended, a);
	if (a->pid == 0)
		agent_enter(a->m, a->row->name, msg, job[1], report[1]);
	close_all(&job[1], 1);
	close_all(&report[1], 1);
	a->job = job[0];
	if (a->pid != -1)
		return true;
	event_free(a->readable);
	close_all(&job[0], 1);
	close_all(&report[0], 1);
	return false;
}

static const struct row *
find(uint32_t program, size_t asker)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].program == program && rows[i].asker == asker)
			return &rows[i];
	return NULL;
}

/*
 * Sessions, deliveries here, commands and deliveries elsewhere have limits of
 * their own.  The askers keep them and count an agent until they close its channel, we until
 * its end.
 */
static bool
has_room(struct master *m, const char *limit)
{
	struct agent *a;
	int64_t n = 0, most;

	LIST_FOREACH(a, &m->agents, link)
	n += strcmp(a->row->limit, limit) == 0;
	most = master_number(m, NULL, limit, option_default(limit));
	return n < most + SPARE(most);
}

static void
refuse(struct peer *p, uint32_t serial, const char *what)
{
	struct diag d = DIAG_INIT;

	(void)diag_set(&d, SPAWN_BUSY, "%s", what);
	answer(p, serial, &d, -1);
}

static void
start_or_refuse(struct master *m, struct peer *p, const struct row *row,
    const struct msg_spawn_start *msg)
{
	struct agent *a;

	if (!has_room(m, row->limit)) {
		log_error("-", "program=%s account=%s found=limit-reached",
		    row->name, msg->account);
		refuse(p, msg->serial, "too many at once, try again later");
		return;
	}
	if ((a = calloc(1, sizeof(*a))) != NULL) {
		a->m = m;
		a->peer = p;
		a->serial = msg->serial;
		a->row = row;
		strlcpy(a->account, msg->account, sizeof(a->account));
		if (start(a, msg)) {
			LIST_INSERT_HEAD(&m->agents, a, link);
			return;
		}
	}
	log_error("-", "program=%s wanted=process found=%s", row->name,
	    strerror(errno));
	free(a);
	refuse(p, msg->serial, "no process to be had now");
}

/* What works for nobody is asked for in nobody's name, all else in one. */
static bool
fits(const struct msg_spawn_start *msg)
{
	return msg->account[0] == '\0' ? agent_user(msg->program) != NULL
				       : agent_has_accounts(msg->program);
}

void
agent_spawn(struct master *m, struct peer *p, size_t daemon,
    const struct msg_spawn_start *msg, int fd)
{
	const struct row *row = find(msg->program, daemon);

	if (row != NULL && fd == -1 && fits(msg))
		start_or_refuse(m, p, row, msg);
	else {
		log_error("-", "channel=spawn wanted=own-program found=%u",
		    (unsigned int)msg->program);
		peer_close(p);
	}
	close_all(&fd, 1);
}

static void
on_kill(evutil_socket_t fd, short what, void *arg)
{
	const struct agent *a = arg;

	(void)fd;
	(void)what;
	log_error("-", "program=%s pid=%d account=%s wanted=end found=running",
	    a->row->name, (int)a->pid, a->account);
	(void)kill(a->pid, SIGKILL); /* not reaped, so still it */
}

/* The earlier of two requests holds. */
static void
end_in(struct agent *a, uint32_t grace)
{
	const struct timeval later = { grace / 1000, grace % 1000 * 1000 };
	int64_t due = deadline_now() + grace;

	if (a->kill != NULL && a->due <= due)
		return;
	if (a->kill == NULL)
		a->kill = evtimer_new(a->m->base, on_kill, a);
	a->due = due;
	if (a->kill == NULL || evtimer_add(a->kill, &later) == -1)
		(void)kill(a->pid, SIGKILL); /* rather early than never */
}

void
agent_stop(
    struct master *m, const struct peer *p, const struct msg_spawn_stop *msg)
{
	struct agent *a;

	LIST_FOREACH(a, &m->agents, link)
	if (a->peer == p && a->serial == msg->serial) {
		end_in(a, msg->grace);
		return;
	}
}

void
agent_forget(struct master *m, struct peer *p)
{
	struct agent *a;

	LIST_FOREACH(a, &m->agents, link)
	if (a->peer == p) {
		a->peer = NULL;
		if (!a->row->session)
			end_in(a, GRACE);
	}
}

void
agent_stop_sessions(struct master *m)
{
	struct agent *a;

	LIST_FOREACH(a, &m->agents, link)
	if (a->row->session)
		child_signal(a->pid, SIGTERM);
}

size_t
agent_sessions(const struct master *m)
{
	const struct agent *a;
	size_t n = 0;

	LIST_FOREACH(a, &m->agents, link)
	n += a->row->session;
	return n;
}
