/*
 * mailbox_pool: the process that takes clients for mailboxes.  In pop3-mailbox,
 * as the owner of the mailboxes; talks to authd (msg_mailbox.h), forks a child
 * for each client, without exec, and looks after them.  Must never read a byte
 * of a client or of a mailbox, so that the children, who start as its copies,
 * know nothing of each other's.
 */
#include <sys/queue.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/log.h"
#include "pop3d/mailbox_pool.h"

#define ANSWER_WAIT 5 /* seconds that authd may take to make room */
#define GATHER 100    /* ms in which ended children are looked at once */
/*
 * Children of one account: one has the mailbox, others wait for it or are on
 * their way out.  Nobody can fill all places with what waits for a lock.
 */
#define SAME 8
#define CHAINS 1024 /* a power of 2 */

struct child {
	pid_t pid;
	LIST_ENTRY(child) link, same;
	char account[LOGIN_MAX + 1];
};

LIST_HEAD(children, child);

struct pool {
	struct chan *chan;
	struct mailbox_place *place;
	struct children children;
	struct children by_account[CHAINS]; /* the same, in chains */
	uint32_t running, told; /* children, and how many authd knows of */
	int64_t reaped;         /* deadline_now() when they were looked at */
	sigset_t awake;         /* signals while it waits for nothing else */
	int status;             /* to end with */
};

static volatile sig_atomic_t ended; /* a child has, and it was not looked at */

static void
on_signal(int sig)
{
	(void)sig;
	ended = 1;
}

/* SIGCHLD comes in only while waiting in ppoll(). */
static void
set_signals(struct pool *p)
{
	struct sigaction sa = { .sa_handler = on_signal };
	sigset_t block;

	/* None of these fails with valid arguments. */
	(void)sigemptyset(&block);
	(void)sigaddset(&block, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &block, &p->awake);
	(void)sigaction(SIGCHLD, &sa, NULL);
	(void)sigdelset(&p->awake, SIGCHLD);
}

static void
forget(struct pool *p, pid_t pid, int status)
{
	struct child *c;

	LIST_FOREACH(c, &p->children, link)
	if (c->pid == pid)
		break;
	if (c == NULL)
		return;
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGTERM)
		log_error("-",
		    "program=pop3-mailbox pid=%d account=%s how=signal-%d",
		    (int)pid, c->account, WTERMSIG(status));
	LIST_REMOVE(c, link);
	LIST_REMOVE(c, same);
	free(c);
	p->running--;
}

static void
reap(struct pool *p)
{
	int status;
	pid_t pid;

	ended = 0;
	p->reaped = deadline_now();
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		forget(p, pid, status);
}

static struct children *
chain_of(struct pool *p, const char *account)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (; *account != '\0'; account++)
		h = (h ^ (unsigned char)*account) * 16777619u;
	return &p->by_account[(h ^ h >> 16) % CHAINS];
}

static unsigned int
running_for(struct pool *p, const char *account)
{
	unsigned int n = 0;
	struct child *c;

	LIST_FOREACH(c, chain_of(p, account), same)
	n += strcmp(c->account, account) == 0;
	return n;
}

/* Those that have ended are not counted, however short a time ago. */
static bool
is_crowded(struct pool *p, const char *account)
{
	if (running_for(p, account) < SAME)
		return false;
	reap(p);
	return running_for(p, account) >= SAME;
}

/* authd believes that more run than do. */
static bool
is_due(const struct pool *p)
{
	return p->running < p->told;
}

/* Sessions end by the thousand: authd need not hear of each. */
static void
report(struct pool *p)
{
	const struct msg_mailbox_running m = { p->running };

	/* When there is no room now, the next round tries again. */
	if (is_due(p) &&
	    chan_send(p->chan, MAILBOX_T_RUNNING, &m, -1, 0) == CHAN_OK)
		p->told = p->running;
}

static bool
answer_opened(struct pool *p, uint32_t serial)
{
	const struct msg_mailbox_opened m = { serial, p->running + 1 };

	p->told = p->running + 1;
	return chan_send(p->chan, MAILBOX_T_OPENED, &m, -1,
		   deadline_in(ANSWER_WAIT)) == CHAN_OK;
}

static bool
answer_refused(struct pool *p, uint32_t serial, const struct diag *d)
{
	struct msg_mailbox_refused m = { .serial = serial };

	strlcpy(m.dsn, d->dsn, sizeof(m.dsn));
	strlcpy(m.text, d->text, sizeof(m.text));
	return chan_send(p->chan, MAILBOX_T_REFUSED, &m, -1,
		   deadline_in(ANSWER_WAIT)) == CHAN_OK;
}

/* The child's whole life; what it has of its parent is of no client. */
static _Noreturn void
serve(struct pool *p, const struct mailbox_session *s, int fd)
{
	chan_close(p->chan);
	mailbox_serve(s, fd);
	_exit(EX_OK);
}

static void
start(struct pool *p, const struct mailbox_session *s, int fd)
{
	struct child *c;

	if (is_crowded(p, s->account)) {
		mailbox_refuse(s, fd, true);
		return;
	}
	c = calloc(1, sizeof(*c));
	if (c != NULL && (c->pid = fork()) == 0)
		serve(p, s, fd);
	if (c == NULL || c->pid == -1) {
		log_error("-", "account=%s wanted=process found=%s", s->account,
		    strerror(errno));
		mailbox_refuse(s, fd, false);
		free(c);
		return;
	}
	strlcpy(c->account, s->account, sizeof(c->account));
	LIST_INSERT_HEAD(&p->children, c, link);
	LIST_INSERT_HEAD(chain_of(p, c->account), c, same);
	p->running++;
}

/*
 * False when the channel is of no use any more.  Who has answered must serve,
 * and who cannot answer must not: authd takes the client elsewhere.
 */
static bool
open_mailbox(struct pool *p, const struct msg_mailbox_open *m, int fd)
{
	struct mailbox_session s;
	struct diag d = DIAG_INIT;
	int64_t most = 0;

	if (!mailbox_place_current(p->place))
		return false;
	memset(&s, 0, sizeof(s));
	if (mailbox_place_find(p->place, m, &s, &most, &d) == OUT_OK &&
	    p->running >= most) {
		log_error("-", "account=%s found=limit-reached", m->account);
		(void)diag_set(
		    &d, "4.3.2", "too many at once, try again later");
	}
	if (d.outcome != OUT_OK)
		return answer_refused(p, m->serial, &d);
	if (!answer_opened(p, m->serial))
		return false;
	start(p, &s, fd);
	return true;
}

/* The client is lost, for whom this process had no descriptor left. */
static bool
lose(struct pool *p, uint32_t serial)
{
	struct diag d = DIAG_INIT;

	log_error(
	    "-", "channel=mailbox found=%s", chan_result_text(CHAN_SHORT));
	(void)diag_set(&d, "4.3.2", "too many at once, try again later");
	return answer_refused(p, serial, &d);
}

static bool
breach(struct pool *p, const char *found)
{
	log_error("-", "channel=mailbox found=%s", found);
	p->status = EX_PROTOCOL;
	return false;
}

/* All that has come; false at the end. */
static bool
take(struct pool *p)
{
	union msg_mailbox m;
	enum chan_result r;
	unsigned int type;
	bool more;
	int fd;

	for (;;) {
		r = chan_recv(p->chan, &type, &m, &fd, 0);
		if (r == CHAN_AGAIN)
			return true;
		if (r == CHAN_EOF)
			return false;
		if (r != CHAN_OK && r != CHAN_SHORT)
			return breach(p, chan_result_text(r));
		/* There is one message that may come. */
		if (r == CHAN_SHORT)
			more = lose(p, m.open.serial);
		else if (fd == -1)
			return breach(p, "no client");
		else
			more = open_mailbox(p, &m.open, fd);
		if (fd != -1)
			(void)close(fd); /* the child has it */
		if (!more)
			return false;
	}
}

/* True when there is something to read. */
static bool
wait_for(struct pool *p)
{
	struct pollfd pfd = { .fd = p->chan->fd, .events = POLLIN };
	const struct timespec soon = { 0, GATHER * 1000000L };

	/* Once a child has ended others are about to: no signal for each. */
	return ppoll(&pfd, 1, ended || is_due(p) ? &soon : NULL,
		   ended ? NULL : &p->awake) == 1;
}

/* No more clients; the last session ends in its own time. */
static void
drain(struct pool *p)
{
	int status;
	pid_t pid;

	chan_close(p->chan);
	while (p->running > 0 &&
	    ((pid = waitpid(-1, &status, 0)) != -1 || errno == EINTR))
		if (pid > 0)
			forget(p, pid, status);
}

int
mailbox_pool_run(struct chan *c, struct mailbox_place *place)
{
	/* Empty lists are zero. */
	struct pool p = { .chan = c, .place = place, .status = EX_OK };

	set_signals(&p);
	for (;;) {
		if (wait_for(&p) && !take(&p))
			break;
		if (ended && deadline_now() >= p.reaped + GATHER)
			reap(&p);
		report(&p);
	}
	drain(&p);
	return p.status;
}
