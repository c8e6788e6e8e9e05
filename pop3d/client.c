/*
 * client: the POP3 client at the other end.  In pop3d, as postrider-net, and
 * in pop3-mailbox, as the mailbox owner; talks to the client's socket and to
 * nothing else.
 */
#include <sys/socket.h>

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
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
	c->patience = most;
	if (rate > 0 && GRACE + LINEIO_OUT / rate < most)
		c->patience = GRACE + LINEIO_OUT / rate;
}

void
client_put(struct client *c, const void *buf, size_t n)
{
	const char *p = buf;
	deadline_t d = 0; /* nothing waits while there is room */
	size_t part;

	while (n > 0 && !c->broken) {
		part = n < LINEIO_OUT ? n : LINEIO_OUT;
		if (part > sizeof(c->io.outbuf) - c->io.outlen)
			d = deadline_in(c->patience);
		c->broken = lineio_put(&c->io, p, part, d) == -1;
		p += part;
		n -= part;
	}
}

void
client_reply(struct client *c, const char *fmt, ...)
{
	char line[REPLY_MAX - 1];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < 0)
		n = 0;
	if ((size_t)n >= sizeof(line))
		n = sizeof(line) - 1;
	client_put(c, line, (size_t)n);
	client_put(c, "\r\n", 2);
}

void
client_flush(struct client *c)
{
	if (!c->broken && c->io.outlen > 0)
		c->broken =
		    lineio_flush(&c->io, deadline_in(c->patience)) == -1;
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
 * destroy the last reply on its way.
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
	if (c->broken || (lineio_pending(&c->io) == 0 && poll(&p, 1, 0) != 1))
		return;
	(void)shutdown(c->io.out, SHUT_WR); /* it may be gone already */
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
