/*
 * t_schedule: due times, turns of destinations, the walk in order of ids.
 */
#include "tests/unit/unit.h"

#include <bsd/string.h>

#include "queue/schedule.h"
#include "queue/spool_envelope.h"

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
	const struct entry_id id = entry_id(e);

	(void)state;
	assert_null(schedule_add(s, id.s, &f, 0));
	assert_int_equal(schedule_total(s), 1);
	assert_ptr_equal(schedule_take(s, 0), e);
	assert_null(schedule_take(s, 0));
	assert_null(schedule_add(s, id.s, &f, 0));
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
		(void)add(i, i, 1 + seed / 65536 % 5000);
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
	struct entry_id id = { "" };
	struct entry *e;
	unsigned int n = 0;

	(void)state;
	for (unsigned int i = 0; i < 300; i++)
		(void)add(i * 7 % 300, 0, 0);
	while ((e = schedule_after(s, id.s)) != NULL) {
		assert_true(strcmp(id.s, entry_id(e).s) < 0);
		id = entry_id(e);
		n++;
	}
	assert_int_equal(n, 300);
	assert_non_null(schedule_find(s, "00000000000000000123"));
	assert_null(schedule_find(s, "00000000000000000300"));
	assert_string_equal(
	    entry_id(schedule_after(s, "0000000000000000012z")).s,
	    "00000000000000000130");
}

/* One that is in that state, at a time that goes on. */
static struct entry *
in_state(int state, int64_t *now)
{
	struct entry *e;

	*now += 10;
	e = add(1, 1, *now);
	if (state == ENTRY_READY) {
		/* Its lane is full: ready, but not taken. */
		schedule_lane_most(s, 0);
		assert_null(schedule_take(s, *now));
	}
	if (state == ENTRY_ACTIVE)
		assert_ptr_equal(schedule_take(s, *now), e);
	if (state == ENTRY_HELD)
		schedule_hold(s, e);
	assert_int_equal(e->state, state);
	return e;
}

/* Between any two states, with the counts right. */
static void
states(void **state)
{
	int64_t now = 0;
	struct entry *e;

	(void)state;
	for (int from = 0; from < ENTRY_STATES; from++)
		for (int to = 0; to < ENTRY_STATES; to++) {
			e = in_state(from, &now);
			if (to == ENTRY_WAITING)
				schedule_wait(s, e, now + 1);
			if (to == ENTRY_READY)
				schedule_wait(s, e, 0);
			if (to == ENTRY_HELD)
				schedule_hold(s, e);
			assert_int_equal(schedule_total(s), 1);
			assert_int_equal(
			    schedule_count(s,
				to == ENTRY_ACTIVE ? (enum entry_state)from
						   : (enum entry_state)to),
			    1);
			schedule_remove(s, e);
			assert_int_equal(schedule_total(s), 0);
			schedule_lane_most(s, 3);
		}
}

static struct entry *
add_from(unsigned int n, uint32_t dest, uint32_t who, bool only)
{
	const struct entry_facts f = { .who = who, .dest = dest, .only = only };
	char id[ID_MAX + 1];
	struct entry *e;

	(void)snprintf(id, sizeof(id), "%020u", n);
	assert_non_null(e = schedule_add(s, id, &f, 0));
	return e;
}

/* A flood of one sender does not delay another's one message. */
static void
senders(void **state)
{
	const struct entry *e;

	(void)state;
	schedule_lane_most(s, MANY);
	for (unsigned int i = 0; i < MANY; i++)
		(void)add_from(i, 7, 1, true);
	assert_int_equal(schedule_take(s, 0)->who, 1);
	(void)add_from(MANY, 7, 2, true);
	(void)add_from(MANY + 1, 7, 2, true);
	(void)add_from(MANY + 2, 7, 3, true);
	for (int i = 0; i < 3; i++)
		assert_int_equal(schedule_take(s, 0)->who, i % 3 + 1);
	for (int i = 0; i < 2; i++)
		assert_int_equal(schedule_take(s, 0)->who, i % 2 + 1);
	/* The rest in the order in which it came. */
	for (unsigned int i = 3; i < 100; i++) {
		char id[ID_MAX + 1];

		(void)snprintf(id, sizeof(id), "%020u", i);
		assert_non_null(e = schedule_take(s, 0));
		assert_string_equal(entry_id(e).s, id);
	}
}

/* A destination that waits: what goes elsewhere, too, does not. */
static void
asleep(void **state)
{
	struct entry *a, *b, *late;

	(void)state;
	a = add_from(1, 7, 1, true);
	schedule_dest_wait(s, 7, 500);
	assert_int_equal(schedule_asleep(s), 1);
	b = add_from(2, 7, 1, true);
	(void)add_from(3, 7, 1, false);
	(void)add_from(4, 8, 1, true);
	late = add(5, 7, 900);
	assert_int_equal(schedule_asleep(s), 2);
	assert_int_equal(schedule_next(s, a), 500);
	assert_int_equal(schedule_next(s, late), 900);
	assert_int_equal(schedule_due(s, 0), 0);
	assert_false(
	    schedule_take(s, 1)->dest == 7 && schedule_take(s, 1)->dest == 7);
	assert_null(schedule_take(s, 1));
	assert_int_equal(schedule_due(s, 1), 500);
	assert_null(schedule_take(s, 499));
	/* Longer, and again shorter. */
	schedule_dest_wait(s, 7, 700);
	assert_null(schedule_take(s, 600));
	assert_int_equal(schedule_due(s, 600), 700);
	schedule_dest_wait(s, 7, 650);
	assert_int_equal(schedule_due(s, 600), 650);
	assert_ptr_equal(schedule_take(s, 650), a);
	assert_int_equal(a->due, 0); /* so long it has waited */
	/* Taken out while it waits, and ended by who knows more. */
	schedule_dest_wait(s, 7, 5000);
	assert_int_equal(schedule_asleep(s), 1);
	schedule_remove(s, b);
	assert_int_equal(schedule_asleep(s), 0);
	assert_null(schedule_take(s, 900));
	assert_int_equal(schedule_asleep(s), 1);
	schedule_dest_due(s, 7, 900);
	assert_ptr_equal(schedule_take(s, 900), late);
	/* Known with no entry as well, and forgotten when it is over. */
	schedule_dest_wait(s, 9, 2000);
	assert_int_equal(schedule_due(s, 1000), 2000);
	assert_null(schedule_take(s, 2000));
	assert_int_equal(schedule_due(s, 2000), -1);
	schedule_dest_due(s, 10, 2000);
}

/* What waits for one destination comes soon, the rest at its own time. */
static void
hurry(void **state)
{
	const struct entry_facts to[] = { { .dest = 7 }, { .dest = 8 } };
	struct entry *e;
	char id[ID_MAX + 1];

	(void)state;
	for (unsigned int i = 0; i < 60; i++) {
		(void)snprintf(id, sizeof(id), "%020u", i);
		assert_non_null(
		    schedule_add(s, id, &to[i % 2], 100000 + (i * 37) % 60));
	}
	schedule_dest_hurry(s, 7, 2000, 5);
	for (int64_t now = 2000; now < 2000 + 30 * 5; now += 5) {
		e = schedule_take(s, now);
		assert_non_null(e);
		assert_int_equal(e->dest, 7);
		schedule_remove(s, e);
		assert_null(schedule_take(s, now));
	}
	schedule_dest_hurry(s, 7, 3000, 5);
	schedule_dest_hurry(s, 9, 3000, 5);
	assert_int_equal(schedule_count(s, ENTRY_WAITING), 30);
}

/*
 * Ten thousand destinations come back at once, with as many messages: a call
 * does a bounded part, and all of them come.
 */
static void
hurries(void **state)
{
	const int64_t far = 1000000000;
	struct entry_facts to = { .who = 1, .only = true };
	size_t early, before = 0, steps = 0;
	int64_t now = 1000;
	char id[ID_MAX + 1];

	(void)state;
	for (uint32_t i = 0; i < 20000; i++) {
		(void)snprintf(id, sizeof(id), "%020u", i);
		to.dest = i % 10001;
		assert_non_null(schedule_add(s, id, &to, far));
	}
	schedule_remove(s, schedule_after(s, ""));
	for (uint32_t dest = 0; dest < 10000; dest++)
		schedule_dest_hurry(s, dest, now, 0);
	assert_int_equal(schedule_count(s, ENTRY_WAITING), 19999);
	while (schedule_due(s, now) <= now + 1) {
		struct entry *e = schedule_take(s, now);

		if (e != NULL)
			schedule_remove(s, e);
		early = 19999 - schedule_count(s, ENTRY_WAITING);
		assert_true(early - before <= 2000);
		before = early;
		now++;
		assert_true(steps++ < 100000);
	}
	/* All but those of the one that is not among them. */
	assert_int_equal(schedule_total(s), 1);
	assert_int_equal(schedule_due(s, now), far);
}

/* Where it goes may change in every state; the counts go with it. */
static void
aims(void **state)
{
	int64_t now = 0;
	struct entry *e;

	(void)state;
	for (int from = 0; from < ENTRY_STATES; from++) {
		e = in_state(from, &now);
		schedule_lane_most(s, 1);
		schedule_aim(s, e, 2, false);
		assert_int_equal(e->dest, 2);
		assert_false(e->only);
		assert_int_equal(e->state, from);
		if (from == ENTRY_ACTIVE) {
			/* It fills the lane of its new destination only. */
			schedule_remove(s, add_from(2, 2, 1, false));
			(void)add_from(2, 2, 1, false);
			assert_null(schedule_take(s, now));
			schedule_remove(
			    s, schedule_after(s, "00000000000000000001"));
			(void)add_from(2, 1, 1, true);
			assert_non_null(e = schedule_take(s, now));
			schedule_remove(s, e);
			e = schedule_after(s, "");
		}
		schedule_wait(s, e, 0);
		assert_ptr_equal(schedule_take(s, now), e);
		schedule_remove(s, e);
		assert_int_equal(schedule_due(s, now), -1);
	}
}

/*
 * A flood that comes to be due at once, before another's one, is not moved in
 * one go, and does not delay what is new by more than one.
 */
static void
floods(void **state)
{
	struct entry *e, *other;
	size_t takes = 0;

	(void)state;
	schedule_lane_most(s, 1);
	for (unsigned int i = 0; i < 40000; i++)
		(void)add(i, 7, 5);
	other = add(50000, 8, 6);
	assert_int_equal(schedule_take(s, 10)->dest, 7);
	assert_true(schedule_count(s, ENTRY_WAITING) > 20000);
	(void)add_from(60000, 9, 1, true);
	assert_int_equal(schedule_take(s, 10)->dest, 9);
	/* All that is left to do is said to be due now. */
	for (; (e = schedule_take(s, 10)) != other; takes++) {
		assert_null(e);
		assert_int_equal(schedule_due(s, 10), 10);
		assert_true(takes < 10);
	}
	assert_null(schedule_take(s, 10));
	assert_int_equal(schedule_due(s, 10), -1);
}

static void
who(void **state)
{
	/* login, uid, client, sender; all that have a letter are the same */
	static const struct {
		const char *login;
		uint32_t uid;
		const char *client, *sender;
		char same;
	} cases[] = {
		{ "alice", MSG_NO_UID, "192.0.2.1", "a@x.example", 'a' },
		{ "alice", 7, "192.0.2.2", "b@y.example", 'a' },
		{ "bob", 7, "192.0.2.2", "b@y.example", 'b' },
		{ "", 7, "", "b@y.example", '7' },
		{ "", 7, "", "c@z.example", '7' },
		{ "", 8, "", "c@z.example", '8' },
		{ "", MSG_NO_UID, "192.0.2.2", "b@y.example", 'c' },
		{ "", MSG_NO_UID, "192.0.2.2", "d@y.example", 'c' },
		{ "", MSG_NO_UID, "192.0.2.2", "d@z.example", 'd' },
		{ "", MSG_NO_UID, "192.0.2.3", "d@z.example", 'e' },
		{ "", MSG_NO_UID, "192.0.2.3", "", 'f' },
	};
	uint32_t numbers[COUNT(cases)];
	struct envelope e;

	(void)state;
	env_init(&e);
	for (size_t i = 0; i < COUNT(cases); i++) {
		strlcpy(e.login, cases[i].login, sizeof(e.login));
		e.uid = cases[i].uid;
		strlcpy(e.client, cases[i].client, sizeof(e.client));
		strlcpy(e.sender, cases[i].sender, sizeof(e.sender));
		numbers[i] = schedule_who(&e);
		for (size_t j = 0; j < i; j++)
			assert_int_equal(numbers[i] == numbers[j],
			    cases[i].same == cases[j].same);
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
		cmocka_unit_test_setup_teardown(senders, begin, end),
		cmocka_unit_test_setup_teardown(asleep, begin, end),
		cmocka_unit_test_setup_teardown(hurry, begin, end),
		cmocka_unit_test_setup_teardown(hurries, begin, end),
		cmocka_unit_test_setup_teardown(aims, begin, end),
		cmocka_unit_test_setup_teardown(floods, begin, end),
		cmocka_unit_test_setup_teardown(who, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
