/*
 * map_link: one connection to a server of the socketmap protocol.
 *
 * In mapd, as postrider-map.  The server may send anything, at any speed: no
 * more than one reply is kept, and each wait has an end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/deadline.h"
#include "common/map_link.h"

struct map_link {
	const struct map_link_ops *ops;
	void *arg;
	int fd;
	struct event *event; /* of fd: for reading or writing, with a wait */
	struct event_base *base;
	deadline_t until; /* of what the event waits for */
	bool connected, asked;
	char out[MAP_WIRE_QUERY];
	size_t len, sent; /* of out */
	char in[MAP_WIRE_MAX];
	size_t got;
};

static void on_event(evutil_socket_t, short, void *);

/* What is waited for goes on, until then. */
static bool
go_on(struct map_link *l, short what)
{
	int64_t ms = deadline_left(l->until);
	const struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	if (l->event != NULL)
		event_free(l->event);
	l->event = event_new(l->base, l->fd, what, on_event, l);
	return l->event != NULL && event_add(l->event, &tv) == 0;
}

/* The next thing to happen, or its failure after so many milliseconds. */
static bool
expect(struct map_link *l, short what, int64_t ms)
{
	l->until = deadline_in_ms(ms);
	return go_on(l, what);
}

static void
end(struct map_link *l, enum map_link_end how, const char *why)
{
	struct map_reply r;

	map_reply_later(&r, why);
	l->ops->ended(l->arg, l, how, &r);
}

static void
go_on_or_end(struct map_link *l, short what)
{
	if (!go_on(l, what))
		end(l, MAP_LINK_FAILED, "no memory");
}

static void
wait_idle(struct map_link *l)
{
	if (expect(l, EV_READ, MAP_LINK_IDLE))
		l->ops->ready(l->arg, l);
	else
		end(l, MAP_LINK_FAILED, "no memory");
}

static void
finish_connect(struct map_link *l)
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		error = errno;
	if (error != 0) {
		end(l, MAP_LINK_FAILED, strerror(error));
		return;
	}
	l->connected = true;
	wait_idle(l);
}

static void
take_reply(struct map_link *l)
{
	struct map_reply r;
	size_t used = 0;

	switch (map_wire_reply(l->in, l->got, &used, &r)) {
	case MAP_WIRE_MORE:
		go_on_or_end(l, EV_READ);
		return;
	case MAP_WIRE_LONG:
		end(l, MAP_LINK_LONG, r.text);
		return;
	case MAP_WIRE_GARBAGE:
		end(l, MAP_LINK_FAILED, r.text);
		return;
	case MAP_WIRE_REPLY:
		break;
	}
	if (used < l->got) {
		end(l, MAP_LINK_FAILED, "more than one reply");
		return;
	}
	l->got = 0;
	l->asked = false;
	/* The callee frees nothing here. */
	l->ops->replied(l->arg, l, &r);
	wait_idle(l);
}

static void
read_some(struct map_link *l)
{
	ssize_t n = read(l->fd, l->in + l->got, sizeof(l->in) - l->got);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		go_on_or_end(l, EV_READ);
	else if (n <= 0 && !l->asked)
		end(l, MAP_LINK_CLOSED, "closed");
	else if (n <= 0)
		end(l, l->got == 0 ? MAP_LINK_DROPPED : MAP_LINK_FAILED,
		    n == 0 ? "closed before it replied" : strerror(errno));
	else if (!l->asked)
		end(l, MAP_LINK_FAILED, "a reply to no question");
	else {
		l->got += (size_t)n;
		take_reply(l);
	}
}

static void
write_some(struct map_link *l)
{
	ssize_t n =
	    send(l->fd, l->out + l->sent, l->len - l->sent, MSG_NOSIGNAL);

	if (n == -1 && errno != EAGAIN && errno != EINTR) {
		end(l, MAP_LINK_DROPPED, strerror(errno));
		return;
	}
	l->sent += n > 0 ? (size_t)n : 0;
	go_on_or_end(l, l->sent == l->len ? EV_READ : EV_WRITE);
}

static void
on_event(evutil_socket_t fd, short what, void *arg)
{
	struct map_link *l = arg;

	(void)fd;
	if (what & EV_TIMEOUT)
		end(l,
		    l->connected && !l->asked ? MAP_LINK_CLOSED
					      : MAP_LINK_FAILED,
		    l->connected ? "no reply in time"
				 : "no connection in time");
	else if (!l->connected)
		finish_connect(l);
	else if (what & EV_WRITE)
		write_some(l);
	else
		read_some(l);
}

struct map_link *
map_link_new(struct event_base *base, const struct sockaddr *to, socklen_t len,
    const struct map_link_ops *ops, void *arg)
{
	struct map_link *l = calloc(1, sizeof(*l));
	int saved;

	if (l == NULL)
		return NULL;
	l->base = base;
	l->ops = ops;
	l->arg = arg;
	l->fd = socket(
	    to->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd != -1 &&
	    (connect(l->fd, to, len) == 0 || errno == EINPROGRESS) &&
	    expect(l, EV_WRITE, MAP_LINK_CONNECT))
		return l;
	saved = errno;
	map_link_free(l);
	errno = saved;
	return NULL;
}

void
map_link_free(struct map_link *l)
{
	if (l->event != NULL)
		event_free(l->event);
	if (l->fd != -1)
		(void)close(l->fd); /* a socket holds nothing to lose */
	free(l);
}

bool
map_link_ask(struct map_link *l, const char *query, size_t len)
{
	memcpy(l->out, query, len); /* one of map_wire_query() */
	l->len = len;
	l->sent = l->got = 0;
	l->asked = true;
	return expect(l, EV_WRITE, MAP_LINK_ANSWER);
}
