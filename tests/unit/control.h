/*
 * control: a control server whose queue and whose actions are the test's, and
 * tools of several users; for tests that wrap what t_control_server wraps.
 */
#ifndef TESTS_UNIT_CONTROL_H
#define TESTS_UNIT_CONTROL_H

#include "tests/unit/peer.h"

#include "common/msg_control.h"
#include "queue/control_item.h"
#include "queue/control_pack.h"
#include "queue/control_server.h"
#include "queue/destination.h"
#include "queue/dispatch.h"
#include "queue/recovery.h"
#include "queue/review.h"
#include "queue/steer.h"

#define OWN 4000   /* the queue's user */
#define ALICE 4242 /* submitted every second message */
#define BOB 4243   /* none */
#define DAMAGED "3k0tw8hh3ydynhahmyda"

static struct control_server *server;
static bool recovered, unreadable, pending;
static const char *error; /* of steer() */
static size_t steered, steered_damaged;
static uint32_t steered_what;
static char steered_id[ID_MAX + 1];
static size_t looks;
static struct destinations *destinations;

uid_t __wrap_getuid(void);
int64_t __real_deadline_now(void);
int64_t __wrap_deadline_now(void);
bool __wrap_recovery_done(const struct recovery *);
const char *__wrap_steer(
    struct queue *, struct entry *, uint32_t, uid_t, bool *);
const char *__wrap_steer_damaged(struct queue *, const char *, uint32_t, uid_t);
void __wrap_control_item(const struct queue *, const struct entry *,
    const struct envelope *, const struct spool_content *,
    struct msg_control_item *);
void __wrap_recovery_look(struct recovery *, const char *);
enum spool_state __wrap_spool_load(struct spool *, const char *,
    struct envelope *, struct spool_content *, struct spool_fault *);
struct review *__wrap_review_new(
    struct queue *, uint32_t, void (*)(void *), void *);
void __wrap_review_free(struct review *);
enum review_answer __wrap_review_next(
    struct review *, struct entry **, struct spool_read **);
struct agents *__wrap_dispatch_agents(struct dispatch *);
const struct destinations *__wrap_agents_destinations(const struct agents *);
int __wrap_control_damaged(
    struct queue *, const char *, struct msg_control_item *);
bool __wrap_control_stat(struct queue *, size_t, struct msg_control_stat *);
int __wrap_spool_reader(struct spool *, const char *);
int __wrap_spool_damaged_reader(struct spool *, const char *, uint64_t *);
bool __wrap_spool_damaged_after(struct spool *, const char *, char[ID_MAX + 1]);

/* So much later than it is. */
static int64_t late;

int64_t
__wrap_deadline_now(void)
{
	return __real_deadline_now() + late;
}

uid_t
__wrap_getuid(void)
{
	return OWN;
}

bool
__wrap_recovery_done(const struct recovery *r)
{
	(void)r;
	return recovered;
}

const char *
__wrap_steer(struct queue *q, struct entry *e, uint32_t what, uid_t who,
    bool *is_pending)
{
	assert_ptr_equal(q, &queue);
	assert_int_equal(who, uid);
	steered++;
	steered_what = what;
	*is_pending = error == NULL && pending;
	strlcpy(steered_id, entry_id(e).s, sizeof(steered_id));
	return error;
}

const char *
__wrap_steer_damaged(struct queue *q, const char *id, uint32_t what, uid_t who)
{
	(void)q;
	(void)what;
	assert_int_equal(who, uid);
	assert_string_equal(id, DAMAGED);
	steered_damaged++;
	return error;
}

void
__wrap_control_item(const struct queue *q, const struct entry *entry,
    const struct envelope *e, const struct spool_content *c,
    struct msg_control_item *m)
{
	(void)q;
	(void)c;
	memset(m, 0, sizeof(*m));
	strlcpy(m->id, entry_id(entry).s, sizeof(m->id));
	strlcpy(m->sender, e->sender, sizeof(m->sender));
}

/* The spool that is still being read has id_of(500), too. */
void
__wrap_recovery_look(struct recovery *r, const char *id)
{
	const struct entry_facts f = { .uid = MSG_NO_UID };

	(void)r;
	looks++;
	if (strcmp(id, "1k0tw8hh3ydynhahm500") == 0)
		assert_non_null(schedule_add(queue.schedule, id, &f, 0));
}

static enum spool_state
load(const char *id, struct envelope *e)
{
	if (unreadable)
		return SPOOL_FAILED;
	spool_envelope(e, id);
	if (id[ID_MAX - 1] == '3') /* one to another domain, and done with */
		assert_true(env_add(e, "dan@Far.example", "", 0));
	if (id[ID_MAX - 1] == '4') {
		assert_true(env_add(e, "eve@far.example", "", 0));
		e->rcpts[2].status = RCPT_DELIVERED;
	}
	return SPOOL_VALID;
}

enum spool_state
__wrap_spool_load(struct spool *s, const char *id, struct envelope *e,
    struct spool_content *c, struct spool_fault *f)
{
	(void)s;
	(void)c;
	(void)f;
	return load(id, e);
}

/* All entries; before every tenth there is a wait, and then others' turn. */
struct review {
	uint32_t uid;
	size_t calls;
	struct entry_id last;
	struct spool_read read;
	struct event *later;
	void (*ready)(void *);
	void *arg;
};

static void
on_later(evutil_socket_t fd, short what, void *arg)
{
	const struct review *r = arg;

	(void)fd;
	(void)what;
	r->ready(r->arg);
}

struct review *
__wrap_review_new(
    struct queue *q, uint32_t who, void (*ready)(void *), void *arg)
{
	struct review *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->uid = who;
	r->ready = ready;
	r->arg = arg;
	r->later = event_new(q->base, -1, 0, on_later, r);
	env_init(&r->read.file.env);
	return r;
}

void
__wrap_review_free(struct review *r)
{
	if (r == NULL)
		return;
	env_free(&r->read.file.env);
	event_free(r->later);
	free(r);
}

enum review_answer
__wrap_review_next(struct review *r, struct entry **e, struct spool_read **read)
{
	if (r->calls++ % 12 == 9) {
		event_active(r->later, EV_TIMEOUT, 0);
		return REVIEW_WAIT;
	}
	if (r->calls % 12 == 11)
		return REVIEW_MORE;
	env_free(&r->read.file.env);
	do {
		*e = schedule_after(queue.schedule, r->last.s);
		if (*e == NULL)
			return REVIEW_END;
		r->last = entry_id(*e);
	} while (r->uid != MSG_NO_UID && (*e)->uid != r->uid);
	r->read.state = load(r->last.s, &r->read.file.env);
	*read = &r->read;
	return REVIEW_ONE;
}

struct agents *
__wrap_dispatch_agents(struct dispatch *d)
{
	(void)d;
	return NULL;
}

const struct destinations *
__wrap_agents_destinations(const struct agents *a)
{
	(void)a;
	return destinations;
}

int
__wrap_control_damaged(
    struct queue *q, const char *id, struct msg_control_item *m)
{
	(void)q;
	memset(m, 0, sizeof(*m));
	m->state = ITEM_DAMAGED;
	strlcpy(m->id, id, sizeof(m->id));
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

bool
__wrap_control_stat(struct queue *q, size_t i, struct msg_control_stat *m)
{
	(void)q;
	*m = (struct msg_control_stat){ .name = "x", .value = i };
	return i < 3;
}

int
__wrap_spool_reader(struct spool *s, const char *id)
{
	(void)s;
	(void)id;
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int
__wrap_spool_damaged_reader(struct spool *s, const char *id, uint64_t *size)
{
	(void)s;
	*size = 1;
	return strcmp(id, DAMAGED) == 0
	    ? open("/dev/null", O_RDONLY | O_CLOEXEC)
	    : -1;
}

bool
__wrap_spool_damaged_after(
    struct spool *s, const char *id, char next[ID_MAX + 1])
{
	(void)s;
	strlcpy(next, DAMAGED, ID_MAX + 1);
	return strcmp(id, DAMAGED) < 0;
}

static int
begin(void **state)
{
	(void)state;
	memset(&queue, 0, sizeof(queue));
	uid = 0;
	late = 0;
	recovered = true;
	unreadable = pending = false;
	error = NULL;
	steered = steered_damaged = looks = 0;
	destinations = destinations_new();
	queue.base = event_base_new();
	queue.schedule = schedule_new(3);
	listener = sock_listen(unit_dir, "control", SOCK_SEQPACKET);
	server = control_server_new(&queue, listener, 50);
	return server == NULL ? -1 : 0;
}

static int
end(void **state)
{
	struct server *s = (struct server *)server;

	(void)state;
	turn();
	assert_int_equal(s->count, 0);
	event_free(s->readable);
	free(server);
	schedule_free(queue.schedule);
	destinations_free(destinations);
	event_base_free(queue.base);
	return close(listener);
}

static const char *
id_of(unsigned int n)
{
	static char id[ID_MAX + 1];

	(void)snprintf(id, sizeof(id), "1k0tw8hh3ydynhahm%03u", n);
	return id;
}

/* n messages: those with even numbers are alice's. */
static void
fill(unsigned int n)
{
	struct entry_facts f = { .dest = 1, .only = true };

	for (unsigned int i = 0; i < n; i++) {
		f.uid = i % 2 == 0 ? ALICE : MSG_NO_UID;
		assert_non_null(schedule_add(queue.schedule, id_of(i), &f, 0));
	}
}

static struct chan
tool(uid_t who)
{
	struct chan c = peer_connect("control", &control_channel);

	uid = who;
	turn();
	return c;
}

struct heard {
	size_t items, rcpts, stats, fds, damaged, dests, packs;
	bool refused;
	uint32_t count, pending;
	char text[TEXT_MAX + 1];
};

static void
note(struct heard *h, unsigned int type, const union msg_control *m)
{
	static char last[ID_MAX + 1];

	if (type == CONTROL_T_ITEM) {
		if (h->items > 0)
			assert_true(strcmp(last, m->item.id) < 0);
		strlcpy(last, m->item.id, sizeof(last));
		h->items++;
		h->damaged += m->item.state == ITEM_DAMAGED;
	}
	h->rcpts += type == CONTROL_T_RCPT;
	h->stats += type == CONTROL_T_STAT;
	h->dests += type == CONTROL_T_DEST;
}

static void
note_pack(struct heard *h, const struct msg_control_pack *p)
{
	union msg_control m;
	unsigned int type;
	size_t at = 0;

	h->packs++;
	while ((type = control_unpack(p, &at, &m)) != CONTROL_T_END) {
		assert_int_not_equal(type, CONTROL_T_COUNT);
		note(h, type, &m);
	}
}

/* A whole answer, its items in order. */
static struct heard
hear(struct chan *c)
{
	struct heard h = { 0 };
	unsigned int type = CONTROL_T_COUNT;
	enum chan_result r;
	union msg_control m;

	while (type != CONTROL_T_END && type != CONTROL_T_ERROR) {
		int fd = -1;

		turn();
		if ((r = chan_recv(c, &type, &m, &fd, 0)) == CHAN_AGAIN) {
			type = CONTROL_T_COUNT;
			continue;
		}
		assert_int_equal(r, CHAN_OK);
		if (fd != -1) {
			h.fds++;
			assert_int_equal(close(fd), 0);
		}
		if (type == CONTROL_T_PACK)
			note_pack(&h, &m.pack);
		else
			note(&h, type, &m);
	}
	h.refused = type == CONTROL_T_ERROR;
	if (h.refused)
		strlcpy(h.text, m.error.text, sizeof(h.text));
	else {
		h.count = m.end.count;
		h.pending = m.end.pending;
	}
	return h;
}

#endif
