/*
 * chan: one end of a channel between two processes.  Library code in every
 * program of the suite; the first to look at bytes of a less trusted process.
 */
#include <sys/socket.h>
#include <sys/types.h>

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/chan.h"

/* Room for one descriptor, aligned as the kernel wants it. */
union control {
	struct cmsghdr align;
	char buf[CMSG_SPACE(sizeof(int))];
};

void
chan_init(
    struct chan *c, int fd, const struct msg_channel *proto, unsigned int self)
{
	c->fd = fd;
	c->proto = proto;
	c->self = self;
	c->state = proto->start;
}

void
chan_close(struct chan *c)
{
	if (c->fd != -1)
		(void)close(c->fd); /* a socket holds nothing to lose */
	c->fd = -1;
}

static const struct msg_spec *
allowed(const struct chan *c, unsigned int type, unsigned int side)
{
	const struct msg_spec *s;

	if (type >= c->proto->count)
		return NULL;
	s = &c->proto->specs[type];
	if (s->side != side || (s->states & c->state) == 0)
		return NULL;
	return s;
}

static void
step(struct chan *c, const struct msg_spec *s)
{
	if (s->next != 0)
		c->state = s->next;
}

static size_t
encode(
    const struct msg_spec *s, unsigned int type, const void *msg, uint8_t *buf)
{
	struct wire w = { buf + 2, MSG_MAX - 2, false };
	uint16_t be = htobe16((uint16_t)type);

	memcpy(buf, &be, 2);
	s->put(&w, msg);
	return w.bad ? 0 : MSG_MAX - w.left;
}

static enum chan_result
wait_for(int fd, short events, deadline_t deadline)
{
	int r;

	if (deadline == 0)
		return CHAN_AGAIN;
	if ((r = deadline_poll(fd, events, deadline)) == 0)
		errno = ETIMEDOUT;
	return r == 1 ? CHAN_OK : CHAN_ERROR;
}

/* The system is short of something that comes back. */
static bool
is_shortage(int error)
{
	return error == ETOOMANYREFS || error == ENOBUFS || error == ENOMEM;
}

static enum chan_result
send_packet(int fd, const struct msghdr *mh, deadline_t deadline)
{
	enum chan_result r;

	for (;;) {
		if (sendmsg(fd, mh, MSG_DONTWAIT | MSG_NOSIGNAL) != -1)
			return CHAN_OK;
		if (errno == EPIPE || errno == ECONNRESET)
			return CHAN_EOF;
		if (errno == EAGAIN) {
			if ((r = wait_for(fd, POLLOUT, deadline)) != CHAN_OK)
				return r;
		} else if (errno != EINTR)
			return deadline == 0 && is_shortage(errno) ? CHAN_AGAIN
								   : CHAN_ERROR;
	}
}

static void
attach(struct msghdr *mh, union control *ctl, int fd)
{
	struct cmsghdr *cm;

	memset(ctl, 0, sizeof(*ctl));
	mh->msg_control = ctl->buf;
	mh->msg_controllen = sizeof(ctl->buf);
	cm = CMSG_FIRSTHDR(mh);
	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cm), &fd, sizeof(int));
}

enum chan_result
chan_send(struct chan *c, unsigned int type, const void *msg, int passfd,
    deadline_t deadline)
{
	const struct msg_spec *s = allowed(c, type, c->self);
	uint8_t buf[MSG_MAX];
	struct iovec iov = { .iov_base = buf };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control ctl;
	enum chan_result r;

	if (s == NULL || (iov.iov_len = encode(s, type, msg, buf)) == 0)
		abort();
	if (passfd != -1)
		attach(&mh, &ctl, passfd);
	if ((r = send_packet(c->fd, &mh, deadline)) == CHAN_OK)
		step(c, s);
	explicit_bzero(buf, iov.iov_len); /* tokens pass through here */
	return r;
}

bool
chan_put(
    struct chan *c, struct chan_batch *b, unsigned int type, const void *msg)
{
	const struct msg_spec *s = allowed(c, type, c->self);
	uint8_t buf[MSG_MAX];
	size_t n;

	if (s == NULL || (n = encode(s, type, msg, buf)) == 0 ||
	    n > sizeof(b->buf))
		abort();
	if (b->count == CHAN_BATCH || n > sizeof(b->buf) - b->used)
		return false;
	memcpy(b->buf + b->used, buf, n);
	b->used += n;
	b->len[b->count++] = n;
	step(c, s);
	return true;
}

/* The part of the batch that is not sent yet, as the system call wants it. */
static unsigned int
packets(struct chan_batch *b, unsigned int from, struct iovec *iov,
    struct mmsghdr *out)
{
	uint8_t *p = b->buf;

	for (unsigned int i = 0; i < b->count; p += b->len[i++]) {
		if (i < from)
			continue;
		iov[i - from] = (struct iovec){ p, b->len[i] };
		out[i - from] =
		    (struct mmsghdr){ .msg_hdr = { .msg_iov = &iov[i - from],
					  .msg_iovlen = 1 } };
	}
	return b->count - from;
}

enum chan_result
chan_flush(struct chan *c, struct chan_batch *b, deadline_t deadline)
{
	struct mmsghdr out[CHAN_BATCH];
	struct iovec iov[CHAN_BATCH];
	enum chan_result r = CHAN_OK;
	unsigned int sent = 0, n;
	int done;

	while (sent < b->count && r == CHAN_OK) {
		n = packets(b, sent, iov, out);
		done = sendmmsg(c->fd, out, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (done > 0)
			sent += (unsigned int)done;
		else if (errno == EPIPE || errno == ECONNRESET)
			r = CHAN_EOF;
		else if (errno == EAGAIN)
			r = wait_for(c->fd, POLLOUT, deadline);
		else if (errno != EINTR)
			r = CHAN_ERROR;
	}
	b->count = 0;
	b->used = 0;
	return r;
}

/*
 * The descriptor that came with a message, or -1: CHAN_SHORT when there was one
 * and no room for it.  A breach when there were more, of which the padded
 * buffer has room for some: these are closed.
 */
static enum chan_result
detach(struct msghdr *mh, int *fd)
{
	struct cmsghdr *cm = CMSG_FIRSTHDR(mh);
	bool cut = (mh->msg_flags & MSG_CTRUNC) != 0;
	size_t n;

	*fd = -1;
	if (cm == NULL || cm->cmsg_level != SOL_SOCKET ||
	    cm->cmsg_type != SCM_RIGHTS)
		return cut ? CHAN_SHORT : CHAN_OK;
	n = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	if (n == 1 && !cut) {
		memcpy(fd, CMSG_DATA(cm), sizeof(int));
		return CHAN_OK;
	}
	for (size_t i = 0; i < n; i++) {
		int one;

		memcpy(&one, CMSG_DATA(cm) + i * sizeof(int), sizeof(int));
		(void)close(one); /* not ours to judge */
	}
	return CHAN_BREACH;
}

/* Even an empty packet may bring descriptors. */
static enum chan_result
drop(struct msghdr *mh)
{
	int fd;

	if (detach(mh, &fd) == CHAN_OK && fd != -1)
		(void)close(fd); /* not ours to judge */
	return CHAN_EOF;
}

static enum chan_result
recv_packet(int fd, struct msghdr *mh, size_t *n, deadline_t deadline)
{
	enum chan_result r;
	ssize_t got;

	/* Who has time is waiting for an answer that is seldom there yet. */
	if (deadline != 0 && (r = wait_for(fd, POLLIN, deadline)) != CHAN_OK)
		return r;
	for (;;) {
		got = recvmsg(fd, mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (got > 0) {
			*n = (size_t)got;
			return CHAN_OK;
		}
		if (got == 0) /* or empty, which nobody sends */
			return drop(mh);
		if (errno == ECONNRESET)
			return CHAN_EOF;
		if (errno == EAGAIN) {
			if ((r = wait_for(fd, POLLIN, deadline)) != CHAN_OK)
				return r;
		} else if (errno != EINTR)
			return CHAN_ERROR;
	}
}

static enum chan_result
decode(struct chan *c, uint8_t *buf, size_t n, unsigned int *type, void *msg)
{
	struct wire w = { buf + 2, n - 2, false };
	const struct msg_spec *s;
	uint16_t be;

	memcpy(&be, buf, 2);
	*type = be16toh(be);
	if ((s = allowed(c, *type, !c->self)) == NULL)
		return CHAN_BREACH;
	memset(msg, 0, c->proto->size);
	s->get(&w, msg);
	if (w.bad || w.left != 0)
		return CHAN_BREACH;
	step(c, s);
	return CHAN_OK;
}

enum chan_result
chan_recv(struct chan *c, unsigned int *type, void *msg, int *passfd,
    deadline_t deadline)
{
	uint8_t buf[MSG_MAX];
	union control ctl;
	struct iovec iov = { .iov_base = buf, .iov_len = sizeof(buf) };
	struct msghdr mh = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = ctl.buf,
		.msg_controllen = sizeof(ctl.buf) };
	enum chan_result r, brought;
	size_t n;
	int fd;

	if (passfd != NULL)
		*passfd = -1;
	if ((r = recv_packet(c->fd, &mh, &n, deadline)) != CHAN_OK)
		return r;
	brought = detach(&mh, &fd);
	if (brought == CHAN_BREACH || n < 2 ||
	    (mh.msg_flags & MSG_TRUNC) != 0 ||
	    ((fd != -1 || brought == CHAN_SHORT) && passfd == NULL))
		r = CHAN_BREACH;
	else if ((r = decode(c, buf, n, type, msg)) == CHAN_OK)
		r = brought;
	explicit_bzero(buf, n); /* tokens pass through here */
	if (r != CHAN_OK && fd != -1) {
		(void)close(fd); /* not ours to judge */
		fd = -1;
	}
	if (passfd != NULL)
		*passfd = fd;
	return r;
}

const char *
chan_result_text(enum chan_result r)
{
	switch (r) {
	case CHAN_OK:
		return "ok";
	case CHAN_AGAIN:
		return "no room";
	case CHAN_SHORT:
		return "no descriptor left";
	case CHAN_EOF:
		return "closed";
	case CHAN_BREACH:
		return "breach of the channel's rules";
	case CHAN_ERROR:
		break;
	}
	return strerror(errno);
}
