/*
 * t_pool_turns: recipients of one pool that are told different things, and
 * aliases that run commands.
 * wrap: dispatch_agents agents_pool agents_wake agents_down message_verdict
 * wrap: message_lost message_untried
 */
#include "tests/unit/pools.h"

/* Whom it was passed on to is told another sender, in a job of his own. */
static void
other_senders(void **state)
{
	static const char *const ways[] = { "", "F", "", "F", "" };
	struct route r = { .program = SPAWN_REMOTE, .pool = "far.test" };
	struct message m = { .q = &queue };
	struct entry e = { .who = 1 };
	struct pool_work w;
	size_t n[2] = { 0, 0 };

	(void)state;
	m.entry = &e;
	RB_INIT(&m.groups);
	env_init(&m.env);
	queue.settings.srs = true;
	for (size_t i = 0; i < COUNT(ways); i++) {
		assert_true(env_add_via(&m.env, "x@far.test", "", 0, ways[i]));
		assert_true(pool_give(&m, i, &r));
	}
	pool_given(&m);
	assert_int_equal(find(SPAWN_REMOTE, "far.test")->waiting, 2);
	while (pool_take(find(SPAWN_REMOTE, "far.test"), true, 9, &w)) {
		bool forwarded = ways[w.indexes[0]][0] == 'F';

		n[forwarded] += w.n;
		for (size_t k = 0; k < w.n; k++)
			assert_int_equal(
			    ways[w.indexes[k]][0] == 'F', forwarded);
	}
	assert_int_equal(n[0], 3);
	assert_int_equal(n[1], 2);
	/* What comes back stays apart. */
	assert_true(pool_again(find(SPAWN_REMOTE, "far.test"), &m, 0));
	assert_true(pool_again(find(SPAWN_REMOTE, "far.test"), &m, 1));
	assert_true(pool_take(find(SPAWN_REMOTE, "far.test"), true, 9, &w));
	assert_int_equal(w.n, 1);
	assert_true(pool_take(find(SPAWN_REMOTE, "far.test"), true, 9, &w));
	assert_int_equal(w.n, 1);
	queue.settings.srs = false;
	env_free(&m.env);
}

/* Aliases that run commands take turns. */
static void
alias_turns(void **state)
{
	struct route r = { .program = SPAWN_PIPE, .pool = ROUTE_PIPE };
	struct message m[3];
	struct entry e[3];
	struct pool_work w;

	(void)state;
	for (size_t i = 0; i < COUNT(m); i++) {
		memset(&m[i], 0, sizeof(m[i]));
		memset(&e[i], 0, sizeof(e[i]));
		m[i].q = &queue;
		m[i].entry = &e[i];
		RB_INIT(&m[i].groups);
		env_init(&m[i].env);
		assert_true(env_add_via(
		    &m[i].env, i == 2 ? "quick@x" : "slow@x", "", 0, "ccat"));
		assert_true(pool_give(&m[i], 0, &r));
		pool_given(&m[i]);
	}
	assert_true(pool_take(find(SPAWN_PIPE, ROUTE_PIPE), true, 1, &w));
	assert_ptr_equal(w.message, &m[0]);
	assert_true(pool_take(find(SPAWN_PIPE, ROUTE_PIPE), true, 1, &w));
	assert_ptr_equal(w.message, &m[2]);
	assert_true(pool_take(find(SPAWN_PIPE, ROUTE_PIPE), true, 1, &w));
	assert_string_equal(pool_account(find(SPAWN_PIPE, ROUTE_PIPE)), "");
	for (size_t i = 0; i < COUNT(m); i++)
		env_free(&m[i].env);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(other_senders),
		T(alias_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
