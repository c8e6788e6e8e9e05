/*
 * tls_acceptor: the process of tlsd that hears sessions.
 *
 * Forked by tlsd's keeper before it reads a key, as postrider-tls.  Sessions
 * (msg_tls.h) may have been taken over: what they say is judged, and the
 * descriptor that they send is passed on and never read or written here.  Holds
 * certificates, the keys of session tickets and the witness key, of which a
 * connection gets one for itself; no private key.
 * Must never see a byte of a client.
 */
#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/log.h"
#include "common/msg_certs.h"
#include "common/net.h"
#include "common/server.h"
#include "common/sock.h"
#include "common/tables_fresh.h"
#include "common/tls_acceptor.h"
#include "common/tls_acceptor_child.h"
#include "common/tls_context.h"
#include "common/tls_time.h"

/*
 * Seconds that the keeper may need to take a connection's channel: as long as
 * it is busy signing, no further handshake would be quicker.
 */
#define KEEPER_WAIT 2
#define SECOND 1000 /* ms */
#define DOUBT 250   /* ms that a silent keeper is waited for */

struct tls_acceptor {
	struct tls_acceptor_start start;
	struct tables_fresh tables;
	struct tls_contexts *contexts;
	struct peer *keeper; /* NULL: gone */
	deadline_t heard;    /* when it last said something */
	bool doubted;        /* it was waited for since */
	bool wants;          /* certificates, for which there was no room */
	struct server server;
	bool listening;
	struct tls_children children;
	uint32_t certificates, refused;
	uint64_t expires; /* as in msg_tls_state */
};

/* What a session asked for, on its way. */
struct request {
	struct peer *peer;
	const struct msg_tls_start *start;
	bool at_once;
	int socket;
	char client[IP_MAX + 1]; /* "" when we are it */
};

static void
refuse(const struct request *q, const char *reason)
{
	union msg_tls m;

	memset(&m, 0, sizeof(m));
	strlcpy(m.failed.reason, reason, sizeof(m.failed.reason));
	(void)peer_send(q->peer, TLS_T_FAILED, &m, -1); /* or it is gone */
}

/* Gives the keeper its end of a sign channel; ours, or -1. */
static int
open_sign(struct tls_acceptor *a)
{
	union msg_certs m;
	enum chan_result r;
	int pair[2];

	if (a->keeper == NULL || sock_pair(pair) == -1)
		return -1;
	memset(&m, 0, sizeof(m));
	r = chan_send(&a->keeper->chan, CERTS_T_CHILD, &m, pair[1],
	    deadline_in(KEEPER_WAIT));
	(void)close(pair[1]); /* the keeper has it, or will not */
	if (r == CHAN_OK)
		return pair[0];
	if (server_may_log(&a->server))
		log_error("-", "channel=certs wanted=room found=%s",
		    chan_result_text(r));
	(void)close(pair[0]); /* nobody is at the other end */
	return -1;
}

/* Whether there is a process now. */
static bool
start_process(
    struct tls_acceptor *a, const struct request *q, SSL_CTX *ctx, int sign)
{
	bool serves = (q->start->flags & TLS_CONNECT) == 0;
	const struct witness_peer server = {
		.is_server = true,
		.verify = q->start->verify,
		.name = q->start->name,
	};
	struct witness_once witness;
	struct tls_connection c = {
		.session = &q->peer->chan,
		.start = *q->start,
		.at_once = q->at_once,
		.socket = q->socket,
		.ctx = ctx,
		.witness = &witness,
	};
	bool started;
	int error;

	if (!witness_for_one(
		a->start.witness, serves ? &witness_client : &server, &witness))
		return false;
	started = tls_children_start(&a->children, &c, sign, q->client);
	error = errno;
	/* What the next one finds on its stack is not to be this one's. */
	explicit_bzero(&witness, sizeof(witness));
	errno = error;
	return started;
}

static void
start(struct tls_acceptor *a, const struct request *q, SSL_CTX *ctx)
{
	int sign = open_sign(a);

	if (sign == -1) {
		refuse(q, "no keeper of keys");
		return;
	}
	if (!start_process(a, q, ctx, sign)) {
		if (server_may_log(&a->server))
			log_error(
			    "-", "wanted=process found=%s", strerror(errno));
		refuse(q, "no process");
	}
	(void)close(sign); /* the process has it */
}

/* Seconds without a word of the keeper when it hangs; else 0. */
static uint32_t
stalled(struct tls_acceptor *a)
{
	int64_t silence = deadline_now() - a->heard;
	deadline_t wait = deadline_in_ms(a->doubted ? 0 : DOUBT);

	if (a->keeper == NULL || silence <= CERTS_SILENCE * SECOND)
		return 0;
	/*
	 * If there is something to read it is we who are late.  When both of us
	 * were stopped there will be at once; once in a silence is enough.
	 */
	a->doubted = true;
	if (deadline_poll(a->start.keeper, POLLIN, wait) == 1)
		return 0;
	return (uint32_t)(silence / SECOND);
}

static void
answer(struct tls_acceptor *a, const struct request *q)
{
	struct tables *t = tables_fresh_get(&a->tables);
	char reason[TEXT_MAX + 1] = "no tables";
	SSL_CTX *ctx;
	const char *why;

	if (a->keeper == NULL)
		refuse(q, "no keeper of keys");
	else if (stalled(a) > 0)
		refuse(q, "the keeper of keys does not answer");
	else if ((why = tls_children_refuse(
		      &a->children, q->client, q->start->profile)) != NULL)
		refuse(q, why);
	else if (t == NULL ||
	    (ctx = tls_context_get(a->contexts, t, q->start, reason)) == NULL)
		refuse(q, reason);
	else
		start(a, q, ctx);
}

static void
breach(struct tls_acceptor *a, struct peer *p, const char *what)
{
	if (server_may_log(&a->server))
		log_error("-", "channel=tls uid=%u found=%s",
		    (unsigned int)p->uid, what);
	peer_close(p);
}

/*
 * The channel is the process's from here on, or was refused: ours is closed,
 * which says nothing to the session as long as the other lives.
 */
static void
take(struct tls_acceptor *a, struct peer *p, unsigned int type,
    const struct msg_tls_start *m, int fd)
{
	struct request q = {
		.peer = p,
		.start = m,
		.at_once = type == TLS_T_NOW,
		.socket = fd,
	};

	if ((m->flags & TLS_CONNECT) == 0)
		net_client_key(m->peer, q.client);
	answer(a, &q);
	peer_close(p);
}

static void
tell_state(struct tls_acceptor *a, struct peer *p)
{
	union msg_tls m;

	memset(&m, 0, sizeof(m));
	m.state.certificates = a->certificates;
	m.state.connections = (uint32_t)tls_children_count(&a->children);
	m.state.handshakes = a->children.handshakes;
	m.state.failures = a->children.failures;
	m.state.expires = a->expires;
	m.state.refused = a->refused;
	m.state.stalled = stalled(a);
	(void)peer_send(p, TLS_T_STATE, &m, -1); /* or it is gone */
}

/*
 * The process has its own, and the session too.  If not, closing must not wait
 * for what a session that was taken over has left in it.
 */
static void
let_go(int fd)
{
	static const struct linger none;

	/* Of a socket; of something else there is no such thing. */
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	(void)close(fd); /* nothing was written */
}

/* Its socket is lost, for we had no room for it. */
static void
turn_away(struct peer *p)
{
	const struct request q = { .peer = p };

	refuse(&q, chan_result_text(CHAN_SHORT));
	peer_close(p);
}

/*
 * Remote has no business with our certificates' keys, and what serves clients
 * none with other servers.
 */
static bool
may_start(const struct tls_acceptor *a, const struct peer *p,
    const struct msg_tls_start *m)
{
	return p->uid ==
	    ((m->flags & TLS_CONNECT) != 0 ? a->start.out : a->start.net);
}

/* Go is heard by the process of the connection only. */
static void
session_message(struct peer *p, unsigned int type, const void *msg, int fd)
{
	struct tls_acceptor *a = p->data;
	bool starts = type == TLS_T_START || type == TLS_T_NOW;

	if (starts && !may_start(a, p, msg))
		breach(a, p, "not-allowed");
	else if (starts && p->lost_fd)
		turn_away(p);
	else if (starts != (fd != -1))
		breach(a, p, starts ? "no-descriptor" : "descriptor");
	else if (starts)
		take(a, p, type, msg, fd);
	else if (type == TLS_T_STATUS)
		tell_state(a, p);
	else
		breach(a, p, "out-of-turn");
	if (fd != -1)
		let_go(fd);
}

static const struct peer_ops session_ops = { session_message, NULL };

static void
session_opened(struct peer *p)
{
	/* Its owner knows it as the only one. */
	p->data = (void *)(uintptr_t)p->server->data;
}

static bool
allowed(const struct server *s, uid_t uid)
{
	const struct tls_acceptor *a = s->data;

	return uid == a->start.net || uid == a->start.out || uid == 0;
}

/* Of the first that ends; 0 when there is none. */
static uint64_t
first_end(const struct tls_identities *all)
{
	uint64_t first = 0;
	int64_t t;

	for (size_t i = 0; i < all->n; i++) {
		t = tls_time(X509_get0_notAfter(all->list[i].leaf));
		if (t > 0 && (first == 0 || (uint64_t)t < first))
			first = (uint64_t)t;
	}
	return first;
}

static void
listen_now(struct tls_acceptor *a)
{
	if (a->listening)
		return;
	a->listening =
	    server_start(&a->server, a->start.base, a->start.listener);
	if (a->listening)
		return;
	log_error("-", "wanted=listening-socket found=%s", strerror(errno));
	(void)event_base_loopbreak(a->start.base); /* there is a loop */
}

static void
take_certificates(
    struct tls_acceptor *a, const struct msg_certs_certificates *m, int fd)
{
	bool lost = a->keeper->lost_fd, said = a->wants && lost;
	char reason[TEXT_MAX + 1];
	struct tls_identities all;

	(void)strlcpy(reason,
	    lost ? chan_result_text(CHAN_SHORT) : "no descriptor",
	    sizeof(reason));
	a->refused = m->refused;
	a->wants = lost;
	if (fd != -1 && tls_identities_read(fd, &all, reason)) {
		a->certificates = (uint32_t)all.n;
		a->expires = first_end(&all);
		tls_contexts_serve(a->contexts, &all);
	} else if (!said)
		log_error("-",
		    "channel=certs wanted=certificates found=%s kept=old-state",
		    reason);
	listen_now(a);
}

/* What it says in passing is the time to ask for what was lost. */
static void
keeper_message(struct peer *p, unsigned int type, const void *msg, int fd)
{
	struct tls_acceptor *a = p->data;
	union msg_certs m;

	a->heard = deadline_now();
	a->doubted = false;
	if (type == CERTS_T_CERTIFICATES)
		take_certificates(a, msg, fd);
	else if (a->wants) {
		memset(&m, 0, sizeof(m));
		(void)peer_try(p, CERTS_T_AGAIN, &m, -1); /* or next time */
	}
	if (fd != -1)
		(void)close(fd); /* was only read */
}

static void
keeper_closed(struct peer *p)
{
	struct tls_acceptor *a = p->data;

	a->keeper = NULL;
	(void)event_base_loopbreak(a->start.base); /* there is a loop */
}

static const struct peer_ops keeper_ops = { keeper_message, keeper_closed };

static bool
init(struct tls_acceptor *a)
{
	if (!tables_fresh_init(&a->tables, a->start.tables) ||
	    tables_fresh_get(&a->tables) == NULL)
		return false;
	if (!tls_children_init(&a->children, a->start.base) ||
	    (a->contexts = tls_contexts_new()) == NULL)
		return false;
	a->keeper = peer_new(a->start.base, a->start.keeper, &certs_channel,
	    CERTS_TAKER, &keeper_ops);
	if (a->keeper == NULL)
		return false;
	a->keeper->data = a;
	a->heard = deadline_now();
	a->doubted = false;
	return true;
}

struct tls_acceptor *
tls_acceptor_new(const struct tls_acceptor_start *how)
{
	struct tls_acceptor *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->start = *how;
	a->server = (struct server){
		.proto = &tls_channel,
		.self = TLS_SERVER,
		.ops = &session_ops,
		.allowed = allowed,
		.opened = session_opened,
		.max = server_room(TLS_SESSIONS, ACCEPTOR_OWN),
		.data = a,
	};
	if (init(a))
		return a;
	tls_acceptor_free(a);
	return NULL;
}

void
tls_acceptor_free(struct tls_acceptor *a)
{
	if (a->listening)
		event_free(a->server.readable);
	if (a->children.timer != NULL)
		tls_children_clear(&a->children);
	if (a->contexts != NULL)
		tls_contexts_free(a->contexts);
	tables_fresh_close(&a->tables);
	free(a);
}
