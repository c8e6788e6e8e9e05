/*
 * intake_server: how messages enter the queue.  In queued, as postrider; talks
 * to sessions that run as postrider-net and to bounce (msg_intake.h).  A
 * session may say anything the channel allows: what it writes is believed
 * only as far as the checksums of its own file go.
 *
 * A crash before "queued" is sent leaves a file without a trailer, which
 * recovery removes, or a whole one, which recovery delivers: then the session
 * has told nobody that the message was refused.
 */
#include <sys/socket.h>

#include <bsd/sys/queue.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/log.h"
#include "common/msg_intake.h"
#include "common/server.h"
#include "queue/dispatch.h"
#include "queue/expand.h"
#include "queue/intake_server.h"
#include "queue/room.h"

#define INTAKE_RCPTS 60000              /* of one message, before aliases */
#define INTAKE_BYTES_ALL (256ULL << 20) /* recipients being handed in */
#define INTAKE_LIMIT (1ULL << 36) /* bytes of content; sessions want less */

struct intake_server {
	struct server server; /* first: a peer leads back to here */
	struct queue *q;
	LIST_HEAD(, incoming) writing; /* messages that have an id */
	uint64_t bytes; /* of the recipients of all that are handed in */
};

/* One session's message, from open on; outlives a session that commits. */
struct incoming {
	LIST_ENTRY(incoming) link; /* while it has an id */
	struct intake_server *server;
	struct peer *peer; /* NULL: gone, nobody to answer */
	struct envelope env;
	uint64_t size;  /* declared */
	uint64_t bytes; /* of memory for the recipients, about */
	struct diag diag;
	bool syncing; /* the helper thread has it */
};

static struct incoming *
incoming_new(struct peer *p)
{
	struct incoming *in = calloc(1, sizeof(*in));

	if (in == NULL)
		return NULL;
	in->server = (struct intake_server *)p->server;
	in->peer = p;
	env_init(&in->env);
	p->data = in;
	return in;
}

static void
incoming_free(struct incoming *in)
{
	if (in->env.id[0] != '\0')
		LIST_REMOVE(in, link);
	if (in->peer != NULL)
		in->peer->data = NULL;
	in->server->bytes -= in->bytes;
	env_free(&in->env);
	free(in);
}

/* Ends the transaction with a refusal; the file goes, if there is one. */
static void
refuse(struct incoming *in, const char *dsn, const char *text)
{
	struct msg_intake_refused m = { "", "" };
	struct queue *q = in->server->q;

	strlcpy(m.dsn, dsn, sizeof(m.dsn));
	strlcpy(m.text, text, sizeof(m.text));
	log_event(in->env.id[0] != '\0' ? in->env.id : "-", "refused",
	    "from=%s client=%s dsn=%s text=%s", in->env.sender, in->env.client,
	    dsn, text);
	q->counters.refused++;
	if (in->env.id[0] != '\0')
		spool_abort(q->spool, in->env.id);
	if (in->peer != NULL)
		(void)peer_send(in->peer, INTAKE_T_REFUSED, &m, -1);
	incoming_free(in);
}

static void
refuse_error(struct incoming *in, int error)
{
	if (error == ENOSPC || error == EDQUOT)
		refuse(in, "4.3.1",
		    "The queue's disk is full; please try again later");
	else if (error == EFBIG)
		refuse(in, "5.5.3", "The envelope is too large");
	else {
		log_error("-", "wanted=spool-file found=%s", strerror(error));
		refuse(in, "4.3.0",
		    "The queue cannot store this; please try again later");
	}
}

static void
on_open(struct peer *p, const struct msg_intake_open *m)
{
	struct incoming *in = incoming_new(p);

	if (in == NULL) {
		peer_close(p); /* the session hears 4.3.0 from its own end */
		return;
	}
	in->size = m->size;
	in->env.uid = m->uid;
	in->env.flags = m->flags;
	in->env.ret = m->ret <= DSN_RET_HDRS ? m->ret : DSN_RET_NONE;
	strlcpy(in->env.sender, m->sender, sizeof(in->env.sender));
	strlcpy(in->env.envid, m->envid, sizeof(in->env.envid));
	strlcpy(in->env.client, m->client, sizeof(in->env.client));
	strlcpy(in->env.login, m->login, sizeof(in->env.login));
}

/* What it has now, and not when its envelope was smaller. */
static void
count_bytes(struct incoming *in)
{
	uint64_t bytes =
	    in->env.text.len + in->env.nrcpt * sizeof(*in->env.rcpts);

	in->server->bytes += bytes - in->bytes;
	in->bytes = bytes;
}

static enum outcome
too_many(struct incoming *in)
{
	return diag_set(&in->diag, "4.3.2",
	    "Too many recipients at once; please try again later");
}

static void
on_rcpt(struct incoming *in, const struct msg_intake_rcpt *m)
{
	const uint32_t notify =
	    DSN_NEVER | DSN_SUCCESS | DSN_FAILURE | DSN_DELAY;

	if (in->env.nrcpt >= INTAKE_RCPTS)
		(void)diag_set(&in->diag, "4.5.3", "Too many recipients");
	else if (in->server->bytes > INTAKE_BYTES_ALL)
		(void)too_many(in);
	else if (m->addr[0] == '\0')
		(void)diag_set(&in->diag, "5.1.3", "An empty recipient");
	else if (!env_add(&in->env, m->addr, m->orcpt, m->notify & notify))
		(void)diag_set(&in->diag, "4.3.0", "Out of memory");
	else
		count_bytes(in);
}

/* Everything that may be wrong before a file is made for the message. */
static enum outcome
examine(struct incoming *in)
{
	struct queue *q = in->server->q;
	struct envelope full;
	enum outcome r;

	if (q->stopping)
		return diag_set(&in->diag, "4.3.2",
		    "The queue is stopping; please try again later");
	if (in->env.nrcpt == 0)
		return diag_set(&in->diag, "5.5.1", "No recipients");
	(void)settings_refresh(&q->settings); /* logs what is wrong */
	q->room.reserve = (uint64_t)q->settings.free_space;
	if (room_check(&q->room, q->spool, in->size, deadline_now(),
		&in->diag) != OUT_OK)
		return in->diag.outcome;
	env_init(&full);
	r = expand(q->settings.tables, q->settings.mail_name, &in->env, &full,
	    &in->diag);
	if (r == OUT_OK)
		env_swap_rcpts(&in->env, &full);
	env_free(&full);
	count_bytes(in);
	if (r == OUT_OK && in->server->bytes > INTAKE_BYTES_ALL)
		return too_many(in);
	return r;
}

static void
on_body(struct incoming *in)
{
	struct msg_intake_file m = { .limit = INTAKE_LIMIT };
	struct intake_server *s = in->server;
	int fd;

	/* diag may hold what went wrong with a recipient. */
	if (in->diag.outcome != OUT_OK || examine(in) != OUT_OK) {
		refuse(in, in->diag.dsn, in->diag.text);
		return;
	}
	if ((fd = spool_create(s->q->spool, &in->env)) == -1) {
		in->env.id[0] = '\0';
		refuse_error(in, errno);
		return;
	}
	LIST_INSERT_HEAD(&s->writing, in, link);
	strlcpy(m.id, in->env.id, sizeof(m.id));
	m.offset = in->env.len;
	m.envcrc = in->env.crc;
	(void)peer_send(in->peer, INTAKE_T_FILE, &m, fd); /* or it is closed */
	(void)close(fd); /* the session syncs it and closes its own */
}

static void
log_queued(const struct incoming *in, uint64_t size)
{
	const struct envelope *e = &in->env;
	char uid[16] = "";

	if (e->uid != MSG_NO_UID)
		(void)snprintf(uid, sizeof(uid), "%" PRIu32, e->uid);
	log_event(e->id, "queued",
	    "from=%s rcpts=%zu size=%ju client=%s login=%s uid=%s", e->sender,
	    e->nrcpt, (uintmax_t)size, e->client, e->login, uid);
}

/* The name is durable, or will never be. */
static void
on_durable(void *arg, int error)
{
	struct incoming *in = arg;
	struct queue *q = in->server->q;
	struct msg_intake_queued m = { "" };

	in->syncing = false;
	if (error != 0) {
		refuse_error(in, error);
		return;
	}
	if (!dispatch_accept(q->dispatch, &in->env)) {
		refuse(in, "4.3.0", "Out of memory; please try again later");
		return;
	}
	q->counters.accepted++;
	log_queued(in, in->size);
	strlcpy(m.id, in->env.id, sizeof(m.id));
	/* The message is accepted whether or not the session hears it. */
	if (in->peer != NULL)
		(void)peer_send(in->peer, INTAKE_T_QUEUED, &m, -1);
	incoming_free(in);
}

static void
on_commit(struct incoming *in, const struct msg_intake_commit *m)
{
	struct spool_content said = {
		.size = m->size, .lines = m->lines, .crc = m->crc
	};

	in->size = m->size;
	in->syncing = true;
	switch (spool_commit(
	    in->server->q->spool, &in->env, &said, on_durable, in)) {
	case SPOOL_VALID:
		return;
	case SPOOL_FAILED:
		in->syncing = false;
		refuse_error(in, errno);
		return;
	default:
		in->syncing = false;
		refuse(in, "4.3.0",
		    "The message was not written whole; please try again");
	}
}

static void
on_abort(struct incoming *in)
{
	if (in->env.id[0] != '\0')
		spool_abort(in->server->q->spool, in->env.id);
	incoming_free(in);
}

static void
on_message(struct peer *p, unsigned int type, const void *msg, int fd)
{
	struct incoming *in = p->data;

	if (fd != -1)
		(void)close(fd); /* none is wanted */
	if (type == INTAKE_T_OPEN) {
		on_open(p, msg);
		return;
	}
	if (in == NULL)
		return; /* its memory could not be had; the peer is closing */
	if (type == INTAKE_T_RCPT)
		on_rcpt(in, msg);
	else if (type == INTAKE_T_BODY)
		on_body(in);
	else if (type == INTAKE_T_COMMIT)
		on_commit(in, msg);
	else if (type == INTAKE_T_ABORT)
		on_abort(in);
}

/* What was not committed is forgotten; what was is finished. */
static void
on_closed(struct peer *p)
{
	struct incoming *in = p->data;

	if (in == NULL)
		return;
	in->peer = NULL;
	if (!in->syncing)
		on_abort(in);
}

static const struct peer_ops ops = { on_message, on_closed };

static bool
allowed(const struct server *s, uid_t uid)
{
	const struct queue *q = s->data;

	return uid == q->settings.net || uid == getuid();
}

struct intake_server *
intake_server_new(struct queue *q, int fd, size_t peers)
{
	struct intake_server *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->q = q;
	LIST_INIT(&s->writing);
	s->server.proto = &intake_channel;
	s->server.self = INTAKE_SERVER;
	s->server.ops = &ops;
	s->server.allowed = allowed;
	s->server.data = q;
	s->server.max = peers;
	if (server_start(&s->server, q->base, fd))
		return s;
	free(s);
	return NULL;
}

bool
intake_server_has(struct intake_server *s, const char *id)
{
	struct incoming *in;

	LIST_FOREACH(in, &s->writing, link)
	if (strcmp(in->env.id, id) == 0)
		return true;
	return false;
}

void
intake_server_stop(struct intake_server *s)
{
	(void)event_del(s->server.readable); /* no new connections */
}
