/*
 * client: the POP3 client at the other end.  In pop3d, as postrider-net, and
 * in pop3-mailbox, as the mailbox owner; talks to the client's socket and to
 * nothing else.
 */
#include <sys/socket.h>

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pop3d/client.h"

#define GRACE 30           /* seconds added to what the rate allows */
#define LINGER 2           /* seconds to let a refused client read */
#define LINGER_BYTES 65536 /* and bytes it may still send meanwhile */

void
client_init(struct client *c, int in, int out, int64_t rate, int64_t most)
{
	lineio_init(&c->io, in, out);
	c->broken = false;
	c->outlen = 0;
	c->patience = most;
	if (rate > 0 && GRACE + LINEIO_OUT / rate < most)
		c->patience = GRACE + LINEIO_OUT / rate;
}

/* Each LINEIO_OUT bytes may take as long as patience lasts. */
void
client_flush(struct client *c)
{
	size_t done = 0, part = 0, sent;
	deadline_t d;

	if (c->outlen == 0)
		return;
	d = deadline_in(c->patience);
	while (done < c->outlen && !c->broken) {
		if (part >= LINEIO_OUT) {
			d = deadline_in(c->patience);
			part = 0;
		}
		c->broken = lineio_send(&c->io, c->outbuf + done,
				c->outlen - done, &sent, d) == -1;
		done += sent;
		part += sent;
	}
	c->outlen = 0;
}

char *
client_room(struct client *c, size_t n)
{
	if (n > sizeof(c->outbuf) - c->outlen)
		client_flush(c);
	return c->outbuf + c->outlen;
}

void
client_took(struct client *c, size_t n)
{
	c->outlen += n;
}

void
client_put(struct client *c, const void *buf, size_t n)
{
	const char *p = buf;
	size_t part;

	for (; n > 0 && !c->broken; n -= part, p += part) {
		part = n < CLIENT_ROOM ? n : CLIENT_ROOM;
		memcpy(client_room(c, part), p, part);
		client_took(c, part);
	}
}

void
client_reply(struct client *c, const char *fmt, ...)
{
	char *line = client_room(c, REPLY_MAX);
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, REPLY_MAX - 1, fmt, ap);
	va_end(ap);
	if (n < 0)
		n = 0;
	if (n > REPLY_MAX - 2)
		n = REPLY_MAX - 2;
	memcpy(line + n, "\r\n", 2);
	client_took(c, (size_t)n + 2);
}

char *
client_decimal(char *p, uint64_t v)
{
	char digits[CLIENT_DECIMAL];
	size_t n = sizeof(digits);

	do
		digits[--n] = (char)('0' + v % 10);
	while ((v /= 10) > 0);
	memcpy(p, digits + n, sizeof(digits) - n);
	return p + sizeof(digits) - n;
}

enum line
client_get(struct client *c, char *line, size_t size, deadline_t deadline)
{
	if (!lineio_has_line(&c->io))
		client_flush(c);
	if (c->broken)
		return LINE_ERROR;
	return lineio_get(&c->io, line, size, deadline);
}

/*
 * Closing a socket with unread input makes the kernel send a reset, which can
 * destroy the last reply on its way.  Closing does not end the connection at
 * all while a tlsd that did not answer has the socket, too.
 */
void
client_end(struct client *c)
{
	struct pollfd p = { .fd = c->io.in, .events = POLLIN };
	deadline_t end = deadline_in(LINGER);
	char drain[4096];
	size_t total = 0;
	ssize_t n;

	client_flush(c);
	(void)shutdown(c->io.out, SHUT_WR); /* it may be gone already */
	if (c->broken || (lineio_pending(&c->io) == 0 && poll(&p, 1, 0) != 1))
		return;
	while (
	    total < LINGER_BYTES && deadline_poll(c->io.in, POLLIN, end) == 1) {
		if ((n = read(c->io.in, drain, sizeof(drain))) <= 0)
			break;
		total += (size_t)n;
	}
}

const char *
client_line_text(enum line r)
{
	switch (r) {
	case LINE_EOF:
		return "closed";
	case LINE_TIMEOUT:
		return "timeout";
	case LINE_OK:
	case LINE_LONG:
	case LINE_BAD:
		break;
	case LINE_ERROR:
		return "error";
	}
	return "quit";
}
