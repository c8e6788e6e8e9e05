/*
 * t_intake_early: which messages are delivered before their client is answered,
 * and those whose recipients are all done with in time.
 * wrap: sock_peer_uid settings_refresh expand route_find deadline_now
 * wrap: dispatch_accept dispatch_forget dispatch_agents agents_ready event_add
 */
#include "tests/unit/early.h"

/* --- the choice */

struct choice {
	const char *what;
	uint64_t declared;
	size_t nrcpt;
	int64_t wait, size, memory, used;
	bool alias, foreign, busy;
	uint64_t room;
};

/* clang-format off */
static const struct choice choices[] = {
	{ "not declared",	0,	1, WAIT, SIZE, 99999, 0, .room = SIZE },
	{ "small",		100,	1, WAIT, SIZE, 99999, 0, .room = 100 + MORE },
	{ "large",		9000,	1, WAIT, SIZE, 99999, 0, .room = SIZE },
	{ "nearly so",		5904,	1, WAIT, SIZE, 99999, 0, .room = SIZE },
	{ "nearly not",		5903,	1, WAIT, SIZE, 99999, 0, .room = SIZE - 1 },
	{ "the largest",	SIZE,	1, WAIT, SIZE, 99999, 0, .room = SIZE },
	{ "too large",		SIZE + 1, 1, WAIT, SIZE, 99999, 0, .room = 0 },
	{ "huge",		UINT64_MAX, 1, WAIT, SIZE, 99999, 0, .room = 0 },
	{ "not allowed",	100,	1, 0,    SIZE, 99999, 0, .room = 0 },
	{ "no size",		0,	1, WAIT, 0,    99999, 0, .room = 0 },
	{ "fifty",		100,	50, WAIT, SIZE, 99999, 0, .room = 100 + MORE },
	{ "one more",		100,	51, WAIT, SIZE, 99999, 0, .room = 0 },
	{ "just fits",		0,	1, WAIT, SIZE, SIZE + 500, 500, .room = SIZE },
	{ "does not",		0,	1, WAIT, SIZE, SIZE + 499, 500, .room = 0 },
	{ "no memory",		0,	1, WAIT, SIZE, 0, 0, .room = 0 },
	{ "an alias",		0,	3, WAIT, SIZE, 99999, 0, .alias = true },
	{ "another host",	0,	3, WAIT, SIZE, 99999, 0, .foreign = true },
	{ "a slow agent",	0,	3, WAIT, SIZE, 99999, 0, .busy = true },
};
/* clang-format on */

static void
choose(const struct choice *c)
{
	struct incoming in = { .server = server, .size = c->declared };
	struct envelope other;
	uint64_t room;

	alias = c->alias;
	foreign = c->foreign;
	ready = !c->busy;
	queue.settings.early_wait = c->wait;
	queue.settings.early_size = c->size;
	queue.settings.early_memory = c->memory;
	spool_envelope(&other, SPOOL_ID);
	if (c->used > 0)
		assert_int_not_equal(
		    spool_create_memory(queue.spool, &other, (uint64_t)c->used),
		    -1);
	env_init(&in.env);
	for (size_t i = 1; i < c->nrcpt; i++)
		assert_true(env_add(&in.env, "first@x.test", "", 0));
	assert_true(env_add(&in.env, "last@x.test", "", 0));
	if ((room = early_room(&in)) != c->room)
		fail_msg("%s: room for %ju", c->what, (uintmax_t)room);
	env_free(&in.env);
	if (c->used > 0)
		spool_abort(queue.spool, other.id);
	env_free(&other);
}

static void
chosen(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(choices); i++)
		choose(&choices[i]);
}

/* --- and then */

/* Delivered to all: the answer, and no file ever. */
static void
delivered(void **state)
{
	struct session s;

	(void)state;
	early(&s);
	assert_int_equal(accepts, 1);
	assert_int_equal(found(&s), SPOOL_VALID);
	assert_int_equal(alarm_in, WAIT * 1000);
	assert_int_equal(spool_age(queue.spool, s.file.id), -1);
	is_done_with(&s);
	is_queued(&s);
}

/* More than was declared, or than fits in memory: a file from there on. */
static void
grown(void **state)
{
	const struct msg_intake_grown m = { 0 };
	struct session s;

	(void)state;
	writes(&s, 5);
	assert_int_equal(s.file.limit, 5 + MORE);
	say(&s, INTAKE_T_GROWN, &m);
	assert_int_equal(spool_memory_used(queue.spool), 0);
	takes_file(&s, 0);
	assert_int_equal(found(&s), SPOOL_INCOMPLETE);
	commits(&s);
	is_queued(&s);
	assert_int_equal(found(&s), SPOOL_VALID);
	is_done_with(&s);
}

/* A file has the largest size that there is. */
static void
grown_twice(void **state)
{
	const struct msg_intake_grown m = { 0 };
	struct session s;

	(void)state;
	writes(&s, 0);
	say(&s, INTAKE_T_GROWN, &m);
	takes_file(&s, 0);
	say(&s, INTAKE_T_GROWN, &m);
	is_refused(&s, "5.3.4");
	assert_int_equal(found(&s), SPOOL_GONE);
}

/* Its agents say that the content is another than the session said. */
static void
damaged(void **state)
{
	const struct spool_fault f = { "the checksum", "another" };
	struct session s;

	(void)state;
	early(&s);
	spool_set_aside(queue.spool, s.file.id, &f);
	is_refused(&s, "4.3.0");
	assert_int_equal(spool_damaged_count(queue.spool), 0);
}

static void
nobody_schedules(void **state)
{
	struct session s;

	(void)state;
	no_memory = true;
	writes(&s, 0);
	commits(&s);
	is_refused(&s, "4.3.0");
	assert_int_equal(found(&s), SPOOL_GONE);
}

/* Delivered all the same, if that is done before it is late. */
static void
leaves_and_is_delivered(void **state)
{
	struct session s;

	(void)state;
	early(&s);
	leave(&s);
	is_done_with(&s);
	assert_int_equal(queue.counters.accepted, 1);
	assert_int_equal(forgets, 0);
}

/* --- several */

/* Each has its own time; the first one's alarm is set. */
static void
each_in_time(void **state)
{
	struct session first, second;

	(void)state;
	early(&first);
	now += 1000;
	early(&second);
	now += WAIT * 1000 - 1000;
	event_active(server->late, EV_TIMEOUT, 0);
	takes_file(&first, 0);
	assert_true(silent(&second));
	assert_int_equal(alarm_in, 1000);
	now += 999;
	event_active(server->late, EV_TIMEOUT, 0);
	assert_true(silent(&second));
	assert_int_equal(alarm_in, 1);
	is_deferred(&second);
	takes_file(&second, 0);
	for (int i = 0; i < 2; i++) {
		struct session *s = i == 0 ? &second : &first;

		commits(s);
		while (spool_pending(queue.spool) > 0)
			assert_int_equal(
			    event_base_loop(queue.base, EVLOOP_ONCE), 0);
		assert_false(silent(s));
		leave(s);
		is_done_with(s);
	}
}

/* A session that leaves descriptors lying in its socket gets no more. */
static void
does_not_read(void **state)
{
	const struct msg_intake_open m = { .sender = "alice@example.org" };
	const struct msg_intake_rcpt to = { .addr = "bob@example.org" };
	const struct msg_intake_body body = { 0 };
	const struct msg_intake_abort abort = { 0 };
	struct session s = { .fd = -1 };
	union msg_intake got;
	unsigned int type;

	(void)state;
	s.chan = peer_connect("intake", &intake_channel);
	for (int i = 0; i < 2; i++) {
		say(&s, INTAKE_T_OPEN, &m);
		say(&s, INTAKE_T_RCPT, &to);
		say(&s, INTAKE_T_BODY, &body);
		s.chan.state = INTAKE_WRITING; /* though nothing was heard */
		if (i == 0)
			say(&s, INTAKE_T_ABORT, &abort);
	}
	s.chan.state = INTAKE_ASKED;
	hear(&s, INTAKE_T_FILE, &got, &s.fd); /* the first, given up */
	assert_int_equal(chan_recv(&s.chan, &type, &got, NULL, 0), CHAN_EOF);
	leave(&s);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(chosen),
		T(delivered),
		T(grown),
		T(grown_twice),
		T(damaged),
		T(nobody_schedules),
		T(leaves_and_is_delivered),
		T(each_in_time),
		T(does_not_read),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
