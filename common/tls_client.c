/*
 * tls_client: a session's end of the channel to tlsd (msg_tls.h).
 *
 * In smtpd, pop3d and remote, as postrider-net or postrider-out.  Gives away a
 * descriptor of the client's socket and takes a plain one for it; must never
 * read or write either, nor wait without a deadline, nor leave a channel open
 * on which tlsd could still begin after it was given up.
 */
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/chan_patient.h"
#include "common/log.h"
#include "common/sock.h"
#include "common/tls_client.h"

#define SLACK 5 /* seconds that tlsd has besides the handshake */

bool
tls_client_open(struct tls_client *c, const char *run_dir)
{
	int fd = sock_connect(run_dir, "tls", SOCK_SEQPACKET);

	if (fd == -1)
		log_error("-", "path=%s/tls wanted=connection found=%s",
		    run_dir, strerror(errno));
	chan_init(&c->chan, fd, &tls_channel, TLS_SESSION);
	c->penalty = false;
	return fd != -1;
}

void
tls_client_none(struct tls_client *c)
{
	chan_init(&c->chan, -1, &tls_channel, TLS_SESSION);
	c->penalty = c->refused = false;
}

/* The end of the channel, and why. */
static void
give_up(struct tls_client *c, char reason[TEXT_MAX + 1], const char *why)
{
	strlcpy(reason, why, TEXT_MAX + 1);
	chan_close(&c->chan);
}

static const char *
why(enum chan_result r)
{
	if (r == CHAN_ERROR && errno == ETIMEDOUT)
		return "no answer from tlsd in time";
	if (r == CHAN_EOF)
		return "tlsd has ended the connection";
	return chan_result_text(r);
}

static void
not_heard(struct tls_client *c, char reason[TEXT_MAX + 1], enum chan_result r)
{
	char text[TEXT_MAX + 1];

	(void)snprintf(text, sizeof(text), "tlsd does not listen: %s", why(r));
	give_up(c, reason, text);
}

/* ready has a descriptor, the others none. */
struct answer {
	union msg_tls m;
	int fd;
};

/* Waits for one of this type.  False with the channel closed. */
static bool
expect(struct tls_client *c, unsigned int type, struct answer *a,
    deadline_t deadline, char reason[TEXT_MAX + 1])
{
	bool brings = type == TLS_T_READY;
	unsigned int got = TLS_T_COUNT;
	enum chan_result r;

	a->fd = -1;
	r = chan_recv(&c->chan, &got, &a->m, brings ? &a->fd : NULL, deadline);
	if (r == CHAN_OK && got == type && brings == (a->fd != -1))
		return true;
	if (r != CHAN_OK)
		give_up(c, reason, why(r));
	else if (got == TLS_T_FAILED) {
		c->refused = true;
		c->penalty = strcmp(a->m.failed.reason, TLS_PENALTY) == 0;
		give_up(c, reason, a->m.failed.reason);
	} else
		give_up(c, reason, "another answer of tlsd than agreed");
	if (a->fd != -1)
		(void)close(a->fd); /* nothing went through it */
	return false;
}

/* A read of the plain socket is to wait, whoever made it. */
static bool
make_blocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags == -1)
		return false;
	return (flags & O_NONBLOCK) == 0 ||
	    fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != -1;
}

static int
plain_socket(struct tls_client *c, struct msg_tls_ready *ready,
    deadline_t deadline, char reason[TEXT_MAX + 1])
{
	struct answer a;

	if (!expect(c, TLS_T_READY, &a, deadline, reason))
		return -1;
	if (!make_blocking(a.fd)) {
		give_up(c, reason, strerror(errno));
		(void)close(a.fd); /* nothing went through it */
		return -1;
	}
	*ready = a.m.ready;
	chan_close(&c->chan);
	return a.fd;
}

/* Says start or now, and hears that somebody is there. */
static bool
ask(struct tls_client *c, unsigned int type, const struct msg_tls_start *start,
    int socket, char reason[TEXT_MAX + 1])
{
	deadline_t deadline = deadline_in(TLS_ANSWER);
	enum chan_result r;
	struct answer a;

	if (c->chan.fd == -1) {
		give_up(c, reason, "tlsd is not there");
		return false;
	}
	r = chan_send_patiently(&c->chan, type, start, socket, deadline);
	if (r != CHAN_OK) {
		not_heard(c, reason, r);
		return false;
	}
	return expect(c, type == TLS_T_NOW ? TLS_T_BEGUN : TLS_T_ACCEPTED, &a,
	    deadline, reason);
}

bool
tls_client_offer(struct tls_client *c, const struct msg_tls_start *start,
    int socket, char reason[TEXT_MAX + 1])
{
	return ask(c, TLS_T_START, start, socket, reason);
}

int
tls_client_go(struct tls_client *c, struct msg_tls_ready *ready,
    char reason[TEXT_MAX + 1])
{
	deadline_t deadline = deadline_in(TLS_HANDSHAKE + SLACK);
	const struct msg_tls_go go = { 0 };
	enum chan_result r;

	r = chan_send_patiently(&c->chan, TLS_T_GO, &go, -1, deadline);
	if (r != CHAN_OK) {
		not_heard(c, reason, r);
		return -1;
	}
	return plain_socket(c, ready, deadline, reason);
}

int
tls_client_now(struct tls_client *c, const struct msg_tls_start *start,
    int socket, struct msg_tls_ready *ready, char reason[TEXT_MAX + 1])
{
	/* A tlsd that is stopped costs seconds, and not a whole handshake. */
	if (!ask(c, TLS_T_NOW, start, socket, reason))
		return -1;
	return plain_socket(
	    c, ready, deadline_in(TLS_HANDSHAKE + SLACK), reason);
}
