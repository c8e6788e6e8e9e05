/*
 * server: channels in a long-lived daemon.  In queued, authd and postriderd;
 * never waits for a peer.
 */
#include <sys/resource.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/server.h"
#include "common/sock.h"

#define LINES_MOST 10   /* about peers, in */
#define LINES_TIME 1000 /* milliseconds */
#define BATCH 64        /* messages of one peer before the others have a turn */
#define PAUSE 100000    /* microseconds */
#define RETRY 20000     /* microseconds until what was posted is tried again */

/* A message that waits for room. */
struct post {
	STAILQ_ENTRY(post) next;
	unsigned int type;
	int fd; /* owned, or -1 */
	unsigned char msg[] __attribute__((aligned));
};

static void
drop(struct peer *p)
{
	struct post *m = STAILQ_FIRST(&p->posted);

	STAILQ_REMOVE_HEAD(&p->posted, next);
	if (m->fd != -1)
		(void)close(m->fd); /* the peer has it, or is gone */
	free(m);
}

static void
destroy(struct peer *p)
{
	if (p->ops->closed != NULL)
		p->ops->closed(p);
	if (p->server != NULL)
		p->server->count--;
	event_free(p->readable);
	if (p->retry != NULL)
		event_free(p->retry);
	while (!STAILQ_EMPTY(&p->posted))
		drop(p);
	chan_close(&p->chan);
	free(p);
}

void
peer_close(struct peer *p)
{
	p->dead = true;
	if (p->busy == 0)
		/* Runs from the event loop: no caller holds p by then. */
		event_active(p->readable, EV_READ, 0);
}

bool
server_may_log(struct server *s)
{
	int64_t now = deadline_now();

	if (now >= s->lines_since + LINES_TIME) {
		if (s->unsaid > 0)
			log_error("-", "channel=%s found=more lines=%zu",
			    s->proto->name, s->unsaid);
		s->lines_since = now;
		s->lines = 0;
		s->unsaid = 0;
	}
	if (s->lines < LINES_MOST) {
		s->lines++;
		return true;
	}
	s->unsaid++;
	return false;
}

size_t
server_room(size_t most, size_t own)
{
	struct rlimit r;
	size_t files;

	if (getrlimit(RLIMIT_NOFILE, &r) == -1) /* cannot fail */
		return 1;
	files = r.rlim_cur < most + own ? (size_t)r.rlim_cur : most + own;
	return files > 2 * own ? files - own : files / 2;
}

static void
note(struct peer *p, enum chan_result r)
{
	if (p->server == NULL || server_may_log(p->server))
		log_error("-", "channel=%s uid=%u found=%s",
		    p->chan.proto->name, (unsigned int)p->uid,
		    chan_result_text(r));
}

static void
breach(struct peer *p, enum chan_result r)
{
	if (r != CHAN_EOF)
		note(p, r);
	p->dead = true;
}

static void
deliver(struct peer *p, unsigned int type, const void *msg, int fd, bool lost)
{
	/* Who has no server says it himself, as often as he likes. */
	if (lost && p->server != NULL)
		note(p, CHAN_SHORT);
	p->lost_fd = lost;
	p->ops->message(p, type, msg, fd);
}

static void
receive(struct peer *p)
{
	enum chan_result r;
	unsigned int type;
	void *msg;
	int fd;

	if ((msg = malloc(p->chan.proto->size)) == NULL) {
		breach(p, CHAN_ERROR);
		return;
	}
	for (int i = 0; i < BATCH && !p->dead && STAILQ_EMPTY(&p->posted);
	     i++) {
		r = chan_recv(&p->chan, &type, msg, &fd, 0);
		if (r == CHAN_OK || r == CHAN_SHORT)
			deliver(p, type, msg, fd, r == CHAN_SHORT);
		else if (r == CHAN_AGAIN)
			break;
		else
			breach(p, r);
	}
	explicit_bzero(msg, p->chan.proto->size); /* tokens pass here */
	free(msg);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct peer *p = arg;

	(void)fd;
	(void)what;
	p->busy++;
	if (!p->dead)
		receive(p);
	p->busy--;
	if (p->dead)
		destroy(p);
}

struct peer *
peer_new(struct event_base *base, int fd, const struct msg_channel *proto,
    unsigned int self, const struct peer_ops *ops)
{
	struct peer *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	chan_init(&p->chan, fd, proto, self);
	STAILQ_INIT(&p->posted);
	p->ops = ops;
	p->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, p);
	if (p->readable == NULL || event_add(p->readable, NULL) == -1) {
		if (p->readable != NULL)
			event_free(p->readable);
		free(p);
		return NULL;
	}
	return p;
}

static void
lose(struct peer *p, enum chan_result r)
{
	breach(p, r);
	peer_close(p);
}

enum chan_result
peer_try(struct peer *p, unsigned int type, const void *msg, int fd)
{
	enum chan_result r;

	if (p->dead)
		return CHAN_EOF;
	r = chan_send(&p->chan, type, msg, fd, 0);
	if (r != CHAN_OK && r != CHAN_AGAIN)
		lose(p, r);
	return r;
}

bool
peer_send(struct peer *p, unsigned int type, const void *msg, int fd)
{
	enum chan_result r = peer_try(p, type, msg, fd);

	if (r == CHAN_AGAIN)
		lose(p, r);
	return r == CHAN_OK;
}

static bool
retry_later(struct peer *p)
{
	const struct timeval later = { 0, RETRY };

	return evtimer_add(p->retry, &later) == 0;
}

/* All that was posted is away, and the peer is heard again; or not yet. */
static void
on_retry(evutil_socket_t none, short what, void *arg)
{
	struct peer *p = arg;
	enum chan_result r = CHAN_OK;
	struct post *m;

	(void)none;
	(void)what;
	while (r == CHAN_OK && (m = STAILQ_FIRST(&p->posted)) != NULL)
		if ((r = peer_try(p, m->type, m->msg, m->fd)) == CHAN_OK)
			drop(p);
	if (p->dead || (r == CHAN_AGAIN && retry_later(p)))
		return;
	if (r == CHAN_AGAIN || event_add(p->readable, NULL) == -1)
		lose(p, CHAN_ERROR); /* no memory for an event */
}

/* False without memory. */
static bool
wait_for_room(struct peer *p, unsigned int type, const void *msg, int fd)
{
	struct post *m;

	if (p->retry == NULL &&
	    (p->retry = evtimer_new(
		 event_get_base(p->readable), on_retry, p)) == NULL)
		return false;
	if (STAILQ_EMPTY(&p->posted) &&
	    (event_del(p->readable) == -1 || !retry_later(p)))
		return false;
	if ((m = malloc(sizeof(*m) + p->chan.proto->size)) == NULL)
		return false;
	m->type = type;
	m->fd = fd;
	memcpy(m->msg, msg, p->chan.proto->size);
	STAILQ_INSERT_TAIL(&p->posted, m, next);
	return true;
}

bool
peer_post(struct peer *p, unsigned int type, const void *msg, int fd)
{
	enum chan_result r = CHAN_AGAIN;

	if (p->dead)
		r = CHAN_EOF;
	else if (STAILQ_EMPTY(&p->posted))
		r = peer_try(p, type, msg, fd);
	if (r == CHAN_AGAIN) {
		if (wait_for_room(p, type, msg, fd))
			return true;
		lose(p, CHAN_ERROR);
	}
	if (fd != -1)
		(void)close(fd); /* sent, or the peer is gone */
	return r == CHAN_OK;
}

static void
welcome(struct server *s, int fd)
{
	struct peer *p;
	uid_t uid;

	if (!sock_peer_uid(fd, &uid)) {
		log_error("-", "channel=%s wanted=peer-uid found=%s",
		    s->proto->name, strerror(errno));
		(void)close(fd); /* whoever it is */
		return;
	}
	if (!s->allowed(s, uid)) {
		if (server_may_log(s))
			log_error("-", "channel=%s uid=%u found=not-allowed",
			    s->proto->name, (unsigned int)uid);
		(void)close(fd); /* a stranger */
		return;
	}
	if (s->count >= s->max ||
	    (p = peer_new(s->base, fd, s->proto, s->self, s->ops)) == NULL) {
		if (server_may_log(s))
			log_error("-", "channel=%s wanted=room found=%zu-peers",
			    s->proto->name, s->count);
		(void)close(fd); /* it will try again */
		return;
	}
	p->uid = uid;
	p->server = s;
	s->count++;
	if (s->opened != NULL)
		s->opened(p);
}

static void
resume(evutil_socket_t none, short what, void *arg)
{
	struct server *s = arg;

	(void)none;
	(void)what;
	if (event_add(s->readable, NULL) == -1)
		log_error(
		    "-", "channel=%s wanted=memory found=none", s->proto->name);
}

/*
 * Out of descriptors or memory, the connection stays in the queue and the
 * listener readable: without a pause this would turn in circles.
 */
static void
pause_accepting(struct server *s)
{
	const struct timeval later = { 0, PAUSE };

	if (event_del(s->readable) == -1 ||
	    event_base_once(s->base, -1, EV_TIMEOUT, resume, s, &later) == -1)
		(void)event_add(s->readable, NULL); /* then in circles */
}

static void
not_accepted(struct server *s, int error)
{
	if (server_may_log(s))
		log_error("-", "channel=%s wanted=accept found=%s",
		    s->proto->name, strerror(error));
	if (error == EMFILE || error == ENFILE || error == ENOMEM ||
	    error == ENOBUFS)
		pause_accepting(s);
}

static void
on_connection(evutil_socket_t listener, short what, void *arg)
{
	struct server *s = arg;
	int fd;

	(void)what;
	for (int i = 0; i < BATCH; i++) {
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd == -1) {
			if (errno != EAGAIN && errno != ECONNABORTED)
				not_accepted(s, errno);
			return;
		}
		welcome(s, fd);
	}
}

bool
server_start(struct server *s, struct event_base *base, int fd)
{
	s->base = base;
	s->count = 0;
	if (fcntl(fd, F_SETFL, O_NONBLOCK) == -1)
		return false;
	s->readable =
	    event_new(base, fd, EV_READ | EV_PERSIST, on_connection, s);
	return s->readable != NULL && event_add(s->readable, NULL) == 0;
}
