/*
 * control: a control server whose queue and whose actions are the test's, and
 * tools of several users; for tests that wrap what t_control_server wraps.
 */
#ifndef TESTS_UNIT_CONTROL_H
#define TESTS_UNIT_CONTROL_H

#include "tests/unit/peer.h"

#include "common/msg_control.h"
#include "queue/control_item.h"
#include "queue/control_server.h"
#include "queue/recovery.h"
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

uid_t __wrap_getuid(void);
bool __wrap_recovery_done(const struct recovery *);
const char *__wrap_steer(
    struct queue *, struct entry *, uint32_t, uid_t, bool *);
const char *__wrap_steer_damaged(struct queue *, const char *, uint32_t, uid_t);
bool __wrap_control_item(struct queue *, const struct entry *,
    struct envelope *, struct msg_control_item *);
int __wrap_control_damaged(
    struct queue *, const char *, struct msg_control_item *);
bool __wrap_control_stat(struct queue *, size_t, struct msg_control_stat *);
int __wrap_spool_reader(struct spool *, const char *);
int __wrap_spool_damaged_reader(struct spool *, const char *, uint64_t *);
bool __wrap_spool_damaged_after(struct spool *, const char *, char[ID_MAX + 1]);

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

bool
__wrap_control_item(struct queue *q, const struct entry *entry,
    struct envelope *e, struct msg_control_item *m)
{
	(void)q;
	if (unreadable)
		return false;
	spool_envelope(e, entry_id(entry).s);
	memset(m, 0, sizeof(*m));
	strlcpy(m->id, entry_id(entry).s, sizeof(m->id));
	return true;
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
	recovered = true;
	unreadable = pending = false;
	error = NULL;
	steered = steered_damaged = 0;
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
	size_t items, rcpts, stats, fds, damaged;
	bool refused;
	uint32_t count, pending;
	char text[TEXT_MAX + 1];
};

/* A whole answer, its items in order. */
static struct heard
hear(struct chan *c)
{
	struct heard h = { 0 };
	char last[ID_MAX + 1] = "";
	unsigned int type = CONTROL_T_COUNT;
	union msg_control m;

	while (type != CONTROL_T_END && type != CONTROL_T_ERROR) {
		int fd = -1;

		turn();
		assert_int_equal(chan_recv(c, &type, &m, &fd, 0), CHAN_OK);
		if (fd != -1) {
			h.fds++;
			assert_int_equal(close(fd), 0);
		}
		if (type == CONTROL_T_ITEM) {
			assert_true(strcmp(last, m.item.id) < 0);
			strlcpy(last, m.item.id, sizeof(last));
			h.items++;
			h.damaged += m.item.state == ITEM_DAMAGED;
		}
		h.rcpts += type == CONTROL_T_RCPT;
		h.stats += type == CONTROL_T_STAT;
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
