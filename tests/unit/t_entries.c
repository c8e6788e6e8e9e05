/*
 * t_entries: found by id, in order, whatever came and went in whatever order.
 */
#include "tests/unit/unit.h"

#include "queue/entries.h"

#define MANY 10000 /* more than a block holds */

static struct entries *all;

static int
begin(void **state)
{
	(void)state;
	return (all = entries_new()) == NULL ? -1 : 0;
}

static int
end(void **state)
{
	(void)state;
	entries_free(all);
	return 0;
}

static const char *
id_of(unsigned int n)
{
	static char id[ID_MAX + 1];

	(void)snprintf(id, sizeof(id), "%020u", n);
	return id;
}

/* Scattered, each once. */
static unsigned int
nth(unsigned int i)
{
	return i * 7919 % MANY;
}

/* In order they are want many, and each is what its number says. */
static void
check(size_t want)
{
	char id[ID_MAX + 1] = "";
	const struct entry *e;
	size_t n = 0;

	assert_int_equal(entries_count(all), want);
	for (; (e = entries_after(all, id)) != NULL; n++) {
		assert_true(strcmp(id, entry_id(e).s) < 0);
		memcpy(id, entry_id(e).s, sizeof(id));
		assert_ptr_equal(entries_find(all, id), e);
		assert_ptr_equal(entries_at(all, e->number), e);
	}
	assert_int_equal(n, want);
}

static void
come_and_go(void **state)
{
	static struct entry *made[MANY];

	(void)state;
	check(0);
	for (unsigned int i = 0; i < MANY; i++) {
		made[nth(i)] = entries_add(all, id_of(nth(i)));
		assert_non_null(made[nth(i)]);
		assert_null(entries_add(all, id_of(nth(i))));
	}
	check(MANY);
	for (unsigned int i = 0; i < MANY; i += 2) {
		assert_string_equal(entry_id(made[nth(i)]).s, id_of(nth(i)));
		made[nth(i)]->crashes = 7;
		entries_remove(all, made[nth(i)]);
		assert_null(entries_find(all, id_of(nth(i))));
	}
	check(MANY / 2);
	/* Their places are given again, and hold nothing of them. */
	for (unsigned int i = 0; i < MANY; i += 2) {
		made[nth(i)] = entries_add(all, id_of(nth(i)));
		assert_non_null(made[nth(i)]);
		assert_true(made[nth(i)]->number <= MANY);
		assert_int_equal(made[nth(i)]->crashes, 0);
	}
	check(MANY);
	for (unsigned int i = 0; i < MANY; i++)
		entries_remove(all, made[i]);
	check(0);
	assert_int_equal(entries_add(all, id_of(3))->number, 1);
}

/* How many steps lead to the deepest. */
static size_t
depth(const struct entry *e)
{
	size_t left, right;

	if (e == NULL)
		return 0;
	left = depth(entries_at(all, e->left));
	right = depth(entries_at(all, e->right));
	return 1 + (left > right ? left : right);
}

/* Ids that come in order, as they do, make no list of the tree. */
static void
shallow(void **state)
{
	size_t most = 0, n;

	(void)state;
	for (unsigned int i = 0; i < MANY; i++)
		assert_non_null(entries_add(all, id_of(i)));
	for (uint32_t i = 1; i <= MANY; i++)
		if ((n = depth(entries_at(all, i))) > most)
			most = n;
	/* 14 would be the least; that chance makes it 60 is as good as never */
	assert_true(most >= 14 && most < 60);
}

static void
odd_ids(void **state)
{
	static const char *const none[] = { "", "x", "0000000000000000000",
		"000000000000000000000", "0000000000000000000i" };

	(void)state;
	assert_non_null(entries_add(all, id_of(0)));
	assert_non_null(entries_add(all, "zzzzzzzzzzzzzzzzzzzz"));
	for (size_t i = 0; i < COUNT(none); i++) {
		assert_null(entries_add(all, none[i]));
		assert_null(entries_find(all, none[i]));
	}
	assert_null(entries_at(all, 0));
	assert_string_equal(entry_id(entries_after(all, "")).s, id_of(0));
	assert_string_equal(
	    entry_id(entries_after(all, id_of(0))).s, "zzzzzzzzzzzzzzzzzzzz");
	assert_null(entries_after(all, "zzzzzzzzzzzzzzzzzzzz"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(come_and_go, begin, end),
		cmocka_unit_test_setup_teardown(shallow, begin, end),
		cmocka_unit_test_setup_teardown(odd_ids, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
