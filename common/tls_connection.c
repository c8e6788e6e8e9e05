/*
 * tls_connection: one TLS connection, in a process of its own.
 *
 * Forked by tlsd's acceptor for each session that asks; the first code of the
 * suite that reads the peer's bytes of TLS.  Has no private key of a
 * certificate: tls_key.h asks the keeper.  Touches the peer's socket only after
 * the session has said go.
 */
#include <sys/socket.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/deadline.h"
#include "common/tls_connection.h"
#include "common/tls_context.h"
#include "common/tls_facts.h"
#include "common/tls_key.h"
#include "common/tls_reason.h"
#include "common/tls_relay.h"
#include "common/tls_time.h"
#include "common/tls_verify.h"
#include "common/tls_wire.h"

#define ALERT_LINGER 1000 /* milliseconds for a peer to read why it failed */

struct work {
	struct tls_connection *c;
	SSL *ssl;
	struct tls_wire wire;
	struct tls_verify verify;
	char reason[TEXT_MAX + 1];
	bool ours; /* the fault */
};

static bool
connects(const struct tls_connection *c)
{
	return (c->start.flags & TLS_CONNECT) != 0;
}

/*
 * Who said now has said all, and only wants to know that we are there.  Whoever
 * has waited too long for that is gone, and has ended the connection.
 */
static bool
begin_now(struct tls_connection *c)
{
	const struct msg_tls_begun begun = { 0 };

	return chan_send(c->session, TLS_T_BEGUN, &begun, -1,
		   deadline_in(TLS_ANSWER)) == CHAN_OK;
}

/* Waits for the session's word; false: it does not want it any more. */
static bool
hear_go(struct tls_connection *c)
{
	const struct msg_tls_accepted accepted = { 0 };
	deadline_t end = deadline_in(TLS_HANDSHAKE);
	unsigned int type;
	union msg_tls m;

	if (c->at_once)
		return begin_now(c);
	return chan_send(c->session, TLS_T_ACCEPTED, &accepted, -1, end) ==
	    CHAN_OK &&
	    chan_recv(c->session, &type, &m, NULL, end) == CHAN_OK &&
	    type == TLS_T_GO;
}

/* --- handshake */

static bool
prepare(struct work *w)
{
	const int yes = 1;

	/* Not a TCP socket in some tests, and no harm if it fails. */
	(void)setsockopt(
	    w->c->socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	if ((w->ssl = SSL_new(w->c->ctx)) == NULL ||
	    !tls_wire_attach(w->ssl, &w->wire, w->c->socket)) {
		(void)strlcpy(w->reason, "no memory", sizeof(w->reason));
		return false;
	}
	if (!connects(w->c)) {
		SSL_set_accept_state(w->ssl);
		return true;
	}
	SSL_set_connect_state(w->ssl);
	if (tls_verify_want(w->ssl, &w->verify, &w->c->start))
		return true;
	(void)strlcpy(w->reason, w->verify.reason, sizeof(w->reason));
	return false;
}

/*
 * The channel whose end, before anything was asked on it, says that the keeper
 * has no room for it; or -1.
 */
static int
unasked(const struct work *w)
{
	return w->c->sign != NULL && SSL_get_state(w->ssl) == TLS_ST_BEFORE
	    ? w->c->sign->fd
	    : -1;
}

/* Until the socket is ready; NULL, or why there is nothing to wait for. */
static const char *
wait_for_peer(struct work *w, short events, deadline_t end)
{
	struct pollfd p[3] = {
		{ .fd = w->c->socket, .events = events },
		{ .fd = w->c->session->fd, .events = POLLIN },
		{ .fd = unasked(w) },
	};
	int n;

	while ((n = poll(p, 3, deadline_left(end))) == -1 && errno == EINTR)
		continue;
	w->ours = n == -1 || p[2].revents != 0;
	if (n == -1)
		return "poll failed";
	if (p[2].revents != 0)
		return "the keeper of keys has no room";
	if (n == 0)
		return "the handshake took too long";
	if (p[1].revents != 0)
		return "the session has ended";
	w->wire.dry = false;
	return NULL;
}

static void
explain(struct work *w)
{
	if (*w->verify.reason != '\0') {
		(void)strlcpy(w->reason, w->verify.reason, sizeof(w->reason));
		ERR_clear_error();
	} else
		tls_reason(w->ssl, &w->wire, w->reason);
}

/* False with w->reason. */
static bool
shake_hands(struct work *w)
{
	deadline_t end = deadline_in(TLS_HANDSHAKE);
	const char *why;
	int n, error;

	while ((n = SSL_do_handshake(w->ssl)) != 1) {
		error = SSL_get_error(w->ssl, n);
		if (error != SSL_ERROR_WANT_READ &&
		    error != SSL_ERROR_WANT_WRITE) {
			explain(w);
			return false;
		}
		why = wait_for_peer(
		    w, error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, end);
		if (why != NULL) {
			(void)strlcpy(w->reason, why, sizeof(w->reason));
			return false;
		}
	}
	return true;
}

/*
 * A session that is resumed has the result of its first handshake, when the
 * certificate may have been good; for how long at most, see tls_tickets.h.
 */
static bool
is_verified(const struct work *w)
{
	const X509 *peer = SSL_get0_peer_certificate(w->ssl);

	if (connects(w->c))
		return w->verify.good;
	return peer != NULL && SSL_get_verify_result(w->ssl) == X509_V_OK &&
	    tls_time_good(peer, time(NULL));
}

/*
 * A client who has sent nothing has looked whether we are there, or was
 * somebody's check of that.  What the keeper did not sign is not its fault.
 */
static int
judge(const struct work *w)
{
	if (w->ours || tls_key_failed())
		return TLS_EXIT_OURS;
	return w->wire.heads == 0 && !connects(w->c) ? TLS_EXIT_UNUSED
						     : TLS_EXIT_FAILED;
}

/* --- answers */

static void
say_failed(struct work *w)
{
	struct msg_tls_failed m;

	(void)strlcpy(m.reason, w->reason, sizeof(m.reason));
	/* A session that is gone does not want to know. */
	(void)chan_send(
	    w->c->session, TLS_T_FAILED, &m, -1, deadline_in(TLS_ANSWER));
	chan_close(w->c->session);
}

/* Returns the relay's end of the plain socket, or -1. */
static int
say_ready(struct work *w)
{
	struct msg_tls_ready m;
	enum chan_result r;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1) {
		(void)snprintf(w->reason, sizeof(w->reason), "socketpair: %s",
		    strerror(errno));
		say_failed(w);
		return -1;
	}
	tls_facts(w->ssl, w->c->witness, is_verified(w), &m);
	r = chan_send(
	    w->c->session, TLS_T_READY, &m, pair[1], deadline_in(TLS_ANSWER));
	chan_close(w->c->session);
	(void)close(pair[1]); /* the session has it */
	if (r == CHAN_OK)
		return pair[0];
	(void)close(pair[0]); /* nobody is at the other end */
	return -1;
}

static int
work(struct work *w)
{
	int plain, status = TLS_EXIT_DONE;

	if (!prepare(w)) {
		say_failed(w);
		return TLS_EXIT_OURS;
	}
	if (shake_hands(w)) {
		if (w->c->sign != NULL)
			chan_close(w->c->sign); /* there is no more to sign */
		tls_contexts_forget(w->c->ctx);
		if ((plain = say_ready(w)) != -1) {
			tls_relay_run(w->ssl, &w->wire, plain);
			(void)close(plain); /* a socket: nothing to lose */
		}
	} else {
		status = judge(w);
		say_failed(w);
		tls_wire_linger(&w->wire, ALERT_LINGER);
	}
	return status;
}

int
tls_connection_run(struct tls_connection *c)
{
	struct work w = { .c = c };
	int status = TLS_EXIT_UNUSED;

	if (hear_go(c))
		status = work(&w);
	/* The end of the process frees the rest, for less. */
	chan_close(c->session);
	(void)close(c->socket); /* a socket holds nothing to lose */
	c->socket = -1;
	return status;
}
