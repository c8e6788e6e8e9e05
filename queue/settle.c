/*
 * settle: what the outcomes of an attempt mean for the message.  In queued,
 * as postrider.
 */
#include <string.h>
#include <time.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "common/log.h"
#include "common/msg_intake.h"
#include "queue/dispatch.h"
#include "queue/pool.h"
#include "queue/route.h"
#include "queue/settle.h"

#define REMOVE_AGAIN 60000 /* ms until a file that would not go is tried */

enum settle_answer
settle_decide(const struct settle_facts *f)
{
	if (f->forget)
		return SETTLE_FORGET;
	if (f->drop)
		return SETTLE_DROP;
	if (f->failed > 0)
		return SETTLE_REPORT;
	if (f->pending == 0)
		return SETTLE_REMOVE;
	if (f->damaged > 0 && f->damaged == f->tried)
		return SETTLE_SET_ASIDE;
	if (f->crashes >= f->crashes_most)
		return SETTLE_SUSPECT;
	if (f->hold)
		return SETTLE_HOLD;
	return f->lost || f->tried == 0 ? SETTLE_SOON : SETTLE_WAIT;
}

bool
settle_wants_report(const char *sender, uint32_t notify)
{
	if (sender[0] == '\0')
		return false;
	return notify == 0 || (notify & DSN_FAILURE) != 0;
}

/* Failures that nobody is told of are done with here. */
static size_t
drop_unreported(struct message *m)
{
	struct failure *f, *next;
	size_t left = 0;

	STAILQ_FOREACH_SAFE(f, &m->failures, link, next)
	{
		if (settle_wants_report(
			m->env.sender, m->env.rcpts[f->index].notify)) {
			left++;
			continue;
		}
		STAILQ_REMOVE(&m->failures, f, failure, link);
		m->work[f->index] = WORK_NONE;
		spool_mark(m->q->spool, &m->env, f->index, RCPT_DROPPED);
		m->q->counters.dropped++;
		log_event(m->env.id, "dropped", "to=%s dsn=%s reason=%s",
		    env_addr(&m->env, f->index), f->verdict.diag.dsn,
		    m->env.sender[0] == '\0' ? "null-sender" : "notify");
		free(f);
	}
	return left;
}

static void
drop_all(struct message *m)
{
	for (size_t i = 0; i < m->env.nrcpt; i++)
		if (m->env.rcpts[i].status == RCPT_QUEUED) {
			spool_mark(m->q->spool, &m->env, i, RCPT_DROPPED);
			m->q->counters.dropped++;
			log_event(m->env.id, "dropped",
			    "to=%s reason=administrator", env_addr(&m->env, i));
		}
}

/* The failures to the bounce agents; settle() comes again afterwards. */
static void
report(struct message *m)
{
	struct diag d = DIAG_INIT;
	struct failure *f;

	m->reporting = true;
	m->open = 1;
	STAILQ_FOREACH(f, &m->failures, link)
	{
		m->work[f->index] = WORK_OPEN;
		m->open++;
	}
	STAILQ_FOREACH(f, &m->failures, link)
	{
		if (pool_give_report(m, f->index))
			continue;
		(void)diag_set(&d, "4.3.0", "Out of memory");
		message_outcome(m, f->index, &d);
	}
	pool_given(m);
	if (--m->open == 0)
		settle(m);
}

static void
forget_failures(struct message *m)
{
	struct failure *f;

	while ((f = STAILQ_FIRST(&m->failures)) != NULL) {
		STAILQ_REMOVE_HEAD(&m->failures, link);
		free(f);
	}
}

static void
put_state(struct message *m)
{
	struct envelope_state *st = &m->env.state;

	if (m->last.outcome != OUT_OK) {
		/* A text that is too long for it is cut. */
		strlcpy(st->reason, m->last.dsn, sizeof(st->reason));
		strlcat(st->reason, " ", sizeof(st->reason));
		strlcat(st->reason, m->last.text, sizeof(st->reason));
	}
	spool_put_state(m->q->spool, &m->env);
}

static void
wait_again(struct message *m)
{
	const struct retry_policy *p = &m->q->settings.retry;
	int64_t age = retry_age(m->env.arrival / 1000000, time(NULL));
	int64_t wait;

	if (m->env.state.attempts < ENVELOPE_ATTEMPTS_MAX)
		m->env.state.attempts++;
	wait = retry_wait_ms(p, m->env.state.attempts, age, arc4random());
	put_state(m);
	schedule_wait(m->q->schedule, m->entry, deadline_now() + wait);
}

static void
hold(struct message *m)
{
	m->env.state.held = true;
	put_state(m);
	schedule_hold(m->q->schedule, m->entry);
}

static void
gone(struct message *m)
{
	if (spool_remove(m->q->spool, m->env.id)) {
		log_event(m->env.id, "removed", "attempts=%u",
		    m->env.state.attempts + 1);
		schedule_remove(m->q->schedule, m->entry);
	} else
		schedule_wait(
		    m->q->schedule, m->entry, deadline_now() + REMOVE_AGAIN);
}

static void
set_aside(struct message *m)
{
	struct spool_fault f = { "content with the checksum of the trailer",
		"another, says every agent" };

	spool_set_aside(m->q->spool, m->env.id, &f);
	schedule_remove(m->q->schedule, m->entry);
}

static void
suspect(struct message *m)
{
	log_error(m->env.id,
	    "wanted=outcome found=none agents-lost=%u action=held",
	    m->entry->crashes);
	m->entry->crashes = 0;
	hold(m);
}

static void
act(struct message *m, enum settle_answer answer)
{
	switch (answer) {
	case SETTLE_FORGET:
		(void)spool_remove(m->q->spool, m->env.id); /* in no file */
		schedule_remove(m->q->schedule, m->entry);
		break;
	case SETTLE_DROP:
		drop_all(m);
		gone(m);
		break;
	case SETTLE_REMOVE:
		gone(m);
		break;
	case SETTLE_SET_ASIDE:
		set_aside(m);
		break;
	case SETTLE_SUSPECT:
		suspect(m);
		break;
	case SETTLE_HOLD:
		hold(m);
		break;
	case SETTLE_SOON:
		schedule_wait(
		    m->q->schedule, m->entry, deadline_now() + m->soon);
		break;
	default:
		wait_again(m);
		break;
	}
}

void
settle(struct message *m)
{
	struct settle_facts f = { .forget = m->entry->forget,
		.drop = m->entry->drop,
		.hold = m->entry->hold,
		.tried = m->tried,
		.damaged = m->damaged,
		.lost = m->lost,
		.crashes = m->entry->crashes,
		.crashes_most = (uint32_t)m->q->settings.crashes };
	enum settle_answer answer;

	if (m->reporting)
		forget_failures(m); /* told, or failing again next time */
	f.failed = drop_unreported(m);
	f.pending = env_pending(&m->env);
	answer = settle_decide(&f);
	if (answer == SETTLE_REPORT) {
		report(m);
		return;
	}
	m->entry->hold = m->entry->drop = false;
	schedule_aim(m->q->schedule, m->entry,
	    route_destination(
		m->q->settings.tables, m->q->settings.mail_name, &m->env),
	    f.pending == 1);
	act(m, answer);
	dispatch_finished(m->q->dispatch, m);
}
