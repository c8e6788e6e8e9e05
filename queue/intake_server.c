/*
 * intake_server: how messages enter the queue.  In queued, as postrider; talks
 * to sessions that run as postrider-net and to bounce (msg_intake.h).  A
 * session may say anything the channel allows: what it writes is believed
 * only as far as the checksums of its own file go.
 *
 * A crash before "queued" is sent leaves nothing of a message in memory; or a
 * file without a trailer, which recovery removes, or a whole one, which
 * recovery delivers: then the session has told nobody that the message was
 * refused.
 */
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/sockios.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/log.h"
#include "queue/dispatch.h"
#include "queue/expand.h"
#include "queue/intake_private.h"
#include "queue/room.h"

#define INTAKE_RCPTS 60000              /* of one message, before aliases */
#define INTAKE_BYTES_ALL (256ULL << 20) /* recipients being handed in */
#define INTAKE_LIMIT (1ULL << 36) /* bytes of content; sessions want less */

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

void
incoming_free(struct incoming *in)
{
	early_leave(in);
	if (in->env.id[0] != '\0')
		LIST_REMOVE(in, link);
	if (in->peer != NULL)
		in->peer->data = NULL;
	in->server->bytes -= in->bytes;
	env_free(&in->env);
	free(in);
}

/* It is in no spool; who is delivering it finds that out. */
static void
forget(struct incoming *in)
{
	struct queue *q = in->server->q;

	if (in->env.id[0] == '\0')
		return;
	spool_abort(q->spool, in->env.id);
	if (in->scheduled)
		dispatch_forget(q->dispatch, in->env.id);
	else if (in->memory)
		(void)spool_remove(q->spool, in->env.id); /* in no file */
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
	forget(in);
	if (in->peer != NULL)
		(void)peer_send(in->peer, INTAKE_T_REFUSED, &m, -1);
	incoming_free(in);
}

void
incoming_refuse(struct incoming *in, int error)
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
	in->env.flags = m->flags & ~(INTAKE_COPIES | INTAKE_SHARE);
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
	struct expander x;
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
	queue_expander(q, &x);
	r = expand(&x, &in->env, &full, &in->diag);
	if (r == OUT_OK)
		env_swap_rcpts(&in->env, &full);
	env_free(&full);
	count_bytes(in);
	if (r == OUT_OK && in->server->bytes > INTAKE_BYTES_ALL)
		return too_many(in);
	return r;
}

/* Gives the session its file, taken over. */
static void
give_file(struct incoming *in, int fd, uint64_t memory)
{
	struct msg_intake_file m = { .limit = INTAKE_LIMIT };

	if (memory > 0) {
		m.memory = 1;
		m.limit = memory;
	}
	strlcpy(m.id, in->env.id, sizeof(m.id));
	m.offset = in->env.len;
	m.envcrc = in->env.crc;
	in->memory = memory > 0;
	(void)peer_send(in->peer, INTAKE_T_FILE, &m, fd); /* or it is closed */
	if (!in->memory)
		(void)close(fd); /* the session syncs it and closes its own */
}

/* A memory file of *memory bytes where that can be, else a spool file. */
static int
make_file(struct incoming *in, uint64_t *memory)
{
	struct spool *s = in->server->q->spool;
	int fd = -1;

	if ((*memory = early_room(in)) > 0)
		fd = spool_create_memory(s, &in->env, *memory);
	if (fd != -1)
		return fd;
	*memory = 0; /* or memory or descriptors are short */
	return spool_create(s, &in->env);
}

/*
 * A session reads the answer to one message before it asks for the next: the
 * kernel lets each user have a number of descriptors on their way, and one who
 * leaves his in the socket takes them from all sessions.
 */
static bool
has_unread(const struct peer *p)
{
	int unread = 0;

	return ioctl(p->chan.fd, SIOCOUTQ, &unread) == 0 && unread > 0;
}

static void
on_body(struct incoming *in)
{
	struct intake_server *s = in->server;
	uint64_t memory;
	int fd;

	if (has_unread(in->peer)) {
		if (server_may_log(&s->server))
			log_error("-", "channel=intake found=answer-not-read");
		peer_close(in->peer);
		return;
	}

	/* diag may hold what went wrong with a recipient. */
	if (in->diag.outcome != OUT_OK || examine(in) != OUT_OK) {
		refuse(in, in->diag.dsn, in->diag.text);
		return;
	}
	fd = make_file(in, &memory);
	if (fd == -1) {
		in->env.id[0] = '\0';
		incoming_refuse(in, errno);
		return;
	}
	LIST_INSERT_HEAD(&s->writing, in, link);
	give_file(in, fd, memory);
}

/* In a file from now on: it is too large for memory, or has to be kept. */
void
incoming_file(struct incoming *in)
{
	int fd;

	if ((fd = spool_file(in->server->q->spool, &in->env)) == -1)
		incoming_refuse(in, errno);
	else
		give_file(in, fd, 0);
}

static void
on_grown(struct incoming *in)
{
	if (in->memory)
		incoming_file(in);
	else
		refuse(in, "5.3.4", "Message too large");
}

static void
log_queued(const struct incoming *in)
{
	const struct envelope *e = &in->env;
	char uid[16] = "";

	if (e->uid != MSG_NO_UID)
		(void)snprintf(uid, sizeof(uid), "%" PRIu32, e->uid);
	log_event(e->id, "queued",
	    "from=%s rcpts=%zu size=%ju client=%s login=%s uid=%s form=%s",
	    e->sender, e->nrcpt, (uintmax_t)in->size, e->client, e->login, uid,
	    in->memory ? "memory" : "file");
}

/* It is whole: deliveries may begin.  Without memory it is refused: false. */
static bool
begin(struct incoming *in)
{
	if (!dispatch_accept(in->server->q->dispatch, &in->env)) {
		refuse(in, "4.3.0", "Out of memory; please try again later");
		return false;
	}
	in->scheduled = true;
	log_queued(in);
	return true;
}

/* It is in the spool or in the mailboxes, or will never be. */
static void
on_done(void *arg, int error)
{
	struct incoming *in = arg;
	struct queue *q = in->server->q;
	struct msg_intake_queued m = { "" };

	if (error == SPOOL_WANTS_FILE) {
		early_over(in, "deferred");
		return;
	}
	in->busy = false;
	if (error != 0) {
		incoming_refuse(in, error);
		return;
	}
	if (!in->scheduled && !begin(in))
		return;
	q->counters.accepted++;
	if (in->memory)
		q->counters.early++;
	else if (in->because != NULL)
		q->counters.filed++;
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
	bool memory = in->memory;

	in->size = m->size;
	in->busy = true;
	switch (
	    spool_commit(in->server->q->spool, &in->env, &said, on_done, in)) {
	case SPOOL_VALID:
		/* Without memory it waits for its name, or is gone. */
		if (memory && begin(in))
			early_begin(in);
		return;
	case SPOOL_FAILED:
		in->busy = false;
		incoming_refuse(in, errno);
		return;
	default:
		in->busy = false;
		refuse(in, "4.3.0",
		    "The message was not written whole; please try again");
	}
}

void
incoming_give_up(struct incoming *in, const char *reason)
{
	if (in->scheduled) {
		log_event(in->env.id, "forgotten", "reason=%s filing=%s",
		    reason, in->because);
		in->server->q->counters.forgotten++;
	}
	forget(in);
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
	if (type == INTAKE_T_ASK) {
		ask_begin(((struct intake_server *)p->server)->asks, p, msg);
		return;
	}
	if (in == NULL)
		return; /* its memory could not be had; the peer is closing */
	if (type == INTAKE_T_RCPT)
		on_rcpt(in, msg);
	else if (type == INTAKE_T_BODY)
		on_body(in);
	else if (type == INTAKE_T_GROWN)
		on_grown(in);
	else if (type == INTAKE_T_COMMIT)
		on_commit(in, msg);
	else if (type == INTAKE_T_ABORT)
		incoming_give_up(in, "session-gave-up");
}

/* What was not committed is forgotten; what was is finished. */
static void
on_closed(struct peer *p)
{
	struct incoming *in = p->data;

	ask_forget(((struct intake_server *)p->server)->asks, p);
	if (in == NULL)
		return;
	in->peer = NULL;
	if (!in->busy)
		incoming_give_up(in, "session-gone");
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
	TAILQ_INIT(&s->early);
	s->server.proto = &intake_channel;
	s->server.self = INTAKE_SERVER;
	s->server.ops = &ops;
	s->server.allowed = allowed;
	s->server.data = q;
	s->server.max = peers;
	s->late = event_new(q->base, -1, 0, early_late, s);
	s->asks = asks_new(q);
	if (s->late != NULL && s->asks != NULL &&
	    server_start(&s->server, q->base, fd))
		return s;
	if (s->asks != NULL)
		asks_free(s->asks);
	if (s->late != NULL)
		event_free(s->late);
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
	early_stop(s);
}

bool
intake_server_quiet(const struct intake_server *s)
{
	const struct incoming *in;

	LIST_FOREACH(in, &s->writing, link)
	if (in->scheduled)
		return false;
	return true;
}
