/*
 * t_dispatch: how many messages are begun and when it looks again, with a
 * clock that the test sets; and files that are not what they were.
 * wrap: deadline_now event_new event_add agents_new agents_outstanding
 * wrap: spool_load spool_set_aside message_start message_free pool_cancel
 * wrap: settings_refresh route_destination spool_remove agents_settings
 * wrap: agents_slow agents_crowded
 */
#include "tests/unit/spool.h"

#include <errno.h>

#include "common/log.h"
#include "queue/dispatch.h"
#include "queue/message.h"
#include "queue/pool.h"
#include "queue/route.h"

#define MOST 200         /* messages of a test */
#define SLOW 0x80000000u /* the first number of slow destinations */

static struct queue queue;
static struct dispatch *d;
static struct event *work;
static struct event *other; /* comes with the first message; or NULL */
static struct message begun[MOST];
static size_t nbegun, nfreed, rcpts, aside, cancels, outstanding, removes;
static int64_t now, alarm_in; /* milliseconds; -1: not set */
static enum spool_state found;
static bool memory;

int64_t __wrap_deadline_now(void);
struct event *__real_event_new(
    struct event_base *, evutil_socket_t, short, event_callback_fn, void *);
struct event *__wrap_event_new(
    struct event_base *, evutil_socket_t, short, event_callback_fn, void *);
int __wrap_event_add(struct event *, const struct timeval *);
struct agents *__wrap_agents_new(struct queue *, int);
size_t __wrap_agents_outstanding(const struct agents *);
enum spool_state __wrap_spool_load(struct spool *, const char *,
    struct envelope *, struct spool_content *, struct spool_fault *);
void __wrap_spool_set_aside(
    struct spool *, const char *, const struct spool_fault *);
bool __wrap_message_start(struct queue *, struct entry *, struct envelope *,
    const struct spool_content *);
void __wrap_message_free(struct message *);
void __wrap_pool_cancel(struct message *);
bool __wrap_spool_remove(struct spool *, const char *);
bool __wrap_settings_refresh(struct settings *);
void __wrap_agents_settings(struct agents *);
bool __wrap_agents_slow(const struct agents *, uint32_t);
bool __wrap_agents_crowded(const struct agents *, uint32_t);
uint32_t __wrap_route_destination(
    struct tables *, const char *, const struct envelope *);

int64_t
__wrap_deadline_now(void)
{
	return now;
}

struct event *
__wrap_event_new(struct event_base *b, evutil_socket_t fd, short what,
    event_callback_fn f, void *arg)
{
	return work = __real_event_new(b, fd, what, f, arg);
}

int
__wrap_event_add(struct event *ev, const struct timeval *tv)
{
	assert_ptr_equal(ev, work);
	alarm_in = tv->tv_sec * 1000 + tv->tv_usec / 1000;
	return 0;
}

struct agents *
__wrap_agents_new(struct queue *q, int spawn)
{
	assert_int_equal(spawn, -1);
	return (struct agents *)q; /* never looked into */
}

size_t
__wrap_agents_outstanding(const struct agents *as)
{
	assert_ptr_equal(as, &queue);
	return outstanding;
}

enum spool_state
__wrap_spool_load(struct spool *s, const char *id, struct envelope *e,
    struct spool_content *c, struct spool_fault *f)
{
	(void)s;
	(void)c;
	(void)f;
	errno = EIO;
	if (found == SPOOL_VALID)
		spool_envelope(e, id);
	return found;
}

void
__wrap_spool_set_aside(
    struct spool *s, const char *id, const struct spool_fault *f)
{
	(void)s;
	(void)id;
	(void)f;
	aside++;
}

bool
__wrap_message_start(struct queue *q, struct entry *entry, struct envelope *e,
    const struct spool_content *c)
{
	struct message *m = &begun[nbegun];

	(void)c;
	if (!memory)
		return false;
	assert_true(nbegun++ < MOST);
	if (other != NULL && nbegun == 1)
		event_active(other, EV_TIMEOUT, 0);
	m->q = q;
	m->entry = entry;
	m->env = *e;
	if (rcpts != 0)
		m->env.nrcpt = rcpts;
	dispatch_begun(d, m);
	return true;
}

void
__wrap_message_free(struct message *m)
{
	env_free(&m->env);
	nfreed++;
}

void
__wrap_pool_cancel(struct message *m)
{
	assert_ptr_equal(m, &begun[1]);
	cancels++;
}

bool
__wrap_spool_remove(struct spool *s, const char *id)
{
	(void)s;
	assert_non_null(schedule_find(queue.schedule, id));
	removes++;
	return true;
}

bool
__wrap_settings_refresh(struct settings *s)
{
	(void)s;
	return false;
}

void
__wrap_agents_settings(struct agents *as)
{
	assert_ptr_equal(as, &queue);
}

/* Those from SLOW on; of SLOW itself nothing more is wanted. */
bool
__wrap_agents_slow(const struct agents *as, uint32_t dest)
{
	assert_ptr_equal(as, &queue);
	return dest >= SLOW;
}

bool
__wrap_agents_crowded(const struct agents *as, uint32_t dest)
{
	(void)as;
	return dest == SLOW;
}

uint32_t
__wrap_route_destination(
    struct tables *t, const char *mail_name, const struct envelope *e)
{
	(void)t;
	(void)mail_name;
	return (uint32_t)e->uid; /* each its own lane */
}

static int
begin(void **state)
{
	(void)state;
	memset(&queue, 0, sizeof(queue));
	nbegun = nfreed = rcpts = aside = cancels = outstanding = removes = 0;
	now = 1000000;
	alarm_in = -1;
	found = SPOOL_VALID;
	memory = true;
	queue.settings.active = 1000;
	queue.base = event_base_new();
	queue.schedule = schedule_new(1);
	queue.dispatch = d = dispatch_new(&queue, -1);
	return d == NULL ? -1 : 0;
}

static int
end(void **state)
{
	(void)state;
	while (nfreed < nbegun)
		dispatch_finished(d, &begun[nfreed]);
	event_free(work);
	free(d);
	schedule_free(queue.schedule);
	event_base_free(queue.base);
	return 0;
}

static void
turn(void)
{
	assert_int_not_equal(event_base_loop(queue.base, EVLOOP_NONBLOCK), -1);
}

static struct entry *
give(unsigned int n, uint32_t lane, int64_t due, bool held)
{
	char id[ID_MAX + 1];
	struct envelope e;

	(void)snprintf(id, sizeof(id), "%020u", n);
	spool_envelope(&e, id);
	e.uid = lane;
	e.state.held = held;
	assert_true(dispatch_found(d, &e, due));
	env_free(&e);
	return schedule_find(queue.schedule, id);
}

static void
give_many(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		(void)give(i, i, now, false);
}

static void
on_other(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	*(size_t *)arg = nbegun;
}

/* Others have a turn after 64; then the rest, without being asked. */
static void
batches(void **state)
{
	size_t seen = 0;

	(void)state;
	other = __real_event_new(queue.base, -1, 0, on_other, &seen);
	assert_non_null(other);
	give_many(150);
	for (int i = 0; i < 5; i++)
		turn();
	assert_int_equal(seen, 64);
	assert_int_equal(nbegun, 150);
	assert_int_equal(alarm_in, -1);
	event_free(other);
	other = NULL;
}

/* No more in memory than is allowed; the end of one begins the next. */
static void
bounds(void **state)
{
	(void)state;
	queue.settings.active = 5;
	give_many(8);
	turn();
	assert_int_equal(nbegun, 5);
	assert_int_equal(alarm_in, -1);
	schedule_remove(queue.schedule, begun[0].entry);
	dispatch_finished(d, &begun[0]);
	assert_int_equal(nfreed, 1);
	turn();
	assert_int_equal(nbegun, 6);
}

/* Nor more recipients. */
static void
many_rcpts(void **state)
{
	(void)state;
	rcpts = 70000;
	give_many(8);
	turn();
	assert_int_equal(nbegun, 3);
	schedule_remove(queue.schedule, begun[0].entry);
	dispatch_finished(d, &begun[0]);
	turn();
	assert_int_equal(nbegun, 4);
}

/* One destination gets a quarter, and one. */
static void
shares(void **state)
{
	(void)state;
	queue.settings.active = 20;
	for (unsigned int i = 0; i < 15; i++)
		(void)give(i, 7, now, false);
	(void)give(15, 8, now, false);
	turn();
	assert_int_equal(nbegun, 7);
}

/*
 * Destinations that may not answer get three quarters; the others are not kept
 * out by them, however many come first.
 */
static void
slow_ones(void **state)
{
	size_t slow = 0, quick = 0;

	(void)state;
	queue.settings.active = 40;
	for (unsigned int i = 0; i < 40; i++)
		(void)give(i, SLOW + 1 + i, now, false);
	for (unsigned int i = 0; i < 4; i++)
		(void)give(40 + i, i, now, false);
	turn();
	turn();
	for (size_t i = 0; i < nbegun; i++) {
		slow += begun[i].slow;
		quick += !begun[i].slow;
	}
	assert_int_equal(slow, 31);
	assert_int_equal(quick, 4);
	assert_true(begun[0].slow);
	schedule_remove(queue.schedule, begun[0].entry);
	dispatch_finished(d, &begun[0]);
	turn();
	assert_int_equal(nbegun, 35);
	now += 500; /* the place of one that was done with is given then */
	event_active(work, EV_TIMEOUT, 0);
	turn();
	assert_int_equal(nbegun, 36);
}

/* What has enough to find out whether it answers gets no more. */
static void
crowded(void **state)
{
	struct entry *e = give(0, SLOW, now, false);

	(void)state;
	(void)give(1, SLOW, now, false);
	(void)give(2, 1, now, false);
	turn();
	assert_int_equal(nbegun, 1);
	assert_int_not_equal(e->state, ENTRY_ACTIVE);
	assert_in_range(alarm_in, 1, 500);
}

static void
alarms(void **state)
{
	struct entry *e = give(1, 1, now + 7250, false);

	(void)state;
	turn();
	assert_int_equal(nbegun, 0);
	assert_int_equal(alarm_in, 7250);
	assert_int_equal(give(2, 2, now, true)->state, ENTRY_HELD);
	turn();
	assert_int_equal(nbegun, 0);
	now += 7250;
	dispatch_kick(d);
	turn();
	assert_int_equal(nbegun, 1);
	assert_ptr_equal(begun[0].entry, e);
}

/* Found twice it is still one message, and as due as it was. */
static void
twice(void **state)
{
	struct entry *e = give(1, 1, now + 5000, false);

	(void)state;
	assert_ptr_equal(give(1, 1, now, false), e);
	assert_int_equal(schedule_total(queue.schedule), 1);
	turn();
	assert_int_equal(nbegun, 0);
}

static void
stopping(void **state)
{
	(void)state;
	queue.stopping = true;
	give_many(3);
	turn();
	assert_int_equal(nbegun, 0);
	assert_true(dispatch_quiet(d));
	outstanding = 1;
	assert_false(dispatch_quiet(d));
}

static void
lost_files(void **state)
{
	static const struct {
		enum spool_state found;
		size_t aside, left;
	} cases[] = { { SPOOL_FAILED, 0, 1 }, { SPOOL_GONE, 0, 0 },
		{ SPOOL_ALIEN, 0, 0 }, { SPOOL_DAMAGED, 1, 0 } };

	for (size_t i = 0; i < COUNT(cases); i++) {
		(void)end(state);
		assert_int_equal(begin(state), 0);
		found = cases[i].found;
		give_many(1);
		turn();
		assert_int_equal(nbegun, 0);
		assert_int_equal(aside, cases[i].aside);
		assert_int_equal(schedule_total(queue.schedule), cases[i].left);
		assert_int_equal(alarm_in, cases[i].left > 0 ? 60000 : -1);
	}
}

/* What memory is short for is tried again, and not thought damaged. */
static void
no_memory(void **state)
{
	(void)state;
	memory = false;
	give_many(2);
	turn();
	assert_int_equal(aside, 0);
	assert_int_equal(schedule_count(queue.schedule, ENTRY_WAITING), 2);
	assert_int_equal(alarm_in, 60000);
}

/* Of the message that is meant, and of no other. */
static void
cancel(void **state)
{
	struct entry *e;

	(void)state;
	give_many(3);
	turn();
	assert_int_equal(nbegun, 3);
	dispatch_cancel(d, begun[1].entry);
	assert_int_equal(cancels, 1);
	e = give(9, 9, now + 1000, false);
	dispatch_cancel(d, e);
	assert_int_equal(cancels, 1);
}

/* Given up by its session: at once, or when its agents have answered. */
static void
forgotten(void **state)
{
	const struct entry *e;

	(void)state;
	give_many(3);
	turn();
	e = begun[1].entry;
	dispatch_forget(d, entry_id(e).s);
	assert_true(e->forget);
	assert_int_equal(cancels, 1);
	assert_int_equal(removes, 0);
	e = give(9, 9, now + 1000, false);
	dispatch_forget(d, entry_id(e).s);
	e = give(10, 10, now, true);
	dispatch_forget(d, entry_id(e).s);
	assert_int_equal(removes, 2);
	assert_int_equal(schedule_total(queue.schedule), 3);
	dispatch_forget(d, SPOOL_ID); /* done with meanwhile */
	assert_int_equal(removes, 2);
	assert_int_equal(cancels, 1);
}

static int
setup(void **state)
{
	(void)state;
	log_open("t_dispatch", LOG_TO_FILE, "/dev/null");
	return 0;
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(batches),
		T(bounds),
		T(many_rcpts),
		T(shares),
		T(slow_ones),
		T(crowded),
		T(alarms),
		T(twice),
		T(stopping),
		T(lost_files),
		T(no_memory),
		T(cancel),
		T(forgotten),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
