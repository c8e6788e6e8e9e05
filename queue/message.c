/*
 * message: one message while it is worked on.  In queued, as postrider; what
 * agents say of a recipient decides about that recipient only.
 *
 * A crash anywhere here leaves recipients unmarked that are done with: they
 * get the message, or its report, a second time.  Nothing is ever marked
 * before it is durable elsewhere.
 */
#include <stdio.h>
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
	if (m->words[i] == NULL)
		m->words[i] = malloc(sizeof(*v));
	if (m->words[i] != NULL)
		*m->words[i] = *v;
	return m->words[i] != NULL;
}

void
message_forget_words(struct message *m, size_t i)
{
	free(m->words[i]);
	m->words[i] = NULL;
}

void
message_free(struct message *m)
{
	for (size_t i = 0; i < m->env.nrcpt; i++)
		free(m->words[i]);
	env_free(&m->env);
	free(m->words);
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

static int64_t
age(const struct message *m)
{
	return retry_age(m->env.arrival / 1000000, time(NULL));
}

uint32_t
message_attempts(const struct message *m)
{
	uint64_t n = (uint64_t)m->env.state.attempts + 1 + m->missed;

	return n < ENVELOPE_ATTEMPTS_MAX ? (uint32_t)n : ENVELOPE_ATTEMPTS_MAX;
}

static bool
expired(const struct message *m)
{
	return retry_expired(
	    &m->q->settings.retry, message_attempts(m), age(m));
}

bool
message_is_late(const struct message *m)
{
	return retry_warn_due(&m->q->settings.retry, message_attempts(m),
	    age(m), m->env.state.warned);
}

const char *
message_untried_text(const struct verdict *v)
{
	return (v->flags & OUTCOME_UNTRIED) != 0
	    ? " (not tried: destination is down)"
	    : "";
}

static void
log_outcome(const struct message *m, size_t i, const char *event,
    const struct verdict *v)
{
	const char *untried = message_untried_text(v);
	char text[TEXT_MAX + 40];

	(void)snprintf(text, sizeof(text), "%s%s", v->diag.text, untried);
	if (v->code != 0) /* another host said so */
		log_event(m->env.id, event,
		    "to=%s dsn=%s host=%s code=%u text=%s",
		    env_addr(&m->env, i), v->diag.dsn, v->mta, v->code, text);
	else
		log_event(m->env.id, event, "to=%s dsn=%s text=%s",
		    env_addr(&m->env, i), v->diag.dsn, text);
}

static void
defer(struct message *m, size_t i, const struct verdict *v)
{
	m->work[i] = WORK_NONE;
	if (m->last.diag.outcome == OUT_OK)
		m->last = *v;
	m->ours = m->ours || (v->flags & OUTCOME_OURS) != 0;
	m->q->counters.deferred++;
	log_outcome(m, i, "deferred", v);
	/* For a warning; without memory that says less. */
	if (settle_wants_report(&m->env, i, REPORT_DELAYED) &&
	    message_is_late(m))
		(void)remember(m, i, v);
}

/* Its report does not come to be now: all as before. */
static void
unreported(struct message *m, size_t i, const struct diag *d)
{
	struct verdict v = { .diag = *d };

	m->tried++; /* in vain: the next time comes later */
	m->work[i] = WORK_NONE;
	message_forget_words(m, i);
	if (m->last.diag.outcome == OUT_OK)
		m->last = v;
	log_outcome(m, i, "unreported", &v);
}

static void
fail(struct message *m, size_t i, const struct verdict *v)
{
	log_outcome(m, i, "failed", v);
	if (remember(m, i, v))
		m->work[i] = WORK_FAILED;
	else
		defer(m, i, v); /* no memory: it fails again later */
}

/* What a recipient is that has the message, by who says so. */
static enum rcpt_status
done_status(const struct message *m, size_t i, const struct verdict *v)
{
	if (!settle_wants_report(&m->env, i, REPORT_DELIVERED))
		return RCPT_DELIVERED;
	if (v->flags & OUTCOME_RELAYED)
		return RCPT_RELAYED;
	/* A host that knows DSN reports itself. */
	return v->mta[0] != '\0' || v->code != 0 ? RCPT_DELIVERED
						 : RCPT_CONFIRM;
}

static void
done(struct message *m, size_t i, const struct verdict *v)
{
	enum rcpt_status status = done_status(m, i, v);

	m->work[i] = WORK_NONE;
	spool_mark(m->q->spool, &m->env, i, status);
	m->q->counters.delivered++;
	log_outcome(m, i, "delivered", v);
	if (rcpt_status_owed((char)status))
		(void)remember(m, i, v); /* or the report says less */
}

/* The report has the words of the last answer, whoever gave it. */
static void
expire(struct message *m, size_t i, const struct verdict *v)
{
	log_event(m->env.id, "expired", "to=%s attempts=%u",
	    env_addr(&m->env, i), message_attempts(m));
	fail(m, i, v);
}

static void
tried(struct message *m, size_t i, const struct verdict *v)
{
	const struct diag *d = &v->diag;

	m->tried++;
	if (d->outcome == OUT_OK)
		done(m, i, v);
	else if (d->outcome == OUT_PERM)
		fail(m, i, v);
	else if (strcmp(d->dsn, JOB_DAMAGED) == 0 && v->code == 0) {
		m->damaged++;
		defer(m, i, v);
	} else if (expired(m))
		expire(m, i, v);
	else
		defer(m, i, v);
}

/* The report about recipient i is in the queue, or not. */
static void
reported(struct message *m, size_t i, const struct diag *d)
{
	const char *to = env_addr(&m->env, i);

	if (d->outcome != OUT_OK) {
		unreported(m, i, d);
		return;
	}
	m->work[i] = WORK_NONE;
	message_forget_words(m, i);
	if (m->round == ROUND_FAILED) {
		spool_mark(m->q->spool, &m->env, i, RCPT_BOUNCED);
		m->q->counters.bounced++;
		log_event(m->env.id, "bounced", "to=%s", to);
	} else if (m->round == ROUND_DONE) {
		spool_mark(m->q->spool, &m->env, i, RCPT_DELIVERED);
		log_event(m->env.id, "confirmed", "to=%s", to);
	} else {
		m->env.state.warned = true;
		log_event(m->env.id, "warned", "to=%s", to);
	}
}

/*
 * Nobody of that name has turned out to be here: who gets the mail of those, if
 * the address was not for that mailbox alone.  NULL: nobody.
 */
static const char *
catch_all(const struct message *m, size_t i, const struct verdict *v,
    struct resolved *r)
{
	struct settings *s = &m->q->settings;
	char way = env_via(&m->env, i)[0];
	struct address a;

	if ((v->flags & VERDICT_NO_USER) == 0 || m->round != ROUND_DELIVER ||
	    (way != '\0' && way != VIA_FORWARDED) ||
	    address_parse(env_addr(&m->env, i), &a) != ADDRESS_OK)
		return NULL;
	resolve_address(s->tables, &a, s->mail_name, r);
	return resolve_unfound(r);
}

static void
judge(struct message *m, size_t i, const struct verdict *v)
{
	if (v->diag.outcome == OUT_OK)
		m->entry->crashes = 0; /* it can be told from the guilty */
	if (m->round != ROUND_DELIVER)
		reported(m, i, &v->diag);
	else
		tried(m, i, v);
	close_one(m);
}

void
message_verdict(struct message *m, size_t i, const struct verdict *v)
{
	struct verdict refused = { .diag = DIAG_INIT };
	struct expand_list list = { .user = false };
	struct resolved r;
	const char *error;

	list.members = catch_all(m, i, v, &r);
	if (list.members == NULL)
		judge(m, i, v);
	else if ((error = members_refusal(list.members)) == NULL)
		message_forward(m, i, &list);
	else {
		(void)route_refused(error, &refused.diag);
		judge(m, i, &refused);
	}
}

void
message_outcome(struct message *m, size_t i, const struct diag *d)
{
	struct verdict v = { .diag = *d };

	message_verdict(m, i, &v);
}

void
message_forward(struct message *m, size_t i, const struct expand_list *list)
{
	struct diag d = DIAG_INIT;

	if (!readdress(m, i, list, &d))
		message_outcome(m, i, &d);
}

void
message_passed_on(struct message *m, size_t i, bool delivered)
{
	enum rcpt_status status = RCPT_DELIVERED;

	m->tried++;
	m->work[i] = WORK_NONE;
	m->entry->crashes = 0;
	if (delivered && settle_wants_report(&m->env, i, REPORT_DELIVERED))
		status = RCPT_CONFIRM;
	spool_mark(m->q->spool, &m->env, i, status);
	log_event(m->env.id, "passed-on", "to=%s", env_addr(&m->env, i));
	close_one(m);
}

void
message_lost(struct message *m, size_t i, int64_t wait)
{
	struct verdict v = { .diag = DIAG_INIT };

	(void)diag_set(&v.diag, "4.3.0", "The agent ended without an answer");
	m->lost = true;
	if (m->soon < wait)
		m->soon = wait;
	if (m->round == ROUND_DELIVER)
		defer(m, i, &v);
	else
		unreported(m, i, &v.diag);
	close_one(m);
}

void
message_untried(struct message *m, size_t i)
{
	m->work[i] = WORK_NONE;
	message_forget_words(m, i);
	close_one(m);
}

void
message_moved(struct message *m, size_t i)
{
	m->moved = true;
	message_untried(m, i);
}

/* Recipient i to the pool that delivers to it; false with what is wrong. */
static bool
give(struct message *m, size_t i, struct diag *d)
{
	const struct route_ask q = route_ask(&m->env, i);
	struct settings *s = &m->q->settings;
	struct route route;

	if (route_find(s->tables, s->mail_name, &q, &route, d) != OUT_OK)
		return false;
	if (route.alias)
		return readdress(m, i, NULL, d);
	if (pool_give(m, i, &route))
		return true;
	(void)diag_set(d, "4.3.0", "Out of memory");
	return false;
}

/* By a clock that nobody sets. */
static uint32_t
missed(const struct message *m)
{
	int64_t waited = deadline_now() - m->entry->due;

	if (m->entry->due <= 0 || waited <= 0)
		return 0;
	return retry_missed(
	    &m->q->settings.retry, m->env.state.attempts, waited);
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

static bool
alloc_rcpts(struct message *m, size_t n)
{
	m->work = calloc(n + 1, sizeof(*m->work));
	m->words = calloc(n + 1, sizeof(struct verdict *));
	if (m->work != NULL && m->words != NULL)
		return true;
	free(m->work);
	free(m->words);
	return false;
}

bool
message_start(struct queue *q, struct entry *entry, struct envelope *e,
    const struct spool_content *c)
{
	struct message *m = calloc(1, sizeof(*m));
	struct diag d;

	if (m == NULL || !alloc_rcpts(m, e->nrcpt)) {
		free(m);
		return false;
	}
	m->q = q;
	m->entry = entry;
	m->env = *e;
	m->content = *c;
	m->last.diag = (struct diag)DIAG_INIT;
	RB_INIT(&m->groups);
	m->missed = missed(m);
	m->look = entry->look;
	entry->look = false;
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
