/*
 * t_heap: the earliest comes first, whatever was put in and taken out.
 */
#include "tests/unit/unit.h"

#include "queue/heap.h"

#define MANY 500

static struct entries *all;
static struct entry *entries[MANY];

static int
begin(void **state)
{
	char id[ID_MAX + 1];

	(void)state;
	if ((all = entries_new()) == NULL)
		return -1;
	for (unsigned int i = 0; i < MANY; i++) {
		(void)snprintf(id, sizeof(id), "%020u", i);
		entries[i] = entries_add(all, id);
		assert_int_equal(entries[i]->number, i + 1);
	}
	return 0;
}

static int
end(void **state)
{
	(void)state;
	entries_free(all);
	return 0;
}

/* Every entry knows its place, and none is due before the one above it. */
static void
check(const struct heap *h)
{
	for (size_t i = 0; i < h->n; i++) {
		const struct entry *e = entries_at(all, h->at[i]);
		size_t parent = (i - (i > 0)) / 2;

		assert_int_equal(e->at.place, i);
		assert_true(entries_at(all, h->at[parent])->due <= e->due);
	}
}

static void
fill(struct heap *h)
{
	*h = (struct heap){ .all = all };
	assert_true(heap_reserve(h, MANY));
	for (size_t i = 0; i < MANY; i++) {
		/* Scattered, and each time twice. */
		entries[i]->due = (int64_t)(i * 7919 % (MANY / 2));
		heap_insert(h, entries[i]);
		check(h);
	}
}

static void
in_order(void **state)
{
	struct entry *e;
	struct heap h;

	(void)state;
	fill(&h);
	for (int64_t i = 0; i < MANY; i++) {
		e = heap_first(&h);
		assert_non_null(e);
		assert_int_equal(e->due, i / 2);
		heap_remove(&h, e);
		check(&h);
	}
	assert_null(heap_first(&h));
	heap_free(&h);
}

/* Taken out anywhere: the last, the first, in between. */
static void
from_within(void **state)
{
	bool gone[MANY] = { false };
	struct heap h;

	(void)state;
	fill(&h);
	for (size_t i = 0; i < MANY; i++) {
		size_t k = i * 211 % MANY;

		heap_remove(&h, entries[k]);
		gone[k] = true;
		check(&h);
		assert_int_equal(h.n, MANY - 1 - i);
		for (size_t j = 0; j < h.n; j++)
			assert_false(gone[h.at[j] - 1]);
	}
	heap_free(&h);
}

/* What takes the place of a removed entry may be earlier than its parent. */
static void
rises(void **state)
{
	static const int64_t due[] = { 0, 10, 1, 11, 12, 2, 3 };
	struct heap h = { .all = all };

	(void)state;
	assert_true(heap_reserve(&h, COUNT(due)));
	for (size_t i = 0; i < COUNT(due); i++) {
		entries[i]->due = due[i];
		heap_insert(&h, entries[i]);
	}
	heap_remove(&h, entries[3]);
	check(&h);
	assert_int_equal(entries[6]->at.place, 1);
	assert_int_equal(entries[1]->at.place, 3);
	heap_free(&h);
}

static void
room(void **state)
{
	struct heap h = { .all = all };

	(void)state;
	assert_null(heap_first(&h));
	assert_true(heap_reserve(&h, 65));
	assert_true(h.room >= 65);
	entries[0]->due = 3;
	heap_insert(&h, entries[0]);
	assert_true(heap_reserve(&h, 1000));
	assert_true(h.room >= 1000);
	assert_ptr_equal(heap_first(&h), entries[0]);
	heap_free(&h);
	assert_null(heap_first(&h));
	heap_free(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order),
		cmocka_unit_test(from_within),
		cmocka_unit_test(rises),
		cmocka_unit_test(room),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
