/*
 * login_line: TLS on the client's line.  In pop3d, as postrider-net; talks to
 * the client and to tlsd (msg_tls.h), which does the cryptography and leaves a
 * plain socket in the place of the client's.  Must not let a byte that came
 * before TLS be taken for one that came through it, and must not write one
 * once a handshake may have begun.
 */
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/fault.h"
#include "pop3d/login_line.h"

#define FLOOD 65536 /* bytes behind STLS that are thrown away */

/* What may be said follows from the line alone. */
static void
learn(struct login_line *l)
{
	struct mechs_line m;

	l->secrets = l->encrypted ||
	    (l->plaintext &&
		(l->policy == TLS_NO || l->policy == TLS_OPTIONAL));
	m.secrets = l->secrets;
	m.binding = l->binding;
	m.exporter = l->tls.exporter_len == TLS_DIGEST;
	m.certificate = l->tls.certificate_len == TLS_DIGEST;
	mechs_offered(l->tables, &m, l->offered);
}

void
login_line_init(struct login_line *l)
{
	l->encrypted = false;
	memset(&l->tls, 0, sizeof(l->tls));
	learn(l);
}

/* tlsd says nothing unasked: what there is to read is the end. */
static bool
is_there(const struct tls_client *c)
{
	struct pollfd p = { .fd = c->chan.fd, .events = POLLIN };

	return c->chan.fd != -1 && poll(&p, 1, 0) == 0;
}

bool
login_line_can_stls(struct login_line *l)
{
	return !l->encrypted && l->policy != TLS_NO && l->certificates &&
	    is_there(&l->tlsd);
}

struct tls_line
login_line_of(const struct login_line *l)
{
	return (struct tls_line){ "pop3", l->profile, l->ip };
}

static void
log_failed(const struct login_line *l, const char *reason)
{
	const struct tls_line line = login_line_of(l);

	tls_line_log_failed(&line, reason);
}

/*
 * What came before the answer to STLS, in memory and in the kernel; false when
 * it does not end.
 */
static bool
throw_away(struct client *c)
{
	char bytes[4096];
	size_t total = 0;
	ssize_t n;

	lineio_discard(&c->io);
	while (total < FLOOD) {
		n = recv(c->io.in, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return true; /* a client that left is noticed later */
		total += (size_t)n;
	}
	return false;
}

/* The line is in tlsd's hands, which nobody must disturb. */
static void
keep_silent(struct client *c)
{
	fault_client(-1);
	c->broken = true;
}

/* The client hears the end, also when tlsd has stopped and keeps the line. */
static void
give_up(const struct login_line *l, struct client *c, const char *reason)
{
	log_failed(l, reason);
	(void)shutdown(c->io.in, SHUT_RDWR); /* or the client has done it */
}

/*
 * The plain socket takes the place of the client's, by number: it is the only
 * one that is left.
 */
static bool
take_over(struct login_line *l, struct client *c, int plain)
{
	const struct tls_line line = login_line_of(l);
	int fd = c->io.in;
	bool done = dup3(plain, fd, O_CLOEXEC) != -1;

	if (!done)
		give_up(l, c, strerror(errno));
	(void)close(plain); /* it has another number now, or is of no use */
	if (!done)
		return false;
	explicit_bzero(c->io.inbuf, c->io.end);
	lineio_init(&c->io, fd, fd);
	c->io.exact = true;
	c->broken = false;
	fault_client(fd);
	l->encrypted = true;
	learn(l);
	tls_line_log(&line, &l->tls);
	return true;
}

/* False with the reason logged; nothing has changed then. */
static bool
offer(struct login_line *l, struct client *c)
{
	char reason[TEXT_MAX + 1];
	const struct tls_line line = login_line_of(l);
	struct msg_tls_start m;

	tls_line_start(&line, &m);
	if (tls_client_offer(&l->tlsd, &m, c->io.in, reason))
		return true;
	log_failed(l, reason);
	return false;
}

/* False when a close is all that is left. */
static bool
finish(struct login_line *l, struct client *c, int plain, const char *reason)
{
	if (plain != -1)
		return take_over(l, c, plain);
	give_up(l, c, reason);
	return false;
}

/* The handshake that was offered. */
static bool
begin(struct login_line *l, struct client *c)
{
	char reason[TEXT_MAX + 1];

	keep_silent(c);
	return finish(l, c, tls_client_go(&l->tlsd, &l->tls, reason), reason);
}

enum login_stls
login_line_stls(struct login_line *l, struct client *c)
{
	client_flush(c); /* what was said before need not wait for tlsd */
	if (!offer(l, c))
		return STLS_LATER;
	if (!throw_away(c))
		return STLS_FLOOD;
	client_reply(c, "+OK Begin TLS now");
	client_flush(c);
	return !c->broken && begin(l, c) ? STLS_DONE : STLS_BROKEN;
}

bool
login_line_now(struct login_line *l, struct client *c)
{
	const struct tls_line line = login_line_of(l);
	char reason[TEXT_MAX + 1];
	struct msg_tls_start m;

	tls_line_start(&line, &m);
	keep_silent(c);
	return finish(l, c,
	    tls_client_now(&l->tlsd, &m, c->io.in, &l->tls, reason), reason);
}
