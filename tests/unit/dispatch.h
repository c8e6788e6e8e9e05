/*
 * dispatch: queued's dispatch with messages that are only counted, for its
 * tests.  The clock is the test's.
 */
#ifndef TESTS_UNIT_DISPATCH_H
#define TESTS_UNIT_DISPATCH_H

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
static size_t renewals;
static int64_t now, alarm_in; /* milliseconds; -1: not set */
static enum spool_state found;
static bool memory;
static const char *login; /* of all senders; "": each lane has its own */

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
void __wrap_agents_renew(struct agents *);
bool __wrap_agents_slow(const struct agents *, uint32_t);
bool __wrap_agents_crowded(const struct agents *, uint32_t);
struct route_aim __wrap_route_destination(
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
__wrap_agents_renew(struct agents *as)
{
	assert_ptr_equal(as, &queue);
	renewals++;
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

struct route_aim
__wrap_route_destination(
    struct tables *t, const char *mail_name, const struct envelope *e)
{
	(void)t;
	(void)mail_name;
	/* Each its own lane. */
	return (struct route_aim){ (uint32_t)e->uid, e->nrcpt == 1 };
}

static inline int
begin(void **state)
{
	(void)state;
	memset(&queue, 0, sizeof(queue));
	nbegun = nfreed = rcpts = aside = cancels = outstanding = removes = 0;
	now = 1000000;
	alarm_in = -1;
	found = SPOOL_VALID;
	memory = true;
	login = "";
	renewals = 0;
	queue.settings.active = 1000;
	queue.base = event_base_new();
	queue.schedule = schedule_new(1);
	queue.dispatch = d = dispatch_new(&queue, -1);
	return d == NULL ? -1 : 0;
}

static inline int
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

static inline void
turn(void)
{
	assert_int_not_equal(event_base_loop(queue.base, EVLOOP_NONBLOCK), -1);
}

static inline struct entry *
give(unsigned int n, uint32_t lane, int64_t due, bool held)
{
	char id[ID_MAX + 1];
	struct envelope e;

	(void)snprintf(id, sizeof(id), "%020u", n);
	spool_envelope(&e, id);
	e.uid = lane;
	strlcpy(e.login, login, sizeof(e.login));
	e.state.held = held;
	assert_true(dispatch_found(d, &e, due));
	env_free(&e);
	return schedule_find(queue.schedule, id);
}

static inline void
give_many(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		(void)give(i, i, now, false);
}

#endif
