/*
 * syncer: directories made durable by a thread.  In queued, as postrider.
 * The thread calls fsync(2), and copies a file now and then; all that it
 * shares with the event loop is two lists under one lock.
 */
#include <bsd/sys/queue.h>
#include <sys/eventfd.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#include "common/log.h"
#include "queue/syncer.h"

#define RING_TRIES 3 /* one is enough on a machine that works */

struct request {
	STAILQ_ENTRY(request) link;
	size_t dir;
	syncer_work *work; /* NULL: none */
	syncer_done *done;
	void *arg;
	int error;
};

STAILQ_HEAD(requests, request);

struct syncer {
	const int *fds;
	size_t n;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct requests asked, finished; /* under lock */
	bool stop;                       /* under lock */
	int bell;                        /* eventfd: finished has some */
	struct event *rung;
	size_t pending; /* event loop only */
};

/* One round: every directory asked for is synced once. */
static void
sync_round(const struct syncer *s, struct requests *round)
{
	int errors[SYNCER_DIRS];
	struct request *r;

	for (size_t i = 0; i < s->n; i++)
		errors[i] = -1;
	STAILQ_FOREACH(r, round, link)
	r->error = r->work != NULL ? r->work(r->arg) : 0;
	STAILQ_FOREACH(r, round, link)
	{
		if (r->error != 0 || r->dir == SYNCER_NO_DIR)
			continue;
		if (errors[r->dir] == -1)
			errors[r->dir] =
			    fsync(s->fds[r->dir]) == -1 ? errno : 0;
		r->error = errors[r->dir];
	}
}

/* A bell that is not heard would leave sessions without an answer. */
static void
ring(const struct syncer *s)
{
	const uint64_t one = 1;

	for (int i = 0; i < RING_TRIES; i++)
		if (write(s->bell, &one, sizeof(one)) != -1)
			return;
}

static void *
run(void *arg)
{
	struct syncer *s = arg;
	struct requests round;

	STAILQ_INIT(&round);
	(void)pthread_mutex_lock(&s->lock); /* fails on a bad lock only */
	for (;;) {
		while (STAILQ_EMPTY(&s->asked) && !s->stop)
			(void)pthread_cond_wait(&s->wake, &s->lock);
		if (STAILQ_EMPTY(&s->asked))
			break;
		STAILQ_CONCAT(&round, &s->asked);
		(void)pthread_mutex_unlock(&s->lock);
		sync_round(s, &round);
		(void)pthread_mutex_lock(&s->lock);
		STAILQ_CONCAT(&s->finished, &round);
		ring(s);
	}
	(void)pthread_mutex_unlock(&s->lock);
	return NULL;
}

static void
finish(struct syncer *s, struct request *r)
{
	s->pending--;
	if (r->error != 0)
		log_error("-", "wanted=fsync found=%s directory=%jd",
		    strerror(r->error), (intmax_t)(ssize_t)r->dir);
	if (r->done != NULL)
		r->done(r->arg, r->error);
	free(r);
}

static void
on_bell(evutil_socket_t fd, short what, void *arg)
{
	struct syncer *s = arg;
	struct requests done;
	struct request *r;
	uint64_t count;

	(void)what;
	STAILQ_INIT(&done);
	if (read((int)fd, &count, sizeof(count)) == -1)
		return; /* the event was for a bell already heard */
	(void)pthread_mutex_lock(&s->lock);
	STAILQ_CONCAT(&done, &s->finished);
	(void)pthread_mutex_unlock(&s->lock);
	while ((r = STAILQ_FIRST(&done)) != NULL) {
		STAILQ_REMOVE_HEAD(&done, link);
		finish(s, r);
	}
}

/* The thread takes no signals: they are the event loop's. */
static int
start_thread(struct syncer *s)
{
	sigset_t all, old;
	int error;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&s->thread, NULL, run, s);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return error;
}

struct syncer *
syncer_new(struct event_base *base, const int *fds, size_t n)
{
	struct syncer *s;

	if (n > SYNCER_DIRS || (s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	s->fds = fds;
	s->n = n;
	STAILQ_INIT(&s->asked);
	STAILQ_INIT(&s->finished);
	(void)pthread_mutex_init(&s->lock, NULL); /* cannot fail on Linux */
	(void)pthread_cond_init(&s->wake, NULL);
	s->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->bell == -1)
		goto out;
	s->rung = event_new(base, s->bell, EV_READ | EV_PERSIST, on_bell, s);
	if (s->rung == NULL || event_add(s->rung, NULL) == -1 ||
	    (errno = start_thread(s)) != 0)
		goto out;
	return s;
out:
	if (s->rung != NULL)
		event_free(s->rung);
	if (s->bell != -1)
		(void)close(s->bell); /* holds nothing */
	free(s);
	return NULL;
}

void
syncer_free(struct syncer *s)
{
	struct request *r;

	(void)pthread_mutex_lock(&s->lock);
	s->stop = true;
	(void)pthread_cond_signal(&s->wake);
	(void)pthread_mutex_unlock(&s->lock);
	(void)pthread_join(s->thread, NULL); /* our own, joined once */
	while ((r = STAILQ_FIRST(&s->finished)) != NULL) {
		STAILQ_REMOVE_HEAD(&s->finished, link);
		free(r);
	}
	event_free(s->rung);
	(void)close(s->bell); /* holds nothing */
	free(s);
}

bool
syncer_ask(struct syncer *s, size_t dir, syncer_done *done, void *arg)
{
	return syncer_ask_work(s, dir, NULL, done, arg);
}

bool
syncer_ask_work(struct syncer *s, size_t dir, syncer_work *work,
    syncer_done *done, void *arg)
{
	struct request *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return false;
	r->dir = dir;
	r->work = work;
	r->done = done;
	r->arg = arg;
	s->pending++;
	(void)pthread_mutex_lock(&s->lock);
	STAILQ_INSERT_TAIL(&s->asked, r, link);
	(void)pthread_cond_signal(&s->wake);
	(void)pthread_mutex_unlock(&s->lock);
	return true;
}

size_t
syncer_pending(const struct syncer *s)
{
	return s->pending;
}
