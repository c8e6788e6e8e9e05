/*
 * tls_relay: bytes between a TLS connection and a plain socket.
 *
 * In tlsd's connections, to the end of the process.  Knows nothing of the
 * bytes.  Never holds more than one buffer each way: who does not read makes
 * the other side wait.
 *
 *	the peer ends its side	the session reads the end, and may answer
 *	the session closes	what it has written is sent, then the end
 *	reset, TLS error	both are closed at once
 */
#include <sys/socket.h>
#include <sys/types.h>

#include <errno.h>
#include <malloc.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "common/deadline.h"
#include "common/tls_relay.h"

/*
 * Bytes that were read and not yet written: from start to end.  What a call has
 * found out about a socket holds until poll(2) says something else.
 */
struct flow {
	uint8_t *buf; /* NULL while idle */
	size_t start, end;
	bool dry;  /* there is nothing to read */
	bool full; /* and no room to write */
	bool over; /* nothing more will come, or nobody wants it */
};

struct relay {
	SSL *ssl;
	struct tls_wire *wire;
	int plain;
	struct flow in, out; /* from the peer, to the peer */
	bool told;           /* the session, that in is over */
	bool read_wants_out; /* TLS has to send before it reads */
	bool dead;           /* nothing more can be sent to the peer */
	bool gone;           /* the session; then these hold: */
	uint64_t sent;       /* when stall was set */
	deadline_t stall, drain;
};

static bool
have_buffer(struct relay *r, struct flow *f)
{
	if (f->buf == NULL && (f->buf = malloc(RELAY_BUFFER)) == NULL)
		r->dead = true;
	return f->buf != NULL;
}

static bool
is_empty(const struct flow *f)
{
	return f->start == f->end;
}

/* The session reads no more; what it has written is still to be sent. */
static void
session_gone(struct relay *r)
{
	r->in.start = r->in.end = 0;
	r->in.over = r->told = true;
	if (r->gone)
		return;
	r->gone = true;
	r->sent = r->wire->sent;
	r->stall = deadline_in_ms(RELAY_STALL);
	r->drain = deadline_in_ms(RELAY_DRAIN);
}

/* Why a call on the connection did nothing. */
static void
look_why(struct relay *r, int result, bool *wants_out)
{
	switch (SSL_get_error(r->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		break;
	case SSL_ERROR_WANT_WRITE:
		*wants_out = true;
		break;
	case SSL_ERROR_ZERO_RETURN:
		r->in.over = true;
		break;
	default:
		r->dead = true;
		break;
	}
	ERR_clear_error();
}

static void
read_peer(struct relay *r)
{
	struct flow *f = &r->in;
	int n;

	f->start = f->end = 0;
	r->read_wants_out = false;
	do { /* a record at a time */
		n = SSL_read(
		    r->ssl, f->buf + f->end, (int)(RELAY_BUFFER - f->end));
		if (n > 0) {
			f->end += (size_t)n;
			r->wire->data += (uint64_t)n;
		} else
			look_why(r, n, &r->read_wants_out);
	} while (n > 0 && f->end < RELAY_BUFFER);
	f->dry = n <= 0;
}

static void
write_session(struct relay *r)
{
	struct flow *f = &r->in;
	ssize_t n;

	n = send(r->plain, f->buf + f->start, f->end - f->start,
	    MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n > 0)
		f->start += (size_t)n;
	else if (errno == EAGAIN)
		f->full = true;
	else if (errno != EINTR)
		session_gone(r);
}

/* True when some bytes went on. */
static bool
move_in(struct relay *r)
{
	size_t before;

	if (is_empty(&r->in) && !r->in.over && !r->in.dry &&
	    have_buffer(r, &r->in))
		read_peer(r);
	before = r->in.start;
	if (!is_empty(&r->in) && !r->in.full)
		write_session(r);
	if (r->in.over && !r->told && is_empty(&r->in)) {
		/* An error is no more than a session that is gone. */
		(void)shutdown(r->plain, SHUT_WR);
		r->told = true;
	}
	return r->in.start != before;
}

/*
 * A reset says that the session closed with something unread; all that it has
 * written came before.
 */
static void
read_session(struct relay *r)
{
	struct flow *f = &r->out;
	ssize_t n;

	f->start = f->end = 0;
	n = recv(r->plain, f->buf, RELAY_BUFFER, MSG_DONTWAIT);
	f->dry = n < RELAY_BUFFER;
	if (n > 0)
		f->end = (size_t)n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		f->over = true;
		session_gone(r);
	}
}

static bool
move_out(struct relay *r)
{
	struct flow *f = &r->out;
	int n = 0;

	if (is_empty(f) && !f->over && !f->dry && have_buffer(r, f))
		read_session(r);
	if (is_empty(f) || f->full || r->dead)
		return false;
	n = SSL_write(r->ssl, f->buf + f->start, (int)(f->end - f->start));
	if (n > 0)
		f->start += (size_t)n;
	else
		look_why(r, n, &f->full);
	return n > 0;
}

/* --- waiting */

static bool
can_release(const struct flow *f)
{
	return f->buf != NULL && is_empty(f);
}

static void
release(struct relay *r)
{
	struct flow *flows[] = { &r->in, &r->out };

	for (size_t i = 0; i < 2; i++)
		if (can_release(flows[i])) {
			free(flows[i]->buf);
			flows[i]->buf = NULL;
		}
	(void)malloc_trim(0); /* says whether there was something to trim */
}

static int
how_long(const struct relay *r)
{
	int stall, drain;

	if (!r->gone)
		return can_release(&r->in) || can_release(&r->out) ? RELAY_IDLE
								   : -1;
	stall = deadline_left(r->stall);
	drain = deadline_left(r->drain);
	return stall < drain ? stall : drain;
}

static void
set_events(const struct relay *r, struct pollfd p[2])
{
	bool reads = is_empty(&r->in) && !r->in.over;

	p[0].fd = r->wire->fd;
	p[0].events = 0;
	if (reads && !r->read_wants_out)
		p[0].events |= POLLIN;
	if ((reads && r->read_wants_out) || r->out.full)
		p[0].events |= POLLOUT;
	p[1].events = 0;
	if (is_empty(&r->out) && !r->out.over)
		p[1].events |= POLLIN;
	if (!is_empty(&r->in))
		p[1].events |= POLLOUT;
	/* One that is gone would be reported for ever. */
	p[1].fd = p[1].events == 0 && r->gone ? -1 : r->plain;
}

static void
take_events(struct relay *r, const struct pollfd p[2])
{
	const short broken = POLLERR | POLLHUP | POLLNVAL;

	if ((p[0].revents & (POLLIN | broken)) != 0)
		r->wire->dry = false;
	if (p[0].revents != 0)
		r->in.dry = r->out.full = false;
	/* Reading tells more than the event does; else nobody would notice. */
	if ((p[0].revents & broken) != 0 && p[0].events == 0)
		r->dead = true;
	if (p[1].revents != 0)
		r->out.dry = r->in.full = false;
	if ((p[1].revents & broken) != 0)
		session_gone(r);
}

/* False when the time is over. */
static bool
wait_for(struct relay *r)
{
	struct pollfd p[2] = { { .fd = -1 }, { .fd = -1 } };
	int n;

	set_events(r, p);
	if ((n = poll(p, 2, how_long(r))) > 0)
		take_events(r, p);
	else if (n == 0 && r->gone)
		return false;
	else if (n == 0)
		release(r);
	return n != -1 || errno == EINTR;
}

/* A peer that goes on reading the last bytes is waited for. */
static void
note_progress(struct relay *r)
{
	if (!r->gone || r->sent == r->wire->sent)
		return;
	r->sent = r->wire->sent;
	r->stall = deadline_in_ms(RELAY_STALL);
}

static void
finish(struct relay *r)
{
	int n;

	while ((n = SSL_shutdown(r->ssl)) < 0 &&
	    SSL_get_error(r->ssl, n) == SSL_ERROR_WANT_WRITE &&
	    deadline_poll(r->wire->fd, POLLOUT, r->stall) == 1)
		continue;
	ERR_clear_error();
	tls_wire_linger(r->wire, RELAY_STALL);
}

void
tls_relay_run(SSL *ssl, struct tls_wire *wire, int plain)
{
	struct relay r = { .ssl = ssl, .wire = wire, .plain = plain };
	bool moved;

	/* TLS may hold bytes that no poll tells of. */
	r.in.dry = wire->dry && SSL_has_pending(ssl) == 0;
	r.out.dry = true; /* the session has only just heard */
	while (!r.dead && !(r.out.over && is_empty(&r.out))) {
		moved = move_in(&r);
		moved = move_out(&r) || moved;
		note_progress(&r);
		if (!moved && !r.dead && !r.out.over && !wait_for(&r))
			break;
	}
	if (!r.dead)
		finish(&r);
	free(r.in.buf);
	free(r.out.buf);
}
