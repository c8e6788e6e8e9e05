/*
 * early: a server of the intake socket with a real spool, no agents and a clock
 * that stands; and its sessions.  For tests that wrap what is below.
 */
#ifndef TESTS_UNIT_EARLY_H
#define TESTS_UNIT_EARLY_H

#include "tests/unit/peer.h"

#include <errno.h>

#include "common/msg_spawn.h"
#include "queue/agents.h"
#include "queue/dispatch.h"
#include "queue/expand.h"
#include "queue/intake_private.h"
#include "queue/route.h"
#include "queue/spool_id.h"

#define SIZE 10000 /* early-delivery-size */
#define WAIT 3     /* early-delivery-wait, seconds */
#define MORE 4096  /* what a session may add to what was declared */

static struct intake_server *server;
static int64_t now;
static int64_t alarm_in; /* milliseconds, of the last one set; or -1 */
static bool no_memory, alias, foreign, ready;
static size_t accepts, forgets;

bool __wrap_settings_refresh(struct settings *);
enum outcome __wrap_expand(const struct expander *, const struct envelope *,
    struct envelope *, struct diag *);
enum outcome __wrap_route_find(struct tables *, const char *,
    const struct route_ask *, struct route *, struct diag *);
int64_t __wrap_deadline_now(void);
bool __wrap_dispatch_accept(struct dispatch *, const struct envelope *);
void __wrap_dispatch_forget(struct dispatch *, const char *);
struct agents *__wrap_dispatch_agents(struct dispatch *);
bool __wrap_agents_ready(const struct agents *, const char *);
int __real_event_add(struct event *, const struct timeval *);
int __wrap_event_add(struct event *, const struct timeval *);

bool
__wrap_settings_refresh(struct settings *s)
{
	(void)s;
	return false;
}

enum outcome
__wrap_expand(const struct expander *x, const struct envelope *from,
    struct envelope *to, struct diag *d)
{
	(void)x;
	(void)d;
	for (size_t i = 0; i < from->nrcpt; i++)
		assert_true(env_add(to, env_addr(from, i), "", 0));
	return OUT_OK;
}

/* Only the last recipient is what the test says. */
enum outcome
__wrap_route_find(struct tables *t, const char *mail_name,
    const struct route_ask *q, struct route *out, struct diag *d)
{
	bool last = strncmp(q->addr, "last", 4) == 0;

	(void)t;
	(void)mail_name;
	memset(out, 0, sizeof(*out));
	out->alias = last && alias;
	strlcpy(out->pool, last ? "last" : "first", sizeof(out->pool));
	out->program = last && foreign ? SPAWN_REMOTE : SPAWN_LOCAL;
	(void)d;
	return OUT_OK;
}

int64_t
__wrap_deadline_now(void)
{
	return now;
}

bool
__wrap_dispatch_accept(struct dispatch *d, const struct envelope *e)
{
	(void)d;
	assert_true(e->id[0] != '\0');
	accepts += !no_memory;
	return !no_memory;
}

void
__wrap_dispatch_forget(struct dispatch *d, const char *id)
{
	(void)d;
	(void)id;
	forgets++;
}

struct agents *
__wrap_dispatch_agents(struct dispatch *d)
{
	(void)d;
	return NULL;
}

bool
__wrap_agents_ready(const struct agents *as, const char *name)
{
	(void)as;
	return ready || strcmp(name, "last") != 0;
}

/* The clock of the event loop is another: no test lasts so long. */
int
__wrap_event_add(struct event *ev, const struct timeval *tv)
{
	if (server != NULL && ev == server->late)
		alarm_in = tv->tv_sec * 1000 + tv->tv_usec / 1000;
	return __real_event_add(ev, tv);
}

static int
begin(void **state)
{
	(void)state;
	memset(&queue, 0, sizeof(queue));
	uid = getuid();
	now = 5000000;
	alarm_in = -1;
	no_memory = alias = foreign = false;
	ready = true;
	accepts = forgets = 0;
	queue.settings.early_wait = WAIT;
	queue.settings.early_size = SIZE;
	queue.settings.early_memory = 4 * SIZE;
	queue.base = event_base_new();
	queue.spool = spool_open(queue.base, unit_dir);
	listener = sock_listen(unit_dir, "intake", SOCK_SEQPACKET);
	server = NULL;
	server = intake_server_new(&queue, listener, 10);
	return server == NULL || queue.spool == NULL ? -1 : 0;
}

static int
end(void **state)
{
	(void)state;
	turn();
	assert_int_equal(server->server.count, 0);
	assert_int_equal(spool_memory_used(queue.spool), 0);
	assert_true(LIST_EMPTY(&server->writing));
	assert_true(TAILQ_EMPTY(&server->early));
	assert_int_equal(server->bytes, 0);
	event_free(server->server.readable);
	event_free(server->late);
	asks_free(server->asks);
	free(server);
	server = NULL;
	spool_close(queue.spool);
	event_base_free(queue.base);
	return close(listener);
}

struct session {
	struct chan chan;
	int fd; /* or -1 */
	struct msg_intake_file file;
	struct msg_intake_commit said;
};

static void
say(struct session *s, unsigned int type, const void *msg)
{
	assert_int_equal(chan_send(&s->chan, type, msg, -1, 0), CHAN_OK);
	turn();
}

static void
hear(struct session *s, unsigned int want, union msg_intake *m, int *fd)
{
	unsigned int type;

	turn();
	*fd = -1;
	assert_int_equal(chan_recv(&s->chan, &type, m, fd, 0), CHAN_OK);
	assert_int_equal(type, want);
}

static bool
silent(struct session *s)
{
	union msg_intake m;
	unsigned int type;

	turn();
	return chan_recv(&s->chan, &type, &m, NULL, 0) == CHAN_AGAIN;
}

static void
shut(struct session *s)
{
	if (s->fd != -1)
		assert_int_equal(close(s->fd), 0);
	s->fd = -1;
}

static void
leave(struct session *s)
{
	shut(s);
	chan_close(&s->chan);
	turn();
}

static void
takes_file(struct session *s, uint32_t memory)
{
	union msg_intake m;

	shut(s);
	hear(s, INTAKE_T_FILE, &m, &s->fd);
	assert_int_not_equal(s->fd, -1);
	s->file = m.file;
	assert_int_equal(s->file.memory, memory);
	assert_true(intake_server_has(server, s->file.id));
}

static void
writes(struct session *s, uint64_t declared)
{
	const struct msg_intake_open m = {
		.size = declared, .uid = 1000, .sender = "alice@example.org"
	};
	const struct msg_intake_rcpt to = { .addr = "bob@example.org" };
	const struct msg_intake_body body = { 0 };

	s->fd = -1;
	s->chan = peer_connect("intake", &intake_channel);
	say(s, INTAKE_T_OPEN, &m);
	say(s, INTAKE_T_RCPT, &to);
	say(s, INTAKE_T_BODY, &body);
	takes_file(s, 1);
}

/* The content, and a trailer if it is a file; then the commit. */
static void
commits(struct session *s)
{
	const size_t n = strlen(SPOOL_CONTENT);
	struct trailer t = { n, 3, s->file.envcrc,
		crc32c(0, SPOOL_CONTENT, n) };
	char trailer[TRAILER_LEN];

	s->said = (struct msg_intake_commit){ n, 3, t.crc };
	trailer_format(&t, trailer);
	assert_int_equal(write(s->fd, SPOOL_CONTENT, n), n);
	if (s->file.memory == 0)
		assert_int_equal(
		    write(s->fd, trailer, TRAILER_LEN), TRAILER_LEN);
	say(s, INTAKE_T_COMMIT, &s->said);
}

/* As far as the commit in memory. */
static void
early(struct session *s)
{
	writes(s, 0);
	commits(s);
	assert_true(silent(s));
	assert_false(intake_server_quiet(server));
}

static void
is_queued(struct session *s)
{
	union msg_intake m;
	int fd;

	while (spool_pending(queue.spool) > 0)
		assert_int_equal(event_base_loop(queue.base, EVLOOP_ONCE), 0);
	hear(s, INTAKE_T_QUEUED, &m, &fd);
	assert_int_equal(fd, -1);
	assert_string_equal(m.queued.id, s->file.id);
	assert_int_equal(queue.counters.accepted, 1);
	assert_int_equal(accepts, 1);
	assert_int_equal(forgets, 0);
	assert_true(intake_server_quiet(server));
	leave(s);
}

static void
is_refused(struct session *s, const char *dsn)
{
	union msg_intake m;
	int fd;

	hear(s, INTAKE_T_REFUSED, &m, &fd);
	assert_int_equal(fd, -1);
	assert_string_equal(m.refused.dsn, dsn);
	assert_int_equal(queue.counters.accepted, 0);
	assert_int_equal(queue.counters.refused, 1);
	assert_false(intake_server_has(server, s->file.id));
	leave(s);
}

static enum spool_state
found(const struct session *s)
{
	struct spool_content c;
	struct spool_fault f;
	struct envelope e;
	enum spool_state r = spool_load(queue.spool, s->file.id, &e, &c, &f);

	if (r == SPOOL_VALID)
		env_free(&e);
	return r;
}

/* As the end of the work on a message does. */
static void
is_done_with(const struct session *s)
{
	assert_true(spool_remove(queue.spool, s->file.id));
}

/* As a recipient that has to wait does. */
static void
is_deferred(const struct session *s)
{
	struct spool_content c;
	struct spool_fault f;
	struct envelope e;

	assert_int_equal(
	    spool_load(queue.spool, s->file.id, &e, &c, &f), SPOOL_VALID);
	e.state.attempts = 1;
	spool_put_state(queue.spool, &e);
	env_free(&e);
}

static inline void
is_late(void)
{
	now += WAIT * 1000;
	event_active(server->late, EV_TIMEOUT, 0);
	turn();
}

static int
setup(void **state)
{
	log_open("unit", LOG_TO_FILE, "/dev/null");
	return unit_setup(state);
}

#endif
