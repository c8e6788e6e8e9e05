/*
 * flight: what goes out to the other side in one piece.
 *
 * Part of remote, as postrider-out; writes to the connection.  A peer that
 * stops reading until its replies have been read gets them read, and one that
 * reads nothing, or slowly, has a time for each piece and for the whole.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "delivery/flight.h"

void
flight_init(struct flight *f, struct lineio *io, flight_heard *heard, void *arg)
{
	f->io = io;
	f->heard = heard;
	f->arg = arg;
	f->seconds = 0;
	f->whole = DEADLINE_NEVER;
	f->sent = 0;
	f->failed = false;
	f->error = 0;
	f->used = 0;
}

void
flight_pace(struct flight *f, int64_t seconds, deadline_t whole)
{
	f->seconds = seconds;
	f->whole = whole;
}

static bool
fail(struct flight *f, int error)
{
	f->failed = true;
	f->error = error;
	f->used = 0;
	return false;
}

/*
 * Until it reads again.  What is buffered was said before, and poll(2) does not
 * know of it.
 */
static bool
wait_for_reader(struct flight *f, deadline_t deadline)
{
	struct pollfd p = { .fd = f->io->out, .events = POLLIN | POLLOUT };
	int r;

	if (lineio_pending(f->io) > 0)
		return f->heard(f->arg) || fail(f, 0);
	r = poll(&p, 1, deadline_left(deadline));
	if (r == -1 && errno != EINTR)
		return fail(f, errno);
	if (r == 0)
		return fail(f, ETIMEDOUT);
	if (r == 1 && (p.revents & POLLOUT) == 0 && (p.revents & POLLIN) != 0)
		return f->heard(f->arg) || fail(f, 0);
	return true;
}

static deadline_t
deadline_of(const struct flight *f)
{
	deadline_t d = deadline_in(f->seconds);

	return d < f->whole ? d : f->whole;
}

bool
flight_flush(struct flight *f)
{
	deadline_t deadline;
	size_t done = 0;
	ssize_t n;

	if (f->failed)
		return false;
	deadline = deadline_of(f);
	while (done < f->used) {
		n = send(f->io->out, f->buf + done, f->used - done,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n >= 0) {
			done += (size_t)n;
			f->sent += (uint64_t)n;
			/* A little at a time does not prolong it. */
			if (done < f->used && deadline_left(deadline) == 0)
				return fail(f, ETIMEDOUT);
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return fail(f, errno);
		if (!wait_for_reader(f, deadline))
			return false;
	}
	f->used = 0;
	return true;
}

char *
flight_room(struct flight *f, size_t n)
{
	if (f->failed || (n > FLIGHT_ROOM - f->used && !flight_flush(f)))
		return NULL;
	return f->buf + f->used;
}

void
flight_took(struct flight *f, size_t n)
{
	f->used += n;
}

bool
flight_put(struct flight *f, const char *p, size_t n)
{
	while (n > 0) {
		size_t part = n < FLIGHT_ROOM ? n : FLIGHT_ROOM;
		char *to = flight_room(f, part);

		if (to == NULL)
			return false;
		memcpy(to, p, part);
		flight_took(f, part);
		p += part;
		n -= part;
	}
	return !f->failed;
}

uint64_t
flight_end(const struct flight *f)
{
	return f->sent + f->used;
}
