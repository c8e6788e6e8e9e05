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
	if (f->owed > 0)
		return SETTLE_CONFIRM;
	if (f->pending == 0)
		return SETTLE_REMOVE;
	if (f->damaged > 0 && f->damaged == f->tried)
		return SETTLE_SET_ASIDE;
	if (f->crashes >= f->crashes_most)
		return SETTLE_SUSPECT;
	if (f->hold)
		return SETTLE_HOLD;
	if (f->lost || f->tried == 0)
		return SETTLE_SOON;
	return f->late > 0 ? SETTLE_WARN : SETTLE_WAIT;
}

bool
settle_wants_report(const struct envelope *e, size_t i, uint32_t report)
{
	uint32_t notify = e->rcpts[i].notify;

	if (e->sender[0] == '\0')
		return report == REPORT_FAILED && (e->flags & INTAKE_REPORT);
	if (notify == 0)
		notify = DSN_FAILURE | DSN_DELAY;
	else if (notify & DSN_NEVER)
		return false;
	if (report == REPORT_FAILED)
		return (notify & DSN_FAILURE) != 0;
	if (report == REPORT_DELAYED)
		return (notify & DSN_DELAY) != 0;
	return (notify & DSN_SUCCESS) != 0;
}

/* A failure that nobody is told of is done with here. */
static void
drop_unreported(struct message *m, size_t i)
{
	m->work[i] = WORK_NONE;
	spool_mark(m->q->spool, &m->env, i, RCPT_DROPPED);
	m->q->counters.dropped++;
	log_event(m->env.id, "dropped", "to=%s dsn=%s reason=%s",
	    env_addr(&m->env, i), m->words[i]->diag.dsn,
	    m->env.sender[0] == '\0' ? "null-sender" : "notify");
	message_forget_words(m, i);
}

static size_t
count_failed(struct message *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->env.nrcpt; i++) {
		if (m->work[i] != WORK_FAILED)
			continue;
		if (settle_wants_report(&m->env, i, REPORT_FAILED))
			n++;
		else
			drop_unreported(m, i);
	}
	return n;
}

/* Whether recipient i is one of a round of reports. */
static bool
belongs(const struct message *m, size_t i, enum round round)
{
	const struct rcpt *r = &m->env.rcpts[i];

	switch (round) {
	case ROUND_FAILED:
		return m->work[i] == WORK_FAILED;
	case ROUND_DONE:
		return rcpt_status_owed(r->status);
	case ROUND_DELAYED:
		/* There are words only of those who want to be warned. */
		return r->status == RCPT_QUEUED && m->words[i] != NULL;
	default:
		return false;
	}
}

/* How many there are for a round, if it is still to come. */
static size_t
count_round(const struct message *m, enum round round)
{
	size_t n = 0;

	if (m->round >= round ||
	    (round == ROUND_DELAYED && !message_is_late(m)))
		return 0;
	for (size_t i = 0; i < m->env.nrcpt; i++)
		n += belongs(m, i, round);
	return n;
}

void
settle_log_drop(const struct envelope *e, size_t i)
{
	char status = e->rcpts[i].status;

	if (status == RCPT_QUEUED)
		log_event(e->id, "dropped", "to=%s reason=administrator",
		    env_addr(e, i));
	else if (rcpt_status_owed(status))
		log_event(e->id, "unreported", "to=%s reason=administrator",
		    env_addr(e, i));
}

static void
drop_all(struct message *m)
{
	for (size_t i = 0; i < m->env.nrcpt; i++) {
		settle_log_drop(&m->env, i);
		if (m->env.rcpts[i].status != RCPT_QUEUED)
			continue;
		spool_mark(m->q->spool, &m->env, i, RCPT_DROPPED);
		m->q->counters.dropped++;
	}
}

/* A round of bounce agents; settle() comes again afterwards. */
static void
report(struct message *m, enum round round)
{
	struct diag d = DIAG_INIT;

	m->open = 1;
	for (size_t i = 0; i < m->env.nrcpt; i++) {
		if (!belongs(m, i, round))
			continue;
		m->work[i] = WORK_OPEN;
		m->open++;
	}
	m->round = round;
	(void)diag_set(&d, "4.3.0", "Out of memory");
	for (size_t i = 0; i < m->env.nrcpt; i++)
		if (m->work[i] == WORK_OPEN && !pool_give_report(m, i))
			message_outcome(m, i, &d);
	pool_given(m);
	if (--m->open == 0)
		settle(m);
}

static void
put_state(struct message *m)
{
	struct envelope_state *st = &m->env.state;

	if (m->last.diag.outcome != OUT_OK) {
		/* A text that is too long for it is cut. */
		strlcpy(st->reason, m->last.diag.dsn, sizeof(st->reason));
		strlcat(st->reason, " ", sizeof(st->reason));
		/* Words of ours say themselves which host it was. */
		if (m->last.code != 0 && m->last.mta[0] != '\0') {
			strlcat(st->reason, m->last.mta, sizeof(st->reason));
			strlcat(st->reason, ": ", sizeof(st->reason));
		}
		strlcat(st->reason, m->last.diag.text, sizeof(st->reason));
		strlcat(st->reason, message_untried_text(&m->last),
		    sizeof(st->reason));
	}
	spool_put_state(m->q->spool, &m->env);
}

static void
wait_again(struct message *m)
{
	const struct retry_policy *p = &m->q->settings.retry;
	int64_t age = retry_age(m->env.arrival / 1000000, time(NULL));
	int64_t wait;

	m->env.state.attempts = message_attempts(m);
	/* What we do not have now, we have again soon. */
	wait = retry_wait_ms(
	    p, m->ours ? 1 : m->env.state.attempts, age, arc4random());
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

/* The round of reports that the answer is, or ROUND_DELIVER. */
static enum round
report_round(enum settle_answer answer)
{
	switch (answer) {
	case SETTLE_REPORT:
		return ROUND_FAILED;
	case SETTLE_CONFIRM:
		return ROUND_DONE;
	case SETTLE_WARN:
		return ROUND_DELAYED;
	default:
		return ROUND_DELIVER;
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
		.lost = m->lost || m->moved,
		.crashes = m->entry->crashes,
		.crashes_most = (uint32_t)m->q->settings.crashes };
	enum settle_answer answer;
	struct route_aim aim;

	f.failed = count_failed(m);
	f.owed = count_round(m, ROUND_DONE);
	f.late = count_round(m, ROUND_DELAYED);
	f.pending = env_pending(&m->env);
	answer = settle_decide(&f);
	if (report_round(answer) != ROUND_DELIVER) {
		report(m, report_round(answer));
		return;
	}
	m->entry->hold = m->entry->drop = false;
	aim = route_destination(
	    m->q->settings.tables, m->q->settings.mail_name, &m->env);
	schedule_aim(m->q->schedule, m->entry, aim.dest, aim.only);
	act(m, answer);
	dispatch_finished(m->q->dispatch, m);
}
