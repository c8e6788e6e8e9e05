/*
 * t_schedule: due times, turns of destinations, the walk in order of ids.
 */
#include "tests/unit/unit.h"

#include "queue/schedule.h"

#define MANY 2000

static struct schedule *s;

static int
begin(void **state)
{
	(void)state;
	return (s = schedule_new(3)) == NULL ? -1 : 0;
}

static int
end(void **state)
{
	(void)state;
	schedule_free(s);
	return 0;
}

static struct entry *
add(unsigned int n, uint32_t dest, int64_t due)
{
	char id[ID_MAX + 1];
	struct entry_facts f = { .uid = 1000, .only = true };
	struct entry *e;

	(void)snprintf(id, sizeof(id), "%020u", n);
	f.dest = dest;
	assert_non_null(e = schedule_add(s, id, &f, due));
	return e;
}

/* A message that is known already gets no second entry. */
static void
known(void **state)
{
	const struct entry_facts f = { .uid = 1000, .dest = 2 };
	struct entry *e = add(7, 1, 0);

	(void)state;
	assert_null(schedule_add(s, e->id, &f, 0));
	assert_int_equal(schedule_total(s), 1);
	assert_ptr_equal(schedule_take(s, 0), e);
	assert_null(schedule_take(s, 0));
	assert_null(schedule_add(s, e->id, &f, 0));
	schedule_remove(s, e);
	assert_int_equal(schedule_total(s), 0);
}

/* They come in the order in which they are due, not before. */
static void
due(void **state)
{
	int64_t now = 0, last = -1;
	unsigned int seed = 1;
	struct entry *e;
	size_t got = 0;

	(void)state;
	for (unsigned int i = 0; i < MANY; i++) {
		seed = seed * 1103515245 + 12345;
		(void)add(i, i, seed / 65536 % 5000);
	}
	for (; got < MANY; now = schedule_due(s, now)) {
		assert_int_not_equal(now, -1);
		while ((e = schedule_take(s, now)) != NULL) {
			assert_true(e->due <= now && e->due >= last);
			last = e->due;
			got++;
			schedule_remove(s, e);
		}
	}
	assert_int_equal(schedule_total(s), 0);
	assert_int_equal(schedule_due(s, now), -1);
}

/* A flood for one destination does not delay another's one message. */
static void
turns(void **state)
{
	struct entry *e, *other;

	(void)state;
	for (unsigned int i = 0; i < MANY; i++)
		(void)add(i, 7, 0);
	assert_non_null(e = schedule_take(s, 0));
	assert_int_equal(e->dest, 7);
	other = add(MANY, 8, 0);
	assert_ptr_equal(schedule_take(s, 0)->dest == 8 ? other : NULL,
	    other->state == ENTRY_ACTIVE ? other : NULL);
	/* At most three of one destination are worked on at once. */
	while (schedule_take(s, 0) != NULL)
		continue;
	assert_int_equal(schedule_count(s, ENTRY_ACTIVE), 4);
	assert_int_equal(schedule_due(s, 0), -1);
	schedule_wait(s, e, 100);
	assert_int_equal(schedule_due(s, 0), 0);
	assert_non_null(schedule_take(s, 0));
	assert_null(schedule_take(s, 0));
	schedule_lane_most(s, 10);
	for (int i = 0; i < 7; i++)
		assert_non_null(schedule_take(s, 0));
	assert_null(schedule_take(s, 0));
}

static void
in_order(void **state)
{
	const char *id = "";
	struct entry *e;
	unsigned int n = 0;

	(void)state;
	for (unsigned int i = 0; i < 300; i++)
		(void)add(i * 7 % 300, 0, 0);
	while ((e = schedule_after(s, id)) != NULL) {
		assert_true(strcmp(id, e->id) < 0);
		id = e->id;
		n++;
	}
	assert_int_equal(n, 300);
	assert_non_null(schedule_find(s, "00000000000000000123"));
	assert_null(schedule_find(s, "00000000000000000300"));
	assert_string_equal(schedule_after(s, "0000000000000000012z")->id,
	    "00000000000000000130");
}

/* Between any two states, with the counts right. */
static void
states(void **state)
{
	struct entry *e;

	(void)state;
	for (int from = 0; from < ENTRY_STATES; from++)
		for (int to = 0; to < 3; to++) {
			e = add(1, 1, 5);
			if (from == ENTRY_READY) {
				/* Its lane is full: ready, but not taken. */
				schedule_lane_most(s, 0);
				assert_null(schedule_take(s, 5));
			}
			if (from == ENTRY_ACTIVE)
				assert_ptr_equal(schedule_take(s, 5), e);
			if (from == ENTRY_HELD)
				schedule_hold(s, e);
			assert_int_equal(e->state, from);
			if (to == 0)
				schedule_wait(s, e, 1);
			if (to == 1)
				schedule_hold(s, e);
			assert_int_equal(schedule_total(s), 1);
			assert_int_equal(schedule_count(s,
					     to == 0       ? ENTRY_WAITING
						 : to == 1 ? ENTRY_HELD
							   : from),
			    1);
			schedule_remove(s, e);
			assert_int_equal(schedule_total(s), 0);
			schedule_lane_most(s, 3);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(known, begin, end),
		cmocka_unit_test_setup_teardown(due, begin, end),
		cmocka_unit_test_setup_teardown(turns, begin, end),
		cmocka_unit_test_setup_teardown(in_order, begin, end),
		cmocka_unit_test_setup_teardown(states, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
