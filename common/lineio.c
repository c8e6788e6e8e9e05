/*
 * lineio: lines and blocks from a blocking stream socket.  Library code in
 * smtpd, pop3d, pop3-mailbox and the clients: the first code that touches
 * what a peer sent.  Talks to the one descriptor it is given.
 */
#include <sys/socket.h>
#include <sys/types.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "common/lineio.h"

#define PATIENCE 25 /* seconds; shorter waits are polled for */

void
lineio_init(struct lineio *io, int in, int out)
{
	/* The buffers stay untouched: a fresh process shares their pages. */
	io->in = in;
	io->out = out;
	io->lf_ends = io->exact = false;
	io->in_wait = LINEIO_UNKNOWN;
	io->pos = io->end = io->outlen = 0;
}

size_t
lineio_pending(const struct lineio *io)
{
	return io->end - io->pos;
}

bool
lineio_has_line(const struct lineio *io)
{
	return memchr(io->inbuf + io->pos, '\n', io->end - io->pos) != NULL;
}

void
lineio_discard(struct lineio *io)
{
	io->pos = io->end = 0;
}

/*
 * Reads what has come, but in exact mode nothing behind the first LF: the
 * bytes behind it belong to whoever gets the descriptor next.
 */
static ssize_t
receive(struct lineio *io)
{
	const char *lf;
	ssize_t n;

	if (!io->exact)
		return read(io->in, io->inbuf, sizeof(io->inbuf));
	n = recv(io->in, io->inbuf, sizeof(io->inbuf), MSG_PEEK);
	if (n <= 0)
		return n;
	if ((lf = memchr(io->inbuf, '\n', (size_t)n)) != NULL)
		n = lf + 1 - io->inbuf;
	return read(io->in, io->inbuf, (size_t)n);
}

/*
 * Whether a read by itself comes back in time, so that there is no need to
 * wait before it: sockets have a timeout of their own, which is set once.
 */
static bool
comes_back(struct lineio *io, deadline_t deadline)
{
	static const struct timeval patience = { .tv_sec = PATIENCE };
	int left = deadline_left(deadline);

	if (left != -1 && left < PATIENCE * 1000)
		return false;
	if (io->in_wait == LINEIO_UNKNOWN)
		io->in_wait = setsockopt(io->in, SOL_SOCKET, SO_RCVTIMEO,
				  &patience, sizeof(patience)) == 0
		    ? LINEIO_TIMED
		    : LINEIO_ENDLESSLY;
	return io->in_wait == LINEIO_TIMED;
}

/* As read(2); -1 with ETIMEDOUT when the deadline has passed. */
static ssize_t
wait_and_receive(struct lineio *io, deadline_t deadline)
{
	ssize_t n;
	int r;

	while (comes_back(io, deadline))
		if ((n = receive(io)) != -1 ||
		    (errno != EAGAIN && errno != EINTR))
			return n;
	if ((r = deadline_poll(io->in, POLLIN, deadline)) != 1) {
		if (r == 0)
			errno = ETIMEDOUT;
		return -1;
	}
	while ((n = receive(io)) == -1 && errno == EINTR)
		continue;
	return n;
}

static enum line
fill(struct lineio *io, deadline_t deadline)
{
	ssize_t n = wait_and_receive(io, deadline);

	if (n == -1 && errno == ETIMEDOUT)
		return LINE_TIMEOUT;
	if (n == -1)
		return errno == ECONNRESET ? LINE_EOF : LINE_ERROR;
	if (n == 0)
		return LINE_EOF;
	io->pos = 0;
	io->end = (size_t)n;
	return LINE_OK;
}

/* A line being put together; size is the room without the NUL. */
struct piece {
	char *line;
	size_t len, size;
	bool cr; /* the last byte was a CR, not yet placed */
	enum line verdict;
};

static void
place(struct piece *p, const char *s, size_t n)
{
	if (n > p->size - p->len) {
		n = p->size - p->len;
		if (p->verdict == LINE_OK)
			p->verdict = LINE_LONG;
	}
	memcpy(p->line + p->len, s, n);
	p->len += n;
}

/* Takes n bytes that hold no LF. */
static void
take(struct piece *p, const char *s, size_t n)
{
	if (n == 0)
		return;
	if (p->cr || memchr(s, '\0', n) != NULL ||
	    memchr(s, '\r', n - 1) != NULL)
		p->verdict = LINE_BAD;
	p->cr = s[n - 1] == '\r';
	place(p, s, p->cr ? n - 1 : n);
}

enum line
lineio_get(struct lineio *io, char *line, size_t size, deadline_t deadline)
{
	struct piece p = { line, 0, size - 1, false, LINE_OK };
	const char *s, *lf;
	size_t n, total = 0;
	enum line r;

	do {
		if (total > LINEIO_ENDLESS) {
			errno = EMSGSIZE;
			return LINE_ERROR;
		}
		if (io->pos == io->end && (r = fill(io, deadline)) != LINE_OK)
			return r;
		s = io->inbuf + io->pos;
		lf = memchr(s, '\n', io->end - io->pos);
		n = lf != NULL ? (size_t)(lf - s) : io->end - io->pos;
		take(&p, s, n);
		total += n;
		io->pos += lf != NULL ? n + 1 : n;
	} while (lf == NULL);
	if (!p.cr && !io->lf_ends)
		p.verdict = LINE_BAD;
	line[p.len] = '\0';
	return p.verdict;
}

enum line
lineio_peek(struct lineio *io, const char **p, size_t *n, deadline_t deadline)
{
	enum line r;

	if (io->pos == io->end && (r = fill(io, deadline)) != LINE_OK)
		return r;
	*p = io->inbuf + io->pos;
	*n = io->end - io->pos;
	return LINE_OK;
}

void
lineio_consume(struct lineio *io, size_t n)
{
	io->pos += n;
}

int
lineio_send(struct lineio *io, const char *s, size_t n, size_t *sent,
    deadline_t deadline)
{
	int fd = io->out;
	ssize_t w;
	int r;

	w = send(fd, s, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (w == -1 && errno == ENOTSOCK)
		w = write(fd, s, n);
	if (w == -1 && errno == EAGAIN) {
		if ((r = deadline_poll(fd, POLLOUT, deadline)) == 0)
			errno = ETIMEDOUT;
		*sent = 0;
		return r == 1 ? 0 : -1;
	}
	*sent = w == -1 ? 0 : (size_t)w;
	return w == -1 && errno != EINTR ? -1 : 0;
}

int
lineio_flush(struct lineio *io, deadline_t deadline)
{
	size_t done = 0, sent;

	while (done < io->outlen) {
		if (lineio_send(io, io->outbuf + done, io->outlen - done, &sent,
			deadline) == -1)
			return -1;
		done += sent;
	}
	io->outlen = 0;
	return 0;
}

int
lineio_put(struct lineio *io, const void *buf, size_t n, deadline_t deadline)
{
	const char *p = buf;
	size_t room;

	while (n > 0) {
		if (io->outlen == sizeof(io->outbuf) &&
		    lineio_flush(io, deadline) == -1)
			return -1;
		room = sizeof(io->outbuf) - io->outlen;
		if (room > n)
			room = n;
		memcpy(io->outbuf + io->outlen, p, room);
		io->outlen += room;
		p += room;
		n -= room;
	}
	return 0;
}
