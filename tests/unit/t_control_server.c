/*
 * t_control_server: who is shown which messages, who may steer them, and that
 * long answers come whole.
 * wrap: sock_peer_uid getuid recovery_done steer steer_damaged control_item
 * wrap: control_damaged control_stat spool_reader spool_damaged_reader
 * wrap: spool_damaged_after
 */
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
	strlcpy(steered_id, e->id, sizeof(steered_id));
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
	spool_envelope(e, entry->id);
	memset(m, 0, sizeof(*m));
	strlcpy(m->id, entry->id, sizeof(m->id));
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
	for (unsigned int i = 0; i < n; i++)
		assert_non_null(schedule_add(queue.schedule, id_of(i),
		    i % 2 == 0 ? ALICE : MSG_NO_UID, 1, 0));
}

static struct chan
tool(uid_t who)
{
	struct chan c = peer_connect("control", &control_channel);

	uid = who;
	turn();
	return c;
}

static void
list(struct chan *c, const char *id, uint32_t flags)
{
	struct msg_control_list m = { .flags = flags };

	strlcpy(m.id, id, sizeof(m.id));
	assert_int_equal(chan_send(c, CONTROL_T_LIST, &m, -1, 0), CHAN_OK);
}

static void
act(struct chan *c, const char *id, uint32_t what)
{
	struct msg_control_act m = { .what = what };

	strlcpy(m.id, id, sizeof(m.id));
	assert_int_equal(chan_send(c, CONTROL_T_ACT, &m, -1, 0), CHAN_OK);
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

/* Root and the queue's user see all; others what they submitted. */
static void
lists(void **state)
{
	static const struct {
		uid_t who;
		size_t items, damaged;
	} cases[] = { { 0, 10, 1 }, { OWN, 10, 1 }, { ALICE, 5, 0 },
		{ BOB, 0, 0 }, { MSG_NO_UID, 0, 0 } };

	(void)state;
	fill(9);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct chan c = tool(cases[i].who);

		for (uint32_t flags = 0; flags <= LIST_RCPTS; flags++) {
			struct heard h;

			list(&c, "", flags);
			h = hear(&c);
			assert_int_equal(h.items, cases[i].items);
			assert_int_equal(h.damaged, cases[i].damaged);
			assert_int_equal(h.count, cases[i].items);
			assert_int_equal(
			    h.rcpts, (h.items - h.damaged) * 2 * flags);
		}
		chan_close(&c);
		turn();
	}
}

/* clang-format off */
static const struct {
	uid_t who;
	const char *id;
	uint32_t flags;
	size_t items, fds;	/* none: refused */
} ones[] = {
	{ 0,	 "1k0tw8hh3ydynhahm001", 0,		1, 0 },
	{ 0,	 "1k0tw8hh3ydynhahm001", LIST_CONTENT,	1, 1 },
	{ ALICE, "1k0tw8hh3ydynhahm000", LIST_CONTENT,	1, 1 },
	{ ALICE, "1k0tw8hh3ydynhahm001", LIST_CONTENT,	0, 0 },
	{ BOB,	 "1k0tw8hh3ydynhahm000", 0,		0, 0 },
	{ 0,	 "1k0tw8hh3ydynhahm009", 0,		0, 0 },
	{ 0,	 DAMAGED,		 0,		1, 0 },
	{ 0,	 DAMAGED,		 LIST_CONTENT,	1, 1 },
	{ ALICE, DAMAGED,		 LIST_CONTENT,	0, 0 },
	{ 0,	 "../../etc/passwd",	 LIST_CONTENT,	0, 0 },
	{ 0,	 "",			 LIST_CONTENT,	0, 0 },
};
/* clang-format on */

static void
shows(void **state)
{
	(void)state;
	fill(2);
	for (size_t i = 0; i < COUNT(ones); i++) {
		struct chan c = tool(ones[i].who);
		struct heard h;

		list(&c, ones[i].id, ones[i].flags);
		h = hear(&c);
		assert_int_equal(h.items, ones[i].items);
		assert_int_equal(h.fds, ones[i].fds);
		assert_int_equal(h.refused, ones[i].items == 0);
		chan_close(&c);
		turn();
	}
}

/* Left out of a list, and said of a single one. */
static void
cannot_be_read(void **state)
{
	struct chan c = tool(0);
	struct heard h;

	(void)state;
	fill(3);
	unreadable = true;
	list(&c, "", LIST_RCPTS);
	h = hear(&c);
	assert_int_equal(h.items, 1);
	assert_int_equal(h.damaged, 1);
	list(&c, id_of(0), LIST_RCPTS);
	assert_true(hear(&c).refused);
	chan_close(&c);
}

/* More than a turn and the socket hold, beside another who asks. */
static void
long_answers(void **state)
{
	struct chan c = tool(0), b = tool(0);

	(void)state;
	fill(900);
	list(&c, "", LIST_RCPTS);
	turn();
	list(&b, id_of(5), 0);
	assert_int_equal(hear(&b).items, 1);
	assert_int_equal(hear(&c).count, 901);
	list(&c, "", 0);
	turn();
	chan_close(&c); /* in the middle */
	chan_close(&b);
}

static void
acts(void **state)
{
	struct chan c = tool(0);
	struct heard h;

	(void)state;
	fill(5);
	act(&c, id_of(3), CONTROL_RETRY);
	assert_int_equal(hear(&c).count, 1);
	assert_int_equal(steered, 1);
	assert_int_equal(steered_what, CONTROL_RETRY);
	assert_string_equal(steered_id, id_of(3));
	act(&c, "", CONTROL_HOLD);
	assert_int_equal(hear(&c).count, 5);
	assert_int_equal(steered, 6);
	act(&c, DAMAGED, CONTROL_DROP);
	assert_int_equal(hear(&c).count, 1);
	assert_int_equal(steered_damaged, 1);
	error = "it cannot be";
	act(&c, id_of(3), CONTROL_RETRY);
	h = hear(&c);
	assert_true(h.refused);
	assert_string_equal(h.text, error);
	act(&c, "", CONTROL_HOLD);
	assert_int_equal(hear(&c).count, 0); /* done to none */
	assert_int_equal(steered, 12);
	chan_close(&c);
}

/* What agents have is counted apart. */
static void
acts_later(void **state)
{
	struct chan c = tool(0);
	struct heard h;

	(void)state;
	fill(5);
	pending = true;
	for (int i = 0; i < 2; i++) { /* nothing is left of the first */
		act(&c, id_of(3), CONTROL_DROP);
		h = hear(&c);
		assert_int_equal(h.count, 0);
		assert_int_equal(h.pending, 1);
	}
	act(&c, "", CONTROL_HOLD);
	h = hear(&c);
	assert_int_equal(h.count, 0);
	assert_int_equal(h.pending, 5);
	pending = false;
	act(&c, "", CONTROL_HOLD);
	h = hear(&c);
	assert_int_equal(h.count, 5);
	assert_int_equal(h.pending, 0);
	chan_close(&c);
}

/* What is not there, is no action, or is not his to do. */
static void
acts_not(void **state)
{
	struct chan c = tool(0);

	(void)state;
	fill(2);
	act(&c, id_of(7), CONTROL_DROP);
	assert_string_equal(hear(&c).text, CONTROL_NO_SUCH);
	act(&c, "x/y", CONTROL_DROP);
	assert_string_equal(hear(&c).text, CONTROL_NO_SUCH);
	act(&c, id_of(0), 0);
	assert_string_equal(hear(&c).text, "no such action");
	chan_close(&c);
	c = tool(ALICE);
	act(&c, id_of(0), CONTROL_DROP);
	assert_string_equal(hear(&c).text, "only root may do that");
	act(&c, "", CONTROL_DROP);
	assert_string_equal(hear(&c).text, "only root may do that");
	act(&c, DAMAGED, CONTROL_DROP);
	assert_true(hear(&c).refused);
	act(&c, "", 99); /* has no name that could be logged */
	assert_string_equal(hear(&c).text, "no such action");
	chan_close(&c);
	assert_int_equal(steered, 0);
	assert_int_equal(steered_damaged, 0);
}

/* While the spool is read, only numbers are told. */
static void
recovering(void **state)
{
	const struct msg_control_stats m = { 0 };
	struct chan c = tool(0), b = tool(ALICE);
	union msg_control answer;
	unsigned int type;

	(void)state;
	recovered = false;
	fill(1);
	list(&c, "", 0);
	turn();
	assert_int_equal(chan_send(&b, CONTROL_T_STATS, &m, -1, 0), CHAN_OK);
	assert_int_equal(hear(&b).stats, 3);
	assert_int_equal(chan_recv(&c, &type, &answer, NULL, 0), CHAN_AGAIN);
	chan_close(&c);
	chan_close(&b);
}

/* One user has eight places, all have some; root finds one even then. */
static void
places(void **state)
{
	const struct server *s = (const struct server *)server;
	struct chan c[50];
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 10; i++)
		c[n++] = tool(ALICE);
	assert_int_equal(s->count, 8);
	for (uid_t i = 0; i < 26; i++)
		c[n++] = tool(BOB + i);
	assert_int_equal(s->count, 32);
	c[n++] = tool(0);
	c[n++] = tool(OWN);
	assert_int_equal(s->count, 34);
	while (n > 0)
		chan_close(&c[--n]);
	turn();
	c[0] = tool(ALICE);
	assert_int_equal(s->count, 1);
	chan_close(&c[0]);
}

static int
setup(void **state)
{
	log_open("t_control_server", LOG_TO_FILE, "/dev/null");
	return unit_setup(state);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(lists),
		T(shows),
		T(cannot_be_read),
		T(long_answers),
		T(acts),
		T(acts_later),
		T(acts_not),
		T(recovering),
		T(places),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
