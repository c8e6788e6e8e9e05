/*
 * Unit test of common/guess_delay.
 */
#include "tests/unit/unit.h"

#include "common/guess_delay.h"

static const struct guess_policy client = { 250, 30000, 0, 60000 };
static const struct guess_policy user = { 100, 1000, 5, 60000 };
static const struct guess_policy quick = { 250, 1000, 0, 60000 };

static const struct {
	const struct guess_policy *policy;
	unsigned int failures;
	int64_t want;
} delays[] = {
	{ &client, 0, 0 },
	{ &client, 1, 250 },
	{ &client, 2, 500 },
	{ &client, 7, 16000 },
	{ &client, 8, 30000 },
	{ &client, 4000000000u, 30000 },
	{ &user, 5, 0 },
	{ &user, 6, 100 },
	{ &user, 9, 800 },
	{ &user, 10, 1000 },
	{ &quick, 1, 250 },
	{ &quick, 3, 1000 },
	{ &quick, 20, 1000 },
};

static const struct {
	unsigned int failures;
	int64_t elapsed;
	unsigned int want;
} forgotten[] = {
	{ 0, 0, 0 },
	{ 3, 59999, 3 },
	{ 3, 60000, 2 },
	{ 3, 179999, 1 },
	{ 3, 180000, 0 },
	{ 3, INT64_MAX, 0 },
	{ 3, -60000, 3 },
};

static void
arithmetic(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(delays); i++)
		assert_int_equal(
		    guess_delay(delays[i].policy, delays[i].failures),
		    delays[i].want);
	for (size_t i = 0; i < COUNT(forgotten); i++)
		assert_int_equal(guess_left(&client, forgotten[i].failures,
				     forgotten[i].elapsed),
		    forgotten[i].want);
}

/* A client on one connection hears each answer before its next try. */
static void
one_after_another(void **state)
{
	struct guess_table *t = guess_table_new(10);
	int64_t now = 1000, want = 250;

	(void)state;
	for (int i = 0; i < 30; i++) {
		assert_int_equal(guess_admit(t, &client, "a", now), 0);
		assert_int_equal(guess_failed(t, &client, "a", now), want);
		now += want;
		want = want * 2 > 30000 ? 30000 : want * 2;
	}
	/* Another client has nothing to do with it. */
	assert_int_equal(guess_admit(t, &client, "b", now), 0);
	assert_int_equal(guess_count(t), 1);
	guess_table_free(t);
}

/* Many connections of one client gain nothing: one try per delay. */
static void
many_at_once(void **state)
{
	struct guess_table *t = guess_table_new(10);
	int64_t wait, last = -1;
	int admitted = 0;

	(void)state;
	for (int i = 0; i < 5; i++)
		(void)guess_failed(t, &client, "a", 0); /* 4 s now */
	for (int i = 0; i < 100; i++) {
		wait = guess_admit(t, &client, "a", 10);
		if (wait == GUESS_REFUSE)
			continue;
		assert_int_equal(wait, last == -1 ? 0 : last + 4000);
		last = wait;
		admitted++;
	}
	assert_int_equal(admitted, 8); /* 0, 4, .., 28 s; 32 is too long */
	assert_true(guess_refuses(t, &client, "a", 10));
	assert_false(guess_refuses(t, &client, "b", 10));
	assert_false(guess_refuses(t, &client, "a", 10 + 4000));
	guess_table_free(t);
}

static void
forgets(void **state)
{
	struct guess_table *t = guess_table_new(10);

	(void)state;
	for (int i = 0; i < 1000; i++)
		(void)guess_failed(t, &client, "a", 0);
	/* Failures past the count are not kept for ever. */
	assert_int_equal(guess_failed(t, &client, "a", 20 * 60000), 250);
	assert_int_equal(guess_admit(t, &client, "a", 22 * 60000), 0);
	assert_int_equal(guess_count(t), 0);
	guess_table_free(t);
}

/* The table is full of newer ones: the longest unseen makes room. */
static void
bounded(void **state)
{
	struct guess_table *t = guess_table_new(3);
	char key[400];

	(void)state;
	assert_int_equal(guess_failed(t, &client, "a", 0), 250);
	assert_int_equal(guess_failed(t, &client, "b", 1), 250);
	assert_int_equal(guess_failed(t, &client, "a", 2), 500);
	assert_int_equal(guess_failed(t, &client, "c", 3), 250);
	assert_int_equal(guess_failed(t, &client, "d", 4), 250);
	assert_int_equal(guess_count(t), 3);
	assert_int_equal(guess_failed(t, &client, "a", 5), 1000);
	assert_int_equal(guess_failed(t, &client, "b", 6), 250);
	/* Keys past the bound are cut, and the same key again. */
	memset(key, 'x', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	assert_int_equal(guess_failed(t, &client, key, 7), 250);
	assert_int_equal(guess_failed(t, &client, key, 8), 500);
	assert_int_equal(guess_count(t), 3);
	guess_table_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arithmetic),
		cmocka_unit_test(one_after_another),
		cmocka_unit_test(many_at_once),
		cmocka_unit_test(forgets),
		cmocka_unit_test(bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
