/*
 * message: one message while it is worked on.  In queued, as postrider; what
 * agents say of a recipient decides about that recipient only.
 *
 * A crash anywhere here leaves recipients unmarked that are done with: they
 * get the message, or its report, a second time.  Nothing is ever marked
 * before it is durable elsewhere.
 */
#include <string.h>
#include <time.h>

#include <bsd/string.h>

#include "common/log.h"
#include "common/msg_intake.h"
#include "queue/dispatch.h"
#include "queue/message.h"
#include "queue/pool.h"
#include "queue/readdress.h"
#include "queue/route.h"
#include "queue/settle.h"

static bool
remember(struct message *m, size_t i, const struct verdict *v)
{
	struct failure *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return false;
	f->index = (uint32_t)i;
	f->verdict = *v;
	STAILQ_INSERT_TAIL(&m->failures, f, link);
	return true;
}

void
message_free(struct message *m)
{
	struct failure *f;

	while ((f = STAILQ_FIRST(&m->failures)) != NULL) {
		STAILQ_REMOVE_HEAD(&m->failures, link);
		free(f);
	}
	env_free(&m->env);
	free(m->work);
	free(m);
}

/* One recipient less without an outcome; after the last, what it means. */
static void
close_one(struct message *m)
{
	if (--m->open == 0)
		settle(m);
}

static bool
expired(const struct message *m)
{
	const struct retry_policy *p = &m->q->settings.retry;
	int64_t age = retry_age(m->env.arrival / 1000000, time(NULL));

	return retry_expired(p, m->env.state.attempts + 1, age);
}

static void
log_outcome(
    const struct message *m, size_t i, const char *event, const struct diag *d)
{
	log_event(m->env.id, event, "to=%s dsn=%s text=%s",
	    env_addr(&m->env, i), d->dsn, d->text);
}

static void
defer(struct message *m, size_t i, const struct diag *d)
{
	m->work[i] = WORK_NONE;
	if (m->last.outcome == OUT_OK)
		m->last = *d;
	m->q->counters.deferred++;
	log_outcome(m, i, "deferred", d);
}

static void
fail(struct message *m, size_t i, const struct verdict *v)
{
	m->work[i] = WORK_FAILED;
	log_outcome(m, i, "failed", &v->diag);
	if (!remember(m, i, v))
		defer(m, i, &v->diag); /* no memory: it fails again later */
}

static void
tried(struct message *m, size_t i, const struct verdict *v)
{
	const struct diag *d = &v->diag;
	struct verdict late = *v;

	m->tried++;
	if (d->outcome == OUT_OK) {
		m->work[i] = WORK_NONE;
		spool_mark(m->q->spool, &m->env, i, RCPT_DELIVERED);
		m->q->counters.delivered++;
		log_outcome(m, i, "delivered", d);
	} else if (d->outcome == OUT_PERM)
		fail(m, i, v);
	else if (strcmp(d->dsn, JOB_DAMAGED) == 0) {
		m->damaged++;
		defer(m, i, d);
	} else if (expired(m)) {
		late.diag = (struct diag)DIAG_INIT;
		(void)diag_set(&late.diag, "4.4.7",
		    "Delivery was tried for too long; the last answer: %s (%s)",
		    d->text, d->dsn);
		fail(m, i, &late);
	} else
		defer(m, i, d);
}

/* The report about recipient i is in the queue, or not. */
static void
reported(struct message *m, size_t i, const struct diag *d)
{
	if (d->outcome != OUT_OK) {
		defer(m, i, d);
		return;
	}
	m->work[i] = WORK_NONE;
	spool_mark(m->q->spool, &m->env, i, RCPT_BOUNCED);
	m->q->counters.bounced++;
	log_event(m->env.id, "bounced", "to=%s", env_addr(&m->env, i));
}

void
message_verdict(struct message *m, size_t i, const struct verdict *v)
{
	if (v->diag.outcome == OUT_OK)
		m->entry->crashes = 0; /* it can be told from the guilty */
	if (m->reporting)
		reported(m, i, &v->diag);
	else
		tried(m, i, v);
	close_one(m);
}

void
message_outcome(struct message *m, size_t i, const struct diag *d)
{
	struct verdict v = { .diag = *d };

	message_verdict(m, i, &v);
}

void
message_lost(struct message *m, size_t i, int64_t wait)
{
	struct diag d = DIAG_INIT;

	(void)diag_set(&d, "4.3.0", "The agent ended without an answer");
	m->lost = true;
	if (m->soon < wait)
		m->soon = wait;
	defer(m, i, &d);
	close_one(m);
}

void
message_untried(struct message *m, size_t i)
{
	m->work[i] = WORK_NONE;
	close_one(m);
}

/* Recipient i to the pool that delivers to it; false with what is wrong. */
static bool
give(struct message *m, size_t i, struct diag *d)
{
	struct settings *s = &m->q->settings;
	struct route route;

	if (route_find(s->tables, s->mail_name, env_addr(&m->env, i), &route,
		d) != OUT_OK)
		return false;
	if (route.alias)
		return readdress(m, i, d);
	if (pool_give(m, i, &route))
		return true;
	(void)diag_set(d, "4.3.0", "Out of memory");
	return false;
}

/* Counted as open before anything can close. */
static void
open_all(struct message *m)
{
	m->open = 1;
	for (size_t i = 0; i < m->env.nrcpt; i++)
		if (m->env.rcpts[i].status == RCPT_QUEUED) {
			m->work[i] = WORK_OPEN;
			m->open++;
		}
}

bool
message_start(struct queue *q, struct entry *entry, struct envelope *e,
    const struct spool_content *c)
{
	struct message *m = calloc(1, sizeof(*m));
	struct diag d;

	if (m == NULL ||
	    (m->work = calloc(e->nrcpt + 1, sizeof(*m->work))) == NULL) {
		free(m);
		return false;
	}
	m->q = q;
	m->entry = entry;
	m->env = *e;
	m->content = *c;
	m->last = (struct diag)DIAG_INIT;
	STAILQ_INIT(&m->failures);
	LIST_INIT(&m->groups);
	open_all(m);
	dispatch_begun(q->dispatch, m);
	for (size_t i = 0; i < m->env.nrcpt; i++) {
		d = (struct diag)DIAG_INIT;
		if (m->work[i] == WORK_OPEN && !give(m, i, &d))
			message_outcome(m, i, &d);
	}
	pool_given(m);
	close_one(m);
	return true;
}

void
message_tell(
    const struct message *m, struct msg_job_message *out, uint32_t nrcpt)
{
	memset(out, 0, sizeof(*out));
	out->nrcpt = nrcpt;
	out->crc = m->content.crc;
	out->ret = m->env.ret;
	out->flags = m->env.flags;
	out->offset = m->content.offset;
	out->size = m->content.size;
	out->arrival = (uint64_t)(m->env.arrival / 1000000);
	strlcpy(out->id, m->env.id, sizeof(out->id));
	strlcpy(out->sender, m->env.sender, sizeof(out->sender));
	strlcpy(out->envid, m->env.envid, sizeof(out->envid));
}

char *
message_mailbox(const struct message *m, size_t i, struct diag *d)
{
	struct settings *s = &m->q->settings;
	struct route route;
	char *mailbox;

	if (m->reporting ||
	    route_find(s->tables, s->mail_name, env_addr(&m->env, i), &route,
		d) != OUT_OK)
		return NULL;
	if (route.alias) {
		(void)diag_set(d, "4.3.0", "It has just become an alias");
		return NULL;
	}
	if ((mailbox = strdup(route.mailbox)) == NULL)
		(void)diag_set(d, "4.3.0", "Out of memory");
	return mailbox;
}

static void
tell_failure(const struct message *m, size_t i, struct msg_job_rcpt *out)
{
	struct failure *f;

	STAILQ_FOREACH(f, &m->failures, link)
	if (f->index == i) {
		out->report = REPORT_FAILED;
		out->code = f->verdict.code;
		strlcpy(out->mta, f->verdict.mta, sizeof(out->mta));
		strlcpy(out->dsn, f->verdict.diag.dsn, sizeof(out->dsn));
		strlcpy(out->text, f->verdict.diag.text, sizeof(out->text));
	}
}

void
message_tell_rcpt(const struct message *m, size_t i, const char *mailbox,
    struct msg_job_rcpt *out)
{
	memset(out, 0, sizeof(*out));
	out->index = (uint32_t)i;
	out->notify = m->env.rcpts[i].notify;
	strlcpy(out->addr, env_addr(&m->env, i), sizeof(out->addr));
	strlcpy(out->orcpt, env_orcpt(&m->env, i), sizeof(out->orcpt));
	if (mailbox != NULL)
		strlcpy(out->mailbox, mailbox, sizeof(out->mailbox));
	if (m->reporting)
		tell_failure(m, i, out);
}
