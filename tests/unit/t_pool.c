/*
 * t_pool: whose turn it is, who is alone, and that nothing given to a pool is
 * forgotten by it.
 * wrap: dispatch_agents agents_pool agents_wake agents_down message_verdict
 * wrap: message_lost message_untried
 */
#include "tests/unit/pools.h"

/* A message with n recipients, all for the account. */
static void
give(struct message *m, struct entry *e, const char *account, size_t n)
{
	struct route r = { .program = SPAWN_LOCAL, .pool = ROUTE_VIRTUAL };

	memset(m, 0, sizeof(*m));
	memset(e, 0, sizeof(*e));
	m->q = &queue;
	m->entry = e;
	m->open = n;
	RB_INIT(&m->groups);
	strlcpy(r.account, account, sizeof(r.account));
	for (size_t i = 0; i < n; i++)
		assert_true(pool_give(m, i, &r));
}

static struct pool *virtual(void)
{
	return find(SPAWN_LOCAL, ROUTE_VIRTUAL);
}

static void
turns(void **state)
{
	struct message m[7];
	struct entry e[7];
	struct pool_work w;

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		give(&m[i], &e[i], "alice@x", 1);
		pool_given(&m[i]);
	}
	give(&m[6], &e[6], "bob@x", 1);
	pool_given(&m[6]);
	assert_int_equal(wakes, 7);
	assert_string_equal(pool_account(virtual()), "alice@x");
	assert_true(pool_take(virtual(), false, 100, &w));
	assert_ptr_equal(w.message, &m[0]);
	assert_false(w.suspect);
	assert_true(pool_take(virtual(), false, 100, &w));
	assert_ptr_equal(w.message, &m[6]); /* bob's, not alice's second */
	for (size_t i = 1; i < 6; i++) {
		assert_true(pool_take(virtual(), false, 100, &w));
		assert_ptr_equal(w.message, &m[i]);
	}
	assert_false(pool_take(virtual(), true, 100, &w));
	assert_string_equal(pool_account(virtual()), "");
}

/* No more than one job holds, nor than the agent has room for. */
static void
portions(void **state)
{
	static const struct {
		size_t room, want;
	} takes[] = { { 0, 0 }, { 7, 7 }, { 100, JOB_RCPT_MAX }, { 1, 1 },
		{ 100, 42 }, { 100, 0 } };
	struct pool_work w;
	struct message m;
	struct entry e;
	size_t next = 0;

	(void)state;
	give(&m, &e, "alice@x", 100);
	pool_given(&m);
	for (size_t i = 0; i < COUNT(takes); i++) {
		w.n = 0;
		(void)pool_take(virtual(), true, takes[i].room, &w);
		assert_int_equal(w.n, takes[i].want);
		for (size_t k = 0; k < w.n; k++)
			assert_int_equal(w.indexes[k], next++);
	}
	assert_int_equal(next, 100);
}

/* A message that lost an agent gets one that has nothing else to do. */
static void
alone(void **state)
{
	struct message m[2];
	struct entry e[2];
	struct pool_work w;

	(void)state;
	give(&m[0], &e[0], "alice@x", 1);
	pool_given(&m[0]);
	give(&m[1], &e[1], "bob@x", 1);
	e[1].alone = true;
	pool_given(&m[1]);
	assert_false(pool_take(virtual(), false, 100, &w));
	assert_true(pool_take(virtual(), true, 100, &w));
	assert_ptr_equal(w.message, &m[1]);
	assert_true(w.suspect);
	assert_true(pool_take(virtual(), false, 100, &w));
	assert_ptr_equal(w.message, &m[0]);
	assert_false(w.suspect);
}

/* All waiting work goes back, each recipient once. */
static void
back(void **state)
{
	struct verdict v = { .diag = DIAG_INIT };
	struct message m[3];
	struct entry e[3];
	struct pool_work w;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		give(&m[i], &e[i], i == 0 ? "alice@x" : "bob@x", 60);
		e[i].alone = i == 2;
		pool_given(&m[i]);
	}
	assert_true(pool_take(virtual(), true, 20, &w)); /* of the third */
	(void)diag_set(&v.diag, "4.3.0", "x");
	pool_fail(virtual(), &v);
	assert_int_equal(outcomes, 160);
	assert_int_equal(m[2].open, 20);
	assert_false(pool_take(virtual(), true, 100, &w));
	give(&m[0], &e[0], "alice@x", 5);
	pool_given(&m[0]);
	pool_lost(virtual(), 77);
	assert_int_equal(losses, 5);
}

/* One message's work goes back, the others' stays. */
static void
cancel(void **state)
{
	struct message m[2];
	struct entry e[2];
	struct pool_work w;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		give(&m[i], &e[i], "alice@x", 3);
		pool_given(&m[i]);
	}
	pool_cancel(&m[0]);
	assert_int_equal(untried, 3);
	assert_int_equal(m[0].open, 0);
	assert_true(pool_take(virtual(), false, 100, &w));
	assert_ptr_equal(w.message, &m[1]);
	assert_false(pool_take(virtual(), true, 100, &w));
}

static const struct route_away plain = { .tls = HOP_TLS_MAY };

/* A message of that user with n recipients at a next hop. */
static void
give_away(struct message *m, struct entry *e, uint32_t who, size_t n)
{
	struct route r = { .program = SPAWN_REMOTE, .away = plain };

	memset(m, 0, sizeof(*m));
	memset(e, 0, sizeof(*e));
	m->q = &queue;
	m->entry = e;
	e->who = who;
	m->open = n;
	RB_INIT(&m->groups);
	strlcpy(r.pool, "far.test", sizeof(r.pool));
	for (size_t i = 0; i < n; i++)
		assert_true(pool_give(m, i, &r));
}

static struct pool *
far(void)
{
	const struct pool_key key = { SPAWN_REMOTE, "far.test", plain };

	return pool_find(&pools, &key);
}

/* Senders take turns, whoever the recipients are. */
static void
sender_turns(void **state)
{
	struct destination dest = { .pools = 1 };
	uint32_t who[8];
	struct message m[4];
	struct entry e[4];
	struct pool_work w;

	(void)state;
	far()->dest = &dest;
	for (size_t i = 0; i < 4; i++) {
		give_away(&m[i], &e[i], i == 3 ? 1001 : 1000, 1);
		pool_given(&m[i]);
	}
	assert_int_equal(dest.waiting, 4);
	assert_string_equal(pool_account(far()), "");
	assert_int_equal(pool_whos(far(), who, 1), 1);
	assert_int_equal(pool_whos(far(), who, 8), 2);
	assert_int_equal(who[0] + who[1], 2001);
	assert_true(pool_take(far(), false, 100, &w));
	assert_ptr_equal(w.message, &m[0]);
	assert_true(pool_take(far(), false, 100, &w));
	assert_ptr_equal(w.message, &m[3]);
	assert_int_equal(dest.waiting, 2);
	pool_lost(far(), 77);
	assert_int_equal(losses, 2);
	assert_int_equal(dest.waiting, 0);
}

/* What is known of a next hop that is down is said at once. */
static void
no_agent(void **state)
{
	struct message m;
	struct entry e;

	(void)state;
	down = true;
	give_away(&m, &e, 1000, 3);
	assert_int_equal(outcomes, 3);
	assert_int_equal(m.open, 0);
	assert_null(pool_after(&pools, NULL));
	/* Those who look whether it is up again go together. */
	down = false;
	give_away(&m, &e, 1000, 1);
	down = true;
	{
		struct route r = { .program = SPAWN_REMOTE, .away = plain };

		strlcpy(r.pool, "far.test", sizeof(r.pool));
		assert_true(pool_give(&m, 1, &r));
		assert_int_equal(outcomes, 3);
		strlcpy(r.pool, "other.test", sizeof(r.pool));
		assert_true(pool_give(&m, 2, &r));
		assert_int_equal(outcomes, 4);
	}
	m.open = 2;
	pool_given(&m);
	pool_cancel(&m);
	assert_int_equal(untried, 2);
}

/* An agent gives back what another is to have. */
static void
again(void **state)
{
	struct message m;
	struct entry e;
	struct pool_work w;

	(void)state;
	give_away(&m, &e, 1000, 3);
	pool_given(&m);
	assert_true(pool_take(far(), true, 100, &w));
	assert_int_equal(w.n, 3);
	assert_true(pool_again(far(), &m, 2));
	assert_true(pool_again(far(), &m, 0));
	assert_int_equal(far()->waiting, 1);
	assert_true(pool_take(far(), true, 100, &w));
	assert_int_equal(w.n, 2);
	assert_int_equal(w.indexes[0], 2);
	assert_int_equal(w.indexes[1], 0);
	assert_int_equal(m.open, 3);
}

/* What tells pools apart; those of one name follow each other. */
static void
keys(void **state)
{
	static const struct pool_key k[] = {
		{ SPAWN_LOCAL, "alice", { 0 } },
		{ SPAWN_REMOTE, "alice", { HOP_TLS_MAY, false, false } },
		{ SPAWN_REMOTE, "alice", { HOP_TLS_MAY, false, true } },
		{ SPAWN_REMOTE, "alice", { HOP_TLS_MAY, true, false } },
		{ SPAWN_REMOTE, "alice", { HOP_TLS_VERIFY, false, false } },
		{ SPAWN_LOCAL, "bob", { 0 } },
	};
	const struct pool_key named = { .program = 0, .name = "alice" };
	struct pool *p[COUNT(k)], *at;

	(void)state;
	for (size_t i = 0; i < COUNT(k); i++) {
		assert_null(pool_get(&pools, &k[i]));
		p[i] = pool_find(&pools, &k[i]);
		assert_non_null(p[i]);
		for (size_t n = 0; n < i; n++) {
			assert_ptr_not_equal(p[n], p[i]);
			assert_false(pool_is(p[n], &k[i]));
		}
		assert_true(pool_is(p[i], &k[i]));
	}
	at = pool_from(&pools, &named);
	for (size_t i = 0; i < 5; i++, at = pool_after(&pools, at))
		assert_string_equal(at->name, "alice");
	assert_ptr_equal(at, p[5]);
}

/* Reports have a pool of their own; pools with trouble are remembered. */
static void
names(void **state)
{
	struct message m;
	struct entry e;
	struct pool *p;
	struct pool_work w;

	(void)state;
	give(&m, &e, "alice@x", 1);
	pool_given(&m);
	assert_true(pool_take(virtual(), true, 1, &w));
	assert_true(pool_give_report(&m, 0));
	pool_given(&m);
	p = find(SPAWN_BOUNCE, POOL_BOUNCE);
	assert_int_equal(p->program, SPAWN_BOUNCE);
	assert_int_equal(p->waiting, 1);
	assert_false(pool_tidy(&pools, p));
	assert_ptr_equal(find(SPAWN_BOUNCE, POOL_BOUNCE), p);
	assert_true(pool_take(p, true, 1, &w));
	p->failures = 1;
	assert_false(pool_tidy(&pools, p));
	assert_ptr_equal(find(SPAWN_BOUNCE, POOL_BOUNCE), p);
	p->failures = 0;
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(turns),
		T(sender_turns),
		T(no_agent),
		T(again),
		T(keys),
		T(portions),
		T(alone),
		T(back),
		T(cancel),
		T(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
