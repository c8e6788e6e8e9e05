/*
 * attempt: a message that is worked on, without pools and files, for tests that
 * wrap spool_mark, pool_give, pool_given, settle, dispatch_begun, readdress,
 * route_find, time and deadline_now.
 */
#ifndef TESTS_UNIT_ATTEMPT_H
#define TESTS_UNIT_ATTEMPT_H

#include "tests/unit/spool.h"

#include <time.h>

#include "common/msg_intake.h"
#include "queue/dispatch.h"
#include "queue/message.h"
#include "queue/pool.h"
#include "queue/readdress.h"
#include "queue/settle.h"

#define ARRIVAL 1795326681 /* of spool_envelope(), seconds */

static struct queue queue;
static struct entry entry;
static struct message *current, *settled;
static time_t now;
static int64_t clock_ms;      /* the one that nobody sets */
static const char *route_dsn; /* what route_find() says; NULL: a pool */
static bool to_alias;
static const struct expand_list *readdressed; /* what readdress() was given */
static bool copies;                           /* it does make a message */

void __wrap_spool_mark(
    struct spool *, struct envelope *, size_t, enum rcpt_status);
bool __wrap_pool_give(struct message *, size_t, const struct route *);
void __wrap_pool_given(struct message *);
void __wrap_settle(struct message *);
void __wrap_dispatch_begun(struct dispatch *, struct message *);
bool __wrap_readdress(
    struct message *, size_t, const struct expand_list *, struct diag *);
enum outcome __wrap_route_find(struct tables *, const char *,
    const struct route_ask *, struct route *, struct diag *);
time_t __wrap_time(time_t *);
int64_t __wrap_deadline_now(void);

void
__wrap_spool_mark(
    struct spool *s, struct envelope *e, size_t i, enum rcpt_status status)
{
	(void)s;
	e->rcpts[i].status = (char)status;
}

bool
__wrap_pool_give(struct message *m, size_t i, const struct route *r)
{
	(void)i;
	(void)r;
	current = m;
	return true;
}

void
__wrap_pool_given(struct message *m)
{
	current = m;
}

void
__wrap_settle(struct message *m)
{
	assert_null(settled);
	settled = m;
}

void
__wrap_dispatch_begun(struct dispatch *d, struct message *m)
{
	(void)d;
	(void)m;
}

bool
__wrap_readdress(
    struct message *m, size_t i, const struct expand_list *list, struct diag *d)
{
	(void)m;
	(void)i;
	readdressed = list;
	if (copies)
		return true;
	(void)diag_set(d, "5.4.6", "circle");
	return false;
}

enum outcome
__wrap_route_find(struct tables *t, const char *mail_name,
    const struct route_ask *q, struct route *out, struct diag *d)
{
	(void)t;
	(void)mail_name;
	(void)q;
	memset(out, 0, sizeof(*out));
	out->alias = to_alias;
	return route_dsn != NULL ? diag_set(d, route_dsn, "why") : OUT_OK;
}

time_t
__wrap_time(time_t *t)
{
	(void)t;
	return now;
}

int64_t
__wrap_deadline_now(void)
{
	return clock_ms;
}

static inline int
begin(void **state)
{
	(void)state;
	memset(&queue, 0, sizeof(queue));
	memset(&entry, 0, sizeof(entry));
	queue.settings.retry = (struct retry_policy){
		.first = 60, .most = 600, .lifetime = 3600, .warn = 600
	};
	current = settled = NULL;
	now = ARRIVAL;
	clock_ms = 1000000000;
	route_dsn = NULL;
	to_alias = copies = false;
	readdressed = NULL;
	return 0;
}

/* Starts an attempt; both recipients are open, or have their outcome. */
static inline struct message *
start(uint32_t attempts)
{
	struct spool_content c = { 0 };
	struct envelope e;

	spool_envelope(&e, SPOOL_ID);
	e.state.attempts = attempts;
	assert_true(message_start(&queue, &entry, &e, &c));
	return current;
}

static inline void
outcome(struct message *m, size_t i, const char *dsn)
{
	struct diag d = DIAG_INIT;

	if (dsn[0] != '2')
		(void)diag_set(&d, dsn, "because");
	message_outcome(m, i, &d);
}

static inline size_t
failed(const struct message *m, const char *dsn)
{
	size_t n = 0;

	for (size_t i = 0; i < m->env.nrcpt; i++)
		n += m->work[i] == WORK_FAILED &&
		    strcmp(m->words[i]->diag.dsn, dsn) == 0;
	return n;
}

#endif
