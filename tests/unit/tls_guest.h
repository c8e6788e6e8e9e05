/*
 * tls_guest: a process with one TLS connection, its session and its peer; the
 * test is both.
 */
#ifndef TESTS_UNIT_TLS_GUEST_H
#define TESTS_UNIT_TLS_GUEST_H

#include "tests/unit/tls_pair.h"

#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include "common/msg_sign.h"
#include "common/tls_connection.h"

#define GUEST_WAIT 20000 /* milliseconds until a test has failed */

struct guest {
	pid_t pid;
	struct chan session;
	int net;  /* the peer's */
	int ours; /* as the session has it: the same socket as the process's */
	int plain;
	struct msg_tls_ready ready;
	char reason[TEXT_MAX + 1];
};

static const struct mac_key guest_witness = { { 1, 2, 3 } };
static int guest_sign = -1; /* its sign channel, if there is to be one */

/* A TCP connection with itself. */
static inline void
guest_tcp(int pair[2])
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;

	assert_int_not_equal(l, -1);
	assert_int_equal(bind(l, (struct sockaddr *)&a, n), 0);
	assert_int_equal(listen(l, 1), 0);
	assert_int_equal(getsockname(l, (struct sockaddr *)&a, &n), 0);
	pair[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(pair[0], (struct sockaddr *)&a, n), 0);
	pair[1] = accept4(l, NULL, NULL, SOCK_CLOEXEC);
	assert_int_not_equal(pair[1], -1);
	assert_int_equal(
	    setsockopt(pair[0], IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)),
	    0);
	(void)close(l);
}

/* Its peer, as its session names it. */
static inline struct witness_peer
guest_peer(const struct msg_tls_start *m)
{
	return (m->flags & TLS_CONNECT) == 0
	    ? witness_client
	    : (struct witness_peer){ true, m->verify, m->name };
}

/* In the process: what tlsd's acceptor does before. */
static inline int
guest_serve(int fd, int socket, SSL_CTX *ctx)
{
	struct witness_once witness;
	struct witness_peer peer;
	struct chan session, sign;
	struct tls_connection c = { .session = &session,
		.socket = socket,
		.ctx = ctx,
		.witness = &witness };
	union msg_tls m;
	unsigned int type;

	chan_init(&session, fd, &tls_channel, TLS_SERVER);
	if (chan_recv(&session, &type, &m, NULL, deadline_in_ms(GUEST_WAIT)) !=
	    CHAN_OK)
		return 99;
	c.start = m.start;
	peer = guest_peer(&c.start);
	if (!witness_for_one(&guest_witness, &peer, &witness))
		return 98;
	c.at_once = type == TLS_T_NOW;
	chan_init(&sign, guest_sign, &sign_channel, SIGN_ASKER);
	if (guest_sign != -1)
		c.sign = &sign;
	return tls_connection_run(&c);
}

static inline void
guest_start(struct guest *g, SSL_CTX *ctx, const struct msg_tls_start *m,
    unsigned int type)
{
	int net[2], chan[2];

	*g = (struct guest){ .plain = -1 };
	guest_tcp(net);
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, chan), 0);
	g->pid = fork();
	assert_int_not_equal(g->pid, -1);
	if (g->pid == 0) {
		(void)close(net[0]);
		(void)close(chan[0]);
		_exit(guest_serve(chan[1], net[1], ctx));
	}
	(void)close(chan[1]);
	g->net = net[0];
	g->ours = net[1];
	chan_init(&g->session, chan[0], &tls_channel, TLS_SESSION);
	assert_int_equal(
	    chan_send(&g->session, type, m, -1, deadline_in_ms(GUEST_WAIT)),
	    CHAN_OK);
}

/* The first word of the process: accepted, or begun. */
static inline void
guest_hears(struct guest *g, unsigned int wanted)
{
	union msg_tls m;
	unsigned int type;

	assert_int_equal(
	    chan_recv(&g->session, &type, &m, NULL, deadline_in_ms(GUEST_WAIT)),
	    CHAN_OK);
	assert_int_equal(type, wanted);
}

static inline void
guest_go(struct guest *g)
{
	const struct msg_tls_go go = { 0 };

	assert_int_equal(chan_send(&g->session, TLS_T_GO, &go, -1,
			     deadline_in_ms(GUEST_WAIT)),
	    CHAN_OK);
}

/* Both at once, as a server for the service smtp. */
static inline void
guest_now(struct guest *g, SSL_CTX *ctx)
{
	const struct msg_tls_start m = { .service = "smtp" };

	guest_start(g, ctx, &m, TLS_T_NOW);
}

/* Whether the session hears ready; else g->reason says why not. */
static inline bool
guest_ready(struct guest *g)
{
	union msg_tls m;
	unsigned int type;

	do
		assert_int_equal(chan_recv(&g->session, &type, &m, &g->plain,
				     deadline_in_ms(GUEST_WAIT)),
		    CHAN_OK);
	while (type == TLS_T_BEGUN && g->plain == -1);
	assert_int_equal(type == TLS_T_READY, g->plain != -1);
	if (type == TLS_T_READY)
		g->ready = m.ready;
	else
		(void)snprintf(
		    g->reason, sizeof(g->reason), "%s", m.failed.reason);
	(void)close(g->ours);
	g->ours = -1;
	return type == TLS_T_READY;
}

static inline void
guest_close(int *fd)
{
	if (*fd != -1)
		(void)close(*fd);
	*fd = -1;
}

/* Closes all, and says how the process ended; what it used in *use. */
static inline int
guest_end_used(struct guest *g, struct rusage *use)
{
	int status;

	guest_close(&g->net);
	guest_close(&g->ours);
	guest_close(&g->plain);
	chan_close(&g->session);
	assert_int_equal(wait4(g->pid, &status, 0, use), g->pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static inline int
guest_end(struct guest *g)
{
	return guest_end_used(g, NULL);
}

/* The peer: a blocking client, with its handshake behind it, or NULL. */
static inline SSL *
guest_client(struct guest *g, SSL_CTX *ctx)
{
	SSL *ssl = SSL_new(ctx);

	assert_non_null(ssl);
	assert_int_equal(SSL_set_fd(ssl, g->net), 1);
	if (SSL_connect(ssl) == 1)
		return ssl;
	SSL_free(ssl);
	return NULL;
}

/* Exactly these bytes come out of the plain socket. */
static inline void
guest_plain_reads(struct guest *g, const char *want)
{
	char got[4096];
	size_t n = 0, len = strlen(want);
	ssize_t r;

	while (n < len) {
		assert_int_equal(
		    deadline_poll(g->plain, POLLIN, deadline_in_ms(GUEST_WAIT)),
		    1);
		r = recv(g->plain, got + n, len - n, 0);
		assert_true(r > 0);
		n += (size_t)r;
	}
	assert_memory_equal(got, want, len);
}

/* The plain socket is at its end. */
static inline void
guest_plain_ends(struct guest *g)
{
	char c;

	assert_int_equal(
	    deadline_poll(g->plain, POLLIN, deadline_in_ms(GUEST_WAIT)), 1);
	assert_true(recv(g->plain, &c, 1, 0) <= 0);
}

static inline void
guest_plain_writes(struct guest *g, const char *s)
{
	assert_int_equal(
	    send(g->plain, s, strlen(s), MSG_NOSIGNAL), (ssize_t)strlen(s));
}

static inline void
guest_tls_reads(SSL *ssl, const char *want)
{
	char got[4096];
	int n = 0, len = (int)strlen(want), r;

	while (n < len) {
		r = SSL_read(ssl, got + n, len - n);
		assert_true(r > 0);
		n += r;
	}
	assert_memory_equal(got, want, (size_t)len);
}

static inline void
guest_tls_writes(SSL *ssl, const char *s)
{
	assert_int_equal(SSL_write(ssl, s, (int)strlen(s)), strlen(s));
}

#endif
