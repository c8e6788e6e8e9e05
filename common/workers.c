/*
 * workers: a pool of child processes that do what would block an event loop.
 * In authd, with its rights; a worker holds nothing but its socket, reads
 * requests of its parent, and ends when the parent does.  One that dies fails
 * the job it had and is started again.
 */
#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/deadline.h"
#include "common/log.h"
#include "common/restart.h"
#include "common/sock.h"
#include "common/workers.h"

#define WORKER_FD 3

/* Jobs of one kind of urgency. */
struct lane {
	TAILQ_HEAD(, job) line;
	size_t waiting, most;
	size_t running, may_run; /* also what was cancelled meanwhile */
};

struct job {
	struct workers *of;
	struct lane *lane;
	job_done *done; /* NULL when cancelled */
	void *arg;
	bool running;
	TAILQ_ENTRY(job) link;
	unsigned char request[]; /* kind->request bytes */
};

struct worker {
	struct workers *of;
	pid_t pid; /* 0: not running */
	int fd;
	struct event *readable, *timer;
	struct job *job; /* at work on it; NULL: idle */
	deadline_t started;
	int64_t wait;
};

struct workers {
	const struct workers_kind *kind;
	struct event_base *base;
	struct lane lanes[2]; /* the common one, and that apart */
	unsigned int turn;    /* which is to be served next, if it can be */
	void *reply;
	size_t count;
	struct worker worker[];
};

static void
free_job(struct job *j)
{
	explicit_bzero(j->request, j->of->kind->request);
	free(j);
}

/* The child's whole life. */
static _Noreturn void
serve(const struct workers_kind *kind)
{
	void *request = calloc(1, kind->request);
	void *reply = calloc(1, kind->reply);

	sandbox(kind->profile);
	while (request != NULL && reply != NULL &&
	    recv(WORKER_FD, request, kind->request, 0) ==
		(ssize_t)kind->request) {
		memset(reply, 0, kind->reply);
		kind->work(request, reply);
		explicit_bzero(request, kind->request);
		if (send(WORKER_FD, reply, kind->reply, MSG_NOSIGNAL) == -1)
			break;
		explicit_bzero(reply, kind->reply);
	}
	_exit(0);
}

static _Noreturn void
become_worker(const struct workers_kind *kind, int fd)
{
	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL); /* some cannot be changed */
	if (fd != WORKER_FD && dup2(fd, WORKER_FD) == -1)
		_exit(1);
	closefrom(WORKER_FD + 1);
	/* Waiting for a user database it would not see its socket's end. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	serve(kind);
}

static void
finish(struct worker *w, const void *reply)
{
	struct job *j = w->job;

	w->job = NULL;
	if (j == NULL)
		return;
	j->lane->running--;
	if (j->done != NULL)
		j->done(j->arg, reply);
	free_job(j);
}

/* Out of its line, or NULL when none may run. */
static struct job *
take_turn(struct workers *ws)
{
	struct lane *l;
	struct job *j;

	for (unsigned int i = 0; i < 2; i++) {
		l = &ws->lanes[ws->turn ^ i];
		if ((j = TAILQ_FIRST(&l->line)) == NULL ||
		    l->running == l->may_run)
			continue;
		ws->turn ^= i ^ 1;
		TAILQ_REMOVE(&l->line, j, link);
		l->waiting--;
		l->running++;
		return j;
	}
	return NULL;
}

static void
next_job(struct worker *w)
{
	struct workers *ws = w->of;
	struct job *j;

	if (w->pid <= 0 || w->job != NULL || (j = take_turn(ws)) == NULL)
		return;
	j->running = true;
	w->job = j;
	/*
	 * One request at a time always finds room, so a failure means that the
	 * worker is gone; its end is dealt with from the event loop.
	 */
	if (send(w->fd, j->request, ws->kind->request,
		MSG_NOSIGNAL | MSG_DONTWAIT) == -1)
		(void)kill(w->pid, SIGKILL);
}

/* Its socket is broken, or there is no more use for it. */
static int
reap(struct worker *w)
{
	int status = 0;

	if (w->pid > 0) {
		(void)kill(w->pid, SIGKILL);
		while (waitpid(w->pid, &status, 0) == -1 && errno == EINTR)
			continue;
	}
	w->pid = 0;
	if (w->readable != NULL)
		event_free(w->readable);
	w->readable = NULL;
	if (w->fd != -1)
		(void)close(w->fd); /* nobody at the other end */
	w->fd = -1;
	return status;
}

static void
end_worker(struct worker *w)
{
	struct timeval tv;
	pid_t pid = w->pid;
	int status = reap(w);

	log_error("-", "worker=%s pid=%d found=ended signal=%d",
	    w->of->kind->name, (int)pid,
	    WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	w->wait = restart_wait(w->wait, deadline_now() - w->started);
	tv.tv_sec = w->wait / 1000;
	tv.tv_usec = w->wait % 1000 * 1000;
	/* Without memory this worker is missed until authd restarts. */
	(void)evtimer_add(w->timer, &tv);
	finish(w, NULL);
	/* One of another lane may have waited for its end. */
	for (size_t i = 0; i < w->of->count; i++)
		next_job(&w->of->worker[i]);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	struct workers *ws = w->of;
	ssize_t n;

	(void)what;
	n = recv(fd, ws->reply, ws->kind->reply, MSG_DONTWAIT);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != (ssize_t)ws->kind->reply || w->job == NULL) {
		end_worker(w);
		return;
	}
	finish(w, ws->reply);
	explicit_bzero(ws->reply, ws->kind->reply);
	next_job(w);
}

static void
start_worker(struct worker *w)
{
	int pair[2] = { -1, -1 };

	w->started = deadline_now();
	w->pid = -1;
	if (sock_pair(pair) == 0 && (w->pid = fork()) == 0)
		become_worker(w->of->kind, pair[1]);
	if (pair[1] != -1)
		(void)close(pair[1]); /* the child's */
	w->fd = pair[0];
	if (w->pid != -1)
		w->readable = event_new(
		    w->of->base, w->fd, EV_READ | EV_PERSIST, on_readable, w);
	if (w->readable == NULL || event_add(w->readable, NULL) == -1)
		end_worker(w);
	else
		next_job(w);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	start_worker(arg);
}

static void
init_lane(struct lane *l, size_t may_run, size_t most)
{
	TAILQ_INIT(&l->line);
	l->may_run = may_run > 0 ? may_run : 1;
	l->most = most > 0 ? most : 1;
}

struct workers *
workers_new(struct event_base *base, const struct workers_kind *kind,
    size_t count, size_t waiting)
{
	struct workers *ws =
	    calloc(1, sizeof(*ws) + count * sizeof(ws->worker[0]));

	if (ws == NULL || (ws->reply = calloc(1, kind->reply)) == NULL) {
		free(ws);
		return NULL;
	}
	ws->kind = kind;
	ws->base = base;
	ws->count = count;
	init_lane(&ws->lanes[0], count, waiting);
	init_lane(&ws->lanes[1], count / 2, waiting / 2);
	for (size_t i = 0; i < count; i++) {
		ws->worker[i].of = ws;
		ws->worker[i].fd = -1;
		ws->worker[i].timer =
		    evtimer_new(base, on_timer, &ws->worker[i]);
		if (ws->worker[i].timer == NULL)
			return NULL; /* at start: the program ends */
		start_worker(&ws->worker[i]);
	}
	return ws;
}

static struct job *
submit(struct workers *ws, struct lane *l, const void *request, job_done *done,
    void *arg)
{
	struct job *j;

	if (l->waiting >= l->most ||
	    (j = calloc(1, sizeof(*j) + ws->kind->request)) == NULL)
		return NULL;
	j->of = ws;
	j->lane = l;
	j->done = done;
	j->arg = arg;
	memcpy(j->request, request, ws->kind->request);
	TAILQ_INSERT_TAIL(&l->line, j, link);
	l->waiting++;
	for (size_t i = 0; i < ws->count && !j->running; i++)
		next_job(&ws->worker[i]);
	return j;
}

struct job *
workers_submit(
    struct workers *ws, const void *request, job_done *done, void *arg)
{
	return submit(ws, &ws->lanes[0], request, done, arg);
}

struct job *
workers_submit_apart(
    struct workers *ws, const void *request, job_done *done, void *arg)
{
	return submit(ws, &ws->lanes[1], request, done, arg);
}

void
workers_cancel(struct job *j)
{
	if (j->running) {
		j->done = NULL; /* the worker is not disturbed */
		return;
	}
	TAILQ_REMOVE(&j->lane->line, j, link);
	j->lane->waiting--;
	free_job(j);
}

void
workers_free(struct workers *ws)
{
	struct job *j;

	for (size_t i = 0; i < 2; i++)
		while ((j = TAILQ_FIRST(&ws->lanes[i].line)) != NULL)
			workers_cancel(j);
	for (size_t i = 0; i < ws->count; i++) {
		(void)reap(&ws->worker[i]);
		event_free(ws->worker[i].timer);
		if (ws->worker[i].job != NULL)
			free_job(ws->worker[i].job);
	}
	free(ws->reply);
	free(ws);
}
