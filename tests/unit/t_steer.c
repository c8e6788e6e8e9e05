/*
 * t_steer: what the administrator's four actions do to a message in each of
 * its states, and what they leave alone.
 * wrap: spool_load spool_put_state spool_remove spool_damaged_remove
 * wrap: dispatch_cancel dispatch_kick dispatch_look
 */
#include "tests/unit/spool.h"

#include "common/log.h"
#include "common/msg_control.h"
#include "queue/dispatch.h"
#include "queue/steer.h"

static struct queue queue;
static struct entry *entry;
static bool unreadable, stuck, untouched, pending, looking;
static size_t cancels, kicks, looks, removals, states;
static bool held;

enum spool_state __wrap_spool_load(struct spool *, const char *,
    struct envelope *, struct spool_content *, struct spool_fault *);
void __wrap_spool_put_state(struct spool *, const struct envelope *);
bool __wrap_spool_remove(struct spool *, const char *);
bool __wrap_spool_damaged_remove(struct spool *, const char *);
void __wrap_dispatch_cancel(struct dispatch *, struct entry *);
void __wrap_dispatch_kick(struct dispatch *);
bool __wrap_dispatch_look(struct dispatch *, const struct entry *);

enum spool_state
__wrap_spool_load(struct spool *s, const char *id, struct envelope *e,
    struct spool_content *c, struct spool_fault *f)
{
	(void)s;
	(void)c;
	(void)f;
	if (unreadable)
		return SPOOL_FAILED;
	spool_envelope(e, id);
	e->rcpts[1].status = RCPT_DELIVERED;
	return SPOOL_VALID;
}

void
__wrap_spool_put_state(struct spool *s, const struct envelope *e)
{
	(void)s;
	assert_string_equal(e->id, SPOOL_ID);
	held = e->state.held;
	states++;
}

bool
__wrap_spool_remove(struct spool *s, const char *id)
{
	(void)s;
	assert_string_equal(id, SPOOL_ID);
	removals += !stuck;
	return !stuck;
}

bool
__wrap_spool_damaged_remove(struct spool *s, const char *id)
{
	(void)s;
	removals++;
	return strcmp(id, SPOOL_ID) == 0;
}

void
__wrap_dispatch_cancel(struct dispatch *d, struct entry *e)
{
	(void)d;
	assert_ptr_equal(e, entry);
	cancels++;
	/* As when no agent had it yet; a dropped one is gone. */
	if (untouched && e->drop)
		schedule_remove(queue.schedule, e);
	else if (untouched)
		schedule_hold(queue.schedule, e);
}

void
__wrap_dispatch_kick(struct dispatch *d)
{
	(void)d;
	kicks++;
}

bool
__wrap_dispatch_look(struct dispatch *d, const struct entry *e)
{
	(void)d;
	assert_ptr_equal(e, entry);
	looks++;
	return looking;
}

static int
begin(void **state)
{
	(void)state;
	memset(&queue, 0, sizeof(queue));
	unreadable = stuck = untouched = held = looking = false;
	cancels = kicks = looks = removals = states = 0;
	return (queue.schedule = schedule_new(3)) == NULL ? -1 : 0;
}

static int
end(void **state)
{
	(void)state;
	schedule_free(queue.schedule);
	return 0;
}

#define FAR INT64_MAX /* it is not due while the test runs */

static void
make(enum entry_state state)
{
	const struct entry_facts f = { .dest = 1, .only = true };

	entry = schedule_add(
	    queue.schedule, SPOOL_ID, &f, state == ENTRY_ACTIVE ? 0 : FAR);
	assert_non_null(entry);
	if (state == ENTRY_ACTIVE)
		assert_ptr_equal(schedule_take(queue.schedule, 0), entry);
	if (state == ENTRY_HELD)
		schedule_hold(queue.schedule, entry);
	assert_int_equal(entry->state, state);
}

/* clang-format off */
static const struct {
	uint32_t what;
	enum entry_state before, after;
	bool done;	/* it is not refused */
	size_t states, cancels;
	bool due;	/* no longer far away */
	bool pending;	/* it is done only if the delivery fails */
} cases[] = {
	{ CONTROL_HOLD,	   ENTRY_WAITING, ENTRY_HELD,	 true,	1, 0, false, false },
	{ CONTROL_HOLD,	   ENTRY_HELD,	  ENTRY_HELD,	 true,	0, 0, false, false },
	{ CONTROL_HOLD,	   ENTRY_ACTIVE,  ENTRY_ACTIVE,	 true,	0, 1, false, true },
	{ CONTROL_RELEASE, ENTRY_WAITING, ENTRY_WAITING, false,	0, 0, false, false },
	{ CONTROL_RELEASE, ENTRY_HELD,	  ENTRY_READY,	 true,	1, 0, true, false },
	{ CONTROL_RELEASE, ENTRY_ACTIVE,  ENTRY_ACTIVE,	 false,	0, 0, false, false },
	{ CONTROL_RETRY,   ENTRY_WAITING, ENTRY_READY,	 true,	0, 0, true, false },
	{ CONTROL_RETRY,   ENTRY_HELD,	  ENTRY_HELD,	 false,	0, 0, false, false },
	{ CONTROL_RETRY,   ENTRY_ACTIVE,  ENTRY_ACTIVE,	 true,	0, 0, false, false },
	{ CONTROL_DROP,	   ENTRY_ACTIVE,  ENTRY_ACTIVE,	 true,	0, 1, false, true },
};
/* clang-format on */

static void
actions(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		(void)end(state);
		assert_int_equal(begin(state), 0);
		make(cases[i].before);
		assert_int_equal(
		    steer(&queue, entry, cases[i].what, 0, &pending) == NULL,
		    cases[i].done);
		assert_int_equal(pending, cases[i].pending);
		assert_int_equal(entry->state, cases[i].after);
		assert_int_equal(states, cases[i].states);
		if (states > 0)
			assert_int_equal(held, cases[i].what == CONTROL_HOLD);
		assert_int_equal(cancels, cases[i].cancels);
		/* A destination that is down is tried all the same. */
		assert_int_equal(looks,
		    cases[i].what == CONTROL_RETRY &&
			cases[i].before == ENTRY_WAITING);
		if (entry->state == ENTRY_WAITING)
			assert_int_equal(entry->due != FAR, cases[i].due);
		assert_int_equal(removals, 0);
		assert_int_equal(kicks, 1);
	}
}

/* Others of its destination wait for what one finds out; this one need not. */
static void
retries(void **state)
{
	(void)state;
	make(ENTRY_WAITING);
	schedule_dest_wait(queue.schedule, 1, 5000);
	assert_null(steer(&queue, entry, CONTROL_RETRY, 0, &pending));
	assert_true(entry->look);
	assert_int_equal(entry->state, ENTRY_READY);
	assert_null(schedule_take(queue.schedule, 1));
	looking = true;
	assert_null(steer(&queue, entry, CONTROL_RETRY, 0, &pending));
	assert_ptr_equal(schedule_take(queue.schedule, 1), entry);
}

/* What is asked for while agents work is remembered, and may be taken back. */
static void
wishes(void **state)
{
	(void)state;
	make(ENTRY_ACTIVE);
	assert_null(steer(&queue, entry, CONTROL_HOLD, 0, &pending));
	assert_true(entry->hold);
	assert_false(entry->drop);
	assert_null(steer(&queue, entry, CONTROL_RELEASE, 0, &pending));
	assert_false(entry->hold);
	assert_string_equal(steer(&queue, entry, CONTROL_RELEASE, 0, &pending),
	    "it is not held");
	assert_null(steer(&queue, entry, CONTROL_DROP, 0, &pending));
	assert_true(entry->drop);
}

/* Taken back before an agent had it: it is done, whoever asks again. */
static void
nobody_has_it(void **state)
{
	(void)state;
	untouched = true;
	make(ENTRY_ACTIVE);
	assert_null(steer(&queue, entry, CONTROL_HOLD, 0, &pending));
	assert_false(pending);
	assert_int_equal(entry->state, ENTRY_HELD);
	schedule_remove(queue.schedule, entry);
	make(ENTRY_ACTIVE);
	assert_null(steer(&queue, entry, CONTROL_DROP, 0, &pending));
	assert_false(pending);
	assert_int_equal(schedule_total(queue.schedule), 0);
}

/* Those delivered before are not dropped. */
static void
drops(void **state)
{
	(void)state;
	make(ENTRY_HELD);
	assert_null(steer(&queue, entry, CONTROL_DROP, 0, &pending));
	assert_int_equal(removals, 1);
	assert_int_equal(queue.counters.dropped, 1);
	assert_int_equal(schedule_total(queue.schedule), 0);
}

/* What fails on the disk changes nothing in memory. */
static void
fails(void **state)
{
	(void)state;
	make(ENTRY_WAITING);
	unreadable = true;
	assert_non_null(steer(&queue, entry, CONTROL_HOLD, 0, &pending));
	assert_non_null(steer(&queue, entry, CONTROL_DROP, 0, &pending));
	unreadable = false;
	stuck = true;
	assert_non_null(steer(&queue, entry, CONTROL_DROP, 0, &pending));
	assert_int_equal(entry->state, ENTRY_WAITING);
	assert_int_equal(queue.counters.dropped, 0);
	assert_int_equal(schedule_total(queue.schedule), 1);
	schedule_hold(queue.schedule, entry);
	unreadable = true;
	assert_non_null(steer(&queue, entry, CONTROL_RELEASE, 0, &pending));
	assert_int_equal(entry->state, ENTRY_HELD);
	assert_int_equal(states, 0);
}

static void
damaged(void **state)
{
	static const uint32_t others[] = { CONTROL_HOLD, CONTROL_RELEASE,
		CONTROL_RETRY };

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++)
		assert_non_null(steer_damaged(&queue, SPOOL_ID, others[i], 0));
	assert_int_equal(removals, 0);
	assert_null(steer_damaged(&queue, SPOOL_ID, CONTROL_DROP, 0));
	assert_non_null(steer_damaged(&queue, "2ab", CONTROL_DROP, 0));
	assert_int_equal(removals, 2);
}

static void
names(void **state)
{
	(void)state;
	assert_null(steer_name(0));
	assert_string_equal(steer_name(CONTROL_HOLD), "hold");
	assert_string_equal(steer_name(CONTROL_DROP), "drop");
	assert_null(steer_name(CONTROL_DROP + 1));
	assert_null(steer_name(UINT32_MAX));
}

static int
setup(void **state)
{
	(void)state;
	log_open("t_steer", LOG_TO_FILE, "/dev/null");
	return 0;
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(actions),
		T(retries),
		T(wishes),
		T(nobody_has_it),
		T(drops),
		T(fails),
		T(damaged),
		T(names),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
