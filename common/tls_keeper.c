/*
 * tls_keeper: the process of tlsd that holds the private keys.
 *
 * The parent of tlsd's two lasting processes, as postrider-tls.  Reads tls-dir
 * (tls_store.h); hears the acceptor (msg_certs.h), which tells it of new
 * connections and no more, and connections' processes (msg_sign.h), of which
 * any may have been taken over: it signs for them what a handshake needs, and
 * never gives a key away.  Must never see a byte of a client.
 */
#include <sys/queue.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/deadline.h"
#include "common/log.h"
#include "common/msg_certs.h"
#include "common/msg_sign.h"
#include "common/options.h"
#include "common/server.h"
#include "common/tables_fresh.h"
#include "common/tls_keeper.h"
#include "common/tls_store.h"

#define SECOND 1000 /* ms */

/* A connection's process. */
struct asker {
	struct tls_keeper *keeper;
	struct peer *peer;
	unsigned int asked; /* signatures */
	deadline_t until;
	TAILQ_ENTRY(asker) next;
};

struct tls_keeper {
	struct event_base *base;
	struct tables_fresh tables;
	char dir[FRESH_PATH + 1]; /* of store */
	struct tls_store *store;
	struct peer *acceptor;
	bool unsaid;     /* the acceptor does not know the store's state */
	size_t refused;  /* as the acceptor knows it */
	bool complained; /* of tables */
	deadline_t said; /* when the acceptor last heard of us */
	struct event *timer;
	struct server askers;               /* of those; accepts none itself */
	TAILQ_HEAD(asker_list, asker) list; /* in the order of until */
	deadline_t second;                  /* in which signatures were made */
	unsigned int signatures;
};

static void
say_alive(struct tls_keeper *k, deadline_t now)
{
	union msg_certs m;

	k->said = now;
	if (k->acceptor == NULL)
		return;
	memset(&m, 0, sizeof(m));
	/* Who has no room for it has some of them to read. */
	(void)peer_try(k->acceptor, CERTS_T_ALIVE, &m, -1);
}

/* While there is much to sign, the timer is late. */
static void
stay_alive(struct tls_keeper *k)
{
	deadline_t now = deadline_now();

	if (now - k->said >= CERTS_ALIVE * SECOND)
		say_alive(k, now);
}

static void
refuse(struct asker *a, const char *why)
{
	union msg_sign m;

	if (server_may_log(&a->keeper->askers))
		log_error("-", "channel=sign found=%s", why);
	memset(&m, 0, sizeof(m));
	(void)peer_send(a->peer, SIGN_T_REFUSED, &m, -1); /* or it is gone */
}

/* All processes that ask are one user's, and a crowd of them is an attack. */
static bool
in_rate(struct tls_keeper *k)
{
	deadline_t now = deadline_now();

	if (now - k->second >= SECOND) {
		k->second = now;
		k->signatures = 0;
	}
	if (k->signatures == KEEPER_SIGNATURES)
		return false;
	k->signatures++;
	return true;
}

static void
sign(struct asker *a, const struct msg_sign_sign *asked)
{
	struct tls_keeper *k = a->keeper;
	const char *why = "";
	union msg_sign m;

	memset(&m, 0, sizeof(m));
	if (!in_rate(k))
		refuse(a, "too-many-signatures");
	else if (!tls_store_sign(k->store, asked, &m.signature, &why))
		refuse(a, why);
	else
		/* Or it is gone. */
		(void)peer_send(a->peer, SIGN_T_SIGNATURE, &m, -1);
}

/* The last answer is read after the channel was closed, too. */
static void
asker_message(struct peer *p, unsigned int type, const void *msg, int fd)
{
	struct asker *a = p->data;

	(void)type; /* there is only one */
	if (fd != -1) {
		(void)close(fd); /* none is wanted */
		refuse(a, "descriptor");
		peer_close(p);
		return;
	}
	sign(a, msg);
	stay_alive(a->keeper);
	if (++a->asked == SIGN_EACH)
		peer_close(p);
}

static void
asker_closed(struct peer *p)
{
	struct asker *a = p->data;

	TAILQ_REMOVE(&a->keeper->list, a, next);
	free(a);
}

static const struct peer_ops asker_ops = { asker_message, asker_closed };

/* False without memory; fd is the caller's then. */
static bool
welcome(struct tls_keeper *k, int fd)
{
	struct asker *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return false;
	a->peer = peer_new(k->base, fd, &sign_channel, SIGN_KEEPER, &asker_ops);
	if (a->peer == NULL) {
		free(a);
		return false;
	}
	a->peer->data = a;
	a->peer->uid = getuid();
	a->peer->server = &k->askers; /* for its limit of lines */
	k->askers.count++;
	a->keeper = k;
	a->until = deadline_in(KEEPER_PATIENCE);
	TAILQ_INSERT_TAIL(&k->list, a, next);
	return true;
}

static void
take_child(struct tls_keeper *k, struct peer *p, int fd)
{
	if (fd == -1 && !p->lost_fd) {
		log_error("-", "channel=certs wanted=descriptor found=none");
		peer_close(p);
		return;
	}
	if (fd != -1 && k->askers.count < k->askers.max && welcome(k, fd))
		return;
	if (server_may_log(&k->askers))
		log_error("-", "channel=sign wanted=room found=%zu-peers",
		    k->askers.count);
	if (fd != -1)
		(void)close(fd); /* that handshake fails */
}

/* The certificates are sent again by the timer, not as often as is asked. */
static void
acceptor_message(struct peer *p, unsigned int type, const void *msg, int fd)
{
	struct tls_keeper *k = p->data;

	(void)msg; /* nothing is in it */
	if (type == CERTS_T_CHILD) {
		take_child(k, p, fd);
		return;
	}
	k->unsaid = true;
	if (fd != -1)
		(void)close(fd); /* none is wanted */
}

static void
acceptor_closed(struct peer *p)
{
	struct tls_keeper *k = p->data;

	k->acceptor = NULL;
	/* Fails only without a loop, and then there is nothing to end. */
	(void)event_base_loopbreak(k->base);
}

static const struct peer_ops acceptor_ops = { acceptor_message,
	acceptor_closed };

/* Those that neither ask nor end; their handshakes were over long ago. */
static void
close_old(struct tls_keeper *k)
{
	struct asker *a;

	TAILQ_FOREACH(a, &k->list, next)
	{
		if (deadline_left(a->until) > 0)
			return;
		peer_close(a->peer);
	}
}

/* Option tls-dir as it is now; NULL when it cannot be told. */
static const char *
find_dir(struct tls_keeper *k)
{
	struct tables *t = tables_fresh_get(&k->tables);
	const char *dir = NULL;
	const struct option_bind bind = { "tls-dir", &dir };
	char e[TABLES_ERR] = "";

	if (t != NULL && options_load(t, NULL, &bind, 1, e)) {
		k->complained = false;
		return dir;
	}
	if (t != NULL && !k->complained)
		log_error("-", "tables=%s", e);
	k->complained = true;
	return NULL;
}

/* False without memory, and before there was any store. */
static bool
follow_dir(struct tls_keeper *k)
{
	const char *dir = find_dir(k);

	if (dir == NULL || (k->store != NULL && strcmp(dir, k->dir) == 0))
		return k->store != NULL;
	if (strlcpy(k->dir, dir, sizeof(k->dir)) >= sizeof(k->dir) ||
	    (k->store == NULL ? (k->store = tls_store_new(dir)) == NULL
			      : !tls_store_move(k->store, dir))) {
		k->dir[0] = '\0'; /* tried again */
		return k->store != NULL;
	}
	k->unsaid = true;
	return true;
}

static void
say(struct tls_keeper *k)
{
	struct tls_store_facts facts = tls_store_facts(k->store);
	union msg_certs m;
	int fd;

	memset(&m, 0, sizeof(m));
	m.certificates.refused = (uint32_t)facts.refused;
	if ((fd = tls_store_public(k->store)) == -1) {
		log_error("-", "wanted=memory-file found=%s", strerror(errno));
		return;
	}
	if (facts.certificates == 0)
		log_event("-", "no-certificates", "path=%s", k->dir);
	/* Or the acceptor is gone, and so are we. */
	(void)peer_post(k->acceptor, CERTS_T_CERTIFICATES, &m, fd);
	k->unsaid = false;
	k->refused = facts.refused;
}

void
tls_keeper_look(struct tls_keeper *k)
{
	if (k->acceptor == NULL || !follow_dir(k))
		return;
	if (tls_store_refresh(k->store) ||
	    tls_store_facts(k->store).refused != k->refused)
		k->unsaid = true;
	if (k->unsaid)
		say(k);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	close_old(arg);
	say_alive(arg, deadline_now());
	tls_keeper_look(arg);
}

static bool
open_events(struct tls_keeper *k, int acceptor)
{
	static const struct timeval often = { .tv_sec = CERTS_ALIVE };

	k->timer = event_new(k->base, -1, EV_PERSIST, on_timer, k);
	if (k->timer == NULL || event_add(k->timer, &often) == -1)
		return false;
	k->acceptor = peer_new(
	    k->base, acceptor, &certs_channel, CERTS_KEEPER, &acceptor_ops);
	if (k->acceptor == NULL)
		return false;
	k->acceptor->data = k;
	return true;
}

struct tls_keeper *
tls_keeper_new(struct event_base *base, const char *tables, int acceptor)
{
	struct tls_keeper *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return NULL;
	k->base = base;
	k->askers.proto = &sign_channel;
	k->askers.max = server_room(KEEPER_ASKERS, KEEPER_OWN);
	k->unsaid = true;
	TAILQ_INIT(&k->list);
	if (!tables_fresh_init(&k->tables, tables) || !follow_dir(k) ||
	    !open_events(k, acceptor)) {
		tls_keeper_free(k);
		return NULL;
	}
	tls_keeper_look(k);
	return k;
}

void
tls_keeper_free(struct tls_keeper *k)
{
	if (k->timer != NULL)
		event_free(k->timer);
	if (k->store != NULL)
		tls_store_free(k->store);
	tables_fresh_close(&k->tables);
	free(k);
}
