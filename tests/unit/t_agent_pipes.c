/*
 * t_agent_pipes: places of agents that run commands, which may take their time:
 * they are no others', and the pools have fair turns.
 * wrap: deadline_now pool_take pool_fail pool_lost pool_again message_tell
 * wrap: message_lost message_moved message_tell_rcpt message_verdict spool_reader queue_stop route_find
 * wrap: pool_whos schedule_dest_due schedule_dest_wait schedule_dest_hurry dispatch_kick message_target
 */
#include "tests/unit/places.h"

#define USERS 12

static struct pool *users[USERS];
static struct chan jobs[USERS];

struct target *__wrap_message_target(
    const struct message *, size_t, const struct pool *, struct diag *);

struct target *
__wrap_message_target(
    const struct message *m, size_t i, const struct pool *p, struct diag *d)
{
	(void)m;
	(void)i;
	(void)p;
	(void)d;
	return calloc(1, 1); /* nobody looks into it */
}

static struct pool *
pool_of(uint32_t program, const char *name)
{
	const struct pool_key key = { .program = program, .name = name };
	struct pool *p = agents_pool(agents, &key);

	assert_non_null(p);
	p->stalls = 1; /* keeps it */
	return p;
}

static int
setup(void **state)
{
	char name[20];

	if (fresh(state) == -1)
		return -1;
	wanted_program = SPAWN_PIPE;
	queue.settings.pipe_agents = 8;
	queue.settings.pipe_timeout = 600;
	for (size_t i = 0; i < USERS; i++) {
		chan_init(&jobs[i], -1, &job_channel, JOB_AGENT);
		(void)snprintf(name, sizeof(name), "|user%02zu", i);
		users[i] = pool_of(SPAWN_PIPE, name);
	}
	return 0;
}

static void
want(struct pool *p, size_t n)
{
	set_waiting(p, n);
	agents_wake(agents, p);
	turn();
}

/* The user's first agent begins its first command. */
static void
begin(size_t i, size_t n)
{
	uint32_t serial = 0;

	want(users[i], n);
	assert_int_equal(asked(&serial), 1);
	start(serial);
	jobs[i] = job;
}

/* And ends it. */
static void
end(size_t i)
{
	job = jobs[i];
	say(heard_job(), "2.0.0", 250, 0);
	turn();
}

static void
close_jobs(void)
{
	for (size_t i = 0; i < USERS; i++)
		chan_close(&jobs[i]);
	turn();
}

/* Mail for mailboxes finds its places, however many commands run. */
static void
apart(void **state)
{
	struct pool *mailboxes = pool_of(SPAWN_LOCAL, "@virtual");
	struct pool *reports = pool_of(SPAWN_BOUNCE, POOL_BOUNCE);

	(void)state;
	for (size_t i = 0; i < USERS; i++)
		want(users[i], 5);
	assert_int_equal(asked(NULL), 8);
	assert_true(users[8]->is_starving);
	wanted_program = SPAWN_LOCAL;
	assert_true(agents_ready(agents, "@virtual"));
	want(mailboxes, 1);
	assert_int_equal(asked(NULL), 1);
	wanted_program = SPAWN_BOUNCE;
	want(reports, 1);
	assert_int_equal(asked(NULL), 1);
	assert_int_equal(agents_count(agents), 10);
	/* Nor do commands wait for those. */
	assert_int_equal(agents->here.count, 2);
	assert_int_equal(agents->pipes.count, 8);
}

/* postriderd has no place for another command: others do not wait for that. */
static void
busy(void **state)
{
	struct pool *mailboxes = pool_of(SPAWN_LOCAL, "@virtual");
	struct msg_spawn_failed m = { .dsn = SPAWN_BUSY };

	(void)state;
	want(users[0], 1);
	assert_int_equal(asked(&m.serial), 1);
	assert_int_equal(
	    chan_send(&master, SPAWN_T_FAILED, &m, -1, 0), CHAN_OK);
	turn();
	assert_true(users[0]->is_starving);
	assert_int_equal(asked(NULL), 0);
	wanted_program = SPAWN_LOCAL;
	want(mailboxes, 1);
	assert_int_equal(asked(NULL), 1);
	wanted_program = SPAWN_PIPE;
	event_active(agents->pipes.again, EV_TIMEOUT, 0);
	turn();
	assert_int_equal(asked(NULL), 1);
	assert_false(users[0]->is_starving);
}

/* How many agents so many users get, one after the other, of most places. */
static void
shares(void **state)
{
	static const struct {
		int64_t most;
		size_t n;
		size_t got[USERS];
	} cases[] = {
		{ 1, 2, { 1, 0 } },
		{ 2, 3, { 1, 1, 0 } },
		{ 8, 8, { 2, 2, 2, 1, 1, 0, 0, 0 } },
		{ 20, 8, { 5, 5, 5, 3, 1, 1, 0, 0 } },
		{ 40, 6, { 10, 10, 10, 5, 3, 1 } },
	};
	static struct chan held[64];
	uint32_t serial = 0;
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		n = 0;
		queue.settings.pipe_agents = cases[i].most;
		for (size_t k = 0; k < cases[i].n; k++) {
			want(users[k], 100);
			/* One starts at a time. */
			while (asked(&serial) == 1) {
				start(serial);
				held[n++] = job;
				set_waiting(users[k], 100);
			}
			assert_int_equal(users[k]->nagents, cases[i].got[k]);
			assert_int_equal(
			    users[k]->is_starving, cases[i].got[k] == 0);
		}
		assert_true(agents->pipes.count <= (size_t)cases[i].most);
		for (size_t k = 0; k < USERS; k++)
			set_waiting(users[k], 0);
		while (n-- > 0)
			chan_close(&held[n]);
		turn();
		(void)done(NULL);
		(void)setup(NULL);
	}
}

/* Who waits has the place of the command that ends first, in turn. */
static void
turns(void **state)
{
	uint32_t serial = 0;

	(void)state;
	queue.settings.pipe_agents = 3;
	for (size_t i = 0; i < 3; i++)
		begin(i, 3);
	want(users[3], 2);
	want(users[4], 2);
	assert_int_equal(asked(NULL), 0);
	assert_true(users[3]->is_starving && users[4]->is_starving);
	end(1);
	assert_int_equal(users[1]->nagents, 0);
	assert_true(users[1]->is_starving);
	assert_int_equal(asked(&serial), 1);
	assert_int_equal(users[3]->nagents, 1);
	start(serial);
	jobs[3] = job;
	/* Even one that has just been started: this was its command. */
	end(3);
	assert_int_equal(asked(&serial), 1);
	assert_int_equal(users[4]->nagents, 1);
	assert_true(users[3]->is_starving);
	start(serial);
	jobs[4] = job;
	end(2);
	assert_int_equal(asked(&serial), 1);
	assert_int_equal(users[1]->nagents, 1);
	close_jobs();
}

/* While nobody waits, one agent runs one command after the other. */
static void
kept(void **state)
{
	(void)state;
	queue.settings.pipe_agents = 1;
	begin(0, 3);
	end(0);
	assert_int_equal(users[0]->nagents, 1);
	assert_int_equal(users[0]->waiting, 1);
	end(0);
	end(0);
	assert_int_equal(asked(NULL), 0);
	assert_int_equal(users[0]->waiting, 0);
	assert_int_equal(agents_outstanding(agents), 0);
	assert_int_equal(users[0]->nagents, 1);
	/* Its place is another's as soon as it is wanted. */
	want(users[1], 1);
	assert_int_equal(asked(NULL), 1);
	assert_int_equal(users[1]->nagents, 1);
	close_jobs();
}

/* One with a place gets more when those who had them are gone. */
static void
more(void **state)
{
	(void)state;
	queue.settings.pipe_agents = 8;
	for (size_t i = 0; i < 7; i++)
		begin(i, 1);
	begin(7, 3);
	assert_int_equal(users[7]->nagents, 1);
	for (size_t i = 0; i < 7; i++) {
		chan_close(&jobs[i]);
		turn();
	}
	assert_int_equal(asked(NULL), 0);
	assert_int_equal(agents->pipes.count, 1);
	event_active(agents->sweep, EV_TIMEOUT, 0);
	turn();
	assert_int_equal(asked(NULL), 1);
	assert_int_equal(users[7]->nagents, 2);
	close_jobs();
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, done)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(apart),
		T(busy),
		T(shares),
		T(turns),
		T(kept),
		T(more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
